import React from 'react';

import {type Translate, useT} from '../i18n';
import type {Meeting} from '../meeting';
import {Markdown} from './Markdown';

let cardCount = 0;

/** The title of a meeting without a topic. */
function defaultTitle(t: Translate, provider: string): string {
    switch (provider) {
        case 'Zoom':
            return t('zoomMeeting');
        case '':
            return t('meeting');
        default:
            return t('otherMeeting', {provider});
    }
}

/** A frame with the title of a meeting, which is also its accessible name. */
export function Card({meeting, children}: {meeting: Meeting; children: React.ReactNode}) {
    const t = useT();
    // The same post can be on the page several times: in the channel, in its thread, in search results.
    const [titleId] = React.useState(() => `zoom-title-${(cardCount += 1)}`);
    const isOver = meeting.status === 'ENDED' || meeting.status === 'NOT_STARTED';
    return (
        <div
            className={isOver ? 'zoom-card zoom-card-over' : 'zoom-card'}
            role="group"
            aria-labelledby={titleId}
        >
            <h3 className="zoom-title" id={titleId}>
                {meeting.topic === '' ? (
                    defaultTitle(t, meeting.provider)
                ) : (
                    <Markdown text={meeting.topic} singleline={true} />
                )}
            </h3>
            {children}
        </div>
    );
}

/** A detail of a meeting, with its label. */
export interface Detail {
    label: string;
    value: React.ReactNode;
}

/** The host of a meeting, for example "@ada". */
export function hostDetail(t: Translate, host: string): Detail {
    // A mention, so that a click shows the profile.
    return {label: t('host'), value: <Markdown text={host} singleline={true} />};
}

/** The list of a meeting's details. */
export function MeetingDetails({details}: {details: readonly Detail[]}) {
    const t = useT();
    return (
        <dl className="zoom-details" aria-label={t('details')}>
            {details.map(({label, value}) => (
                <div key={label}>
                    <dt>{label}</dt>
                    <dd>{value}</dd>
                </div>
            ))}
        </dl>
    );
}
