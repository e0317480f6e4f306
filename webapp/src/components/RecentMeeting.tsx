// The warning that the channel has a recent meeting. Only its reader sees the warning.
//
// It is one card with the title, the host, and the start of the existing meeting. "Start a new meeting" uses the
// topic that the reader asked for.
import type {Post} from '@mattermost/types/posts';
import React from 'react';
import {useSelector} from 'react-redux';

import {useT} from '../i18n';
import type {State} from '../mattermost';
import type {MeetingStarter} from '../meeting-starter';
import type {Meeting} from '../meeting';
import {selectNewMeeting} from '../state';
import {Card, type Detail, MeetingDetails, hostDetail} from './Card';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {Spinner} from './icons';
import {useTimeFormat} from './useTimeFormat';

function Actions({
    post,
    meeting,
    starter,
}: {
    post: Post;
    meeting: Meeting;
    starter: MeetingStarter;
}) {
    const t = useT();
    const link = useSafeLink(starter.api, meeting.link);
    const status = useSelector((state: State) => selectNewMeeting(state, post.id));
    const result = React.useRef<HTMLSpanElement>(null);
    const wasClicked = React.useRef(false);
    React.useEffect(() => {
        // The clicked button is gone, and the focus with it.
        if (
            status === 'started' &&
            wasClicked.current &&
            document.activeElement === document.body
        ) {
            result.current?.focus();
        }
    }, [status]);
    const startNewMeeting = () => {
        wasClicked.current = true;
        void starter.startNewMeeting(post, meeting.requestedTopic);
    };
    return (
        <div className="zoom-actions">
            {link && <MeetingLink link={link} label={t('joinExisting')} />}
            {status !== 'started' && (
                // `disabled` would move the focus away from the button.
                <button
                    type="button"
                    className={`btn ${link ? 'btn-tertiary' : 'btn-primary'} zoom-button`}
                    aria-disabled={status === 'starting'}
                    onClick={startNewMeeting}
                >
                    {status === 'starting' && <Spinner />}
                    {t('startNew')}
                </button>
            )}
            <span ref={result} role="status" tabIndex={-1}>
                {status === 'started' && t('startedNew')}
            </span>
        </div>
    );
}

/** The warning. */
export function RecentMeeting({
    post,
    meeting,
    host,
    starter,
}: {
    post: Post;
    meeting: Meeting;
    /** The host of the existing meeting, for example "@ada"; empty if unknown. */
    host: string;
    starter: MeetingStarter;
}) {
    const t = useT();
    const format = useTimeFormat();
    const link = useSafeLink(starter.api, meeting.link);
    const {provider, start, topic} = meeting;
    const details: Detail[] = [];
    if (host !== '') {
        details.push(hostDetail(t, host));
    }
    if (start !== 0) {
        details.push({label: t('started'), value: format.time(start)});
    }
    // Without a topic, the title names the provider.
    if (topic !== '' && provider !== 'Zoom' && provider !== '') {
        details.push({label: t('provider'), value: provider});
    }
    return (
        <>
            <div className="zoom-pretext">{t(link ? 'recent' : 'recentWithoutLink')}</div>
            <Card meeting={meeting}>
                {details.length > 0 && <MeetingDetails details={details} />}
                <Actions post={post} meeting={meeting} starter={starter} />
            </Card>
        </>
    );
}
