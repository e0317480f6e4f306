// The warning that the channel has a recent meeting. Only its reader sees it.
//
// It is one card with the title, the host, and the start of the existing meeting. "Start a new meeting" uses the
// topic that the reader asked for.
import React from 'react';

import type {Post} from '../mattermost';
import type {Meeting} from '../meeting';
import {useObservable} from '../observable';
import type {Starter} from '../meeting-starter';
import {Card, Details, type Fact} from './Card';
import {Markdown} from './Markdown';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {Spinner} from './icons';
import {type Say, useTime} from './useText';

function Actions({
    say,
    post,
    meeting,
    starter,
}: {
    say: Say;
    post: Post;
    meeting: Meeting;
    starter: Starter;
}) {
    const link = useSafeLink(starter, meeting.link);
    const state = useObservable(starter.forced)[post.id];
    const status = React.useRef<HTMLSpanElement>(null);
    const clicked = React.useRef(false);
    React.useEffect(() => {
        // The clicked button is gone, and the focus with it.
        if (state === 'done' && clicked.current && document.activeElement === document.body) {
            status.current?.focus();
        }
    }, [state]);
    const startNew = () => {
        clicked.current = true;
        void starter.startNew(post, meeting.requestedTopic);
    };
    return (
        <div className="zoom-actions">
            {link && <MeetingLink say={say} link={link} label={say('joinExisting')} />}
            {state !== 'done' && (
                // `disabled` would move the focus away from the button.
                <button
                    type="button"
                    className={`btn ${link ? 'btn-tertiary' : 'btn-primary'} zoom-button`}
                    aria-disabled={state === 'busy'}
                    onClick={startNew}
                >
                    {state === 'busy' && <Spinner />}
                    {say('startNew')}
                </button>
            )}
            <span ref={status} role="status" tabIndex={-1}>
                {state === 'done' && say('startedNew')}
            </span>
        </div>
    );
}

/** The warning. */
export function RecentMeeting({
    say,
    post,
    meeting,
    host,
    starter,
}: {
    say: Say;
    post: Post;
    meeting: Meeting;
    /** The host of the existing meeting, for example "@ada"; empty if unknown. */
    host: string;
    starter: Starter;
}) {
    const time = useTime();
    const link = useSafeLink(starter, meeting.link);
    const {provider, start, topic} = meeting;
    const facts: Fact[] = [];
    if (host !== '') {
        // A mention, so that a click shows the profile.
        facts.push({name: say('host'), value: <Markdown text={host} singleline={true} />});
    }
    if (start !== 0) {
        facts.push({name: say('started'), value: time(start)});
    }
    // Without a topic, the title names the provider.
    if (topic !== '' && provider !== 'Zoom' && provider !== '') {
        facts.push({name: say('provider'), value: provider});
    }
    return (
        <>
            <div className="zoom-pretext">{say(link ? 'recent' : 'recentWithoutLink')}</div>
            <Card say={say} meeting={meeting}>
                {facts.length > 0 && <Details say={say} facts={facts} />}
                <Actions say={say} post={post} meeting={meeting} starter={starter} />
            </Card>
        </>
    );
}
