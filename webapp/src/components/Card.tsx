import React from 'react';

import type {Meeting} from '../meeting';
import {Markdown} from './Markdown';
import type {Say} from './useText';

let cards = 0;

/** The name of a meeting without a topic. */
function untitled(say: Say, provider: string): string {
    switch (provider) {
        case 'Zoom':
            return say('zoomMeeting');
        case '':
            return say('meeting');
        default:
            return say('otherMeeting', {provider});
    }
}

/** A frame with the title of a meeting, which is also its accessible name. */
export function Card({
    say,
    meeting,
    children,
}: {
    say: Say;
    meeting: Meeting;
    children: React.ReactNode;
}) {
    // The same post can be on the page several times: in the channel, in its thread, in search results.
    const [id] = React.useState(() => `zoom-title-${(cards += 1)}`);
    const idle = meeting.status === 'NOT_STARTED';
    return (
        <div
            className={idle ? 'zoom-card zoom-card-idle' : 'zoom-card'}
            role="group"
            aria-labelledby={id}
        >
            <h3 className="zoom-title" id={id}>
                {meeting.topic === '' ? (
                    untitled(say, meeting.provider)
                ) : (
                    <Markdown text={meeting.topic} singleline={true} />
                )}
            </h3>
            {children}
        </div>
    );
}

/** A fact about a meeting, with its name. */
export interface Fact {
    name: string;
    value: React.ReactNode;
}

/** A list of facts. */
export function Details({say, facts}: {say: Say; facts: readonly Fact[]}) {
    return (
        <dl className="zoom-details" aria-label={say('details')}>
            {facts.map(({name, value}) => (
                <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                </div>
            ))}
        </dl>
    );
}
