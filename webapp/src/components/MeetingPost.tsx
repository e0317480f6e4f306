// A post about a meeting: `custom_zoom`.
//
// Any member can write such a post. `meeting.ts` checks its properties, `links.ts` its link.
import type {Post} from '@mattermost/types/posts';
import type {UserProfile} from '@mattermost/types/users';
import React from 'react';
import {useSelector} from 'react-redux';

import {type MessageKey, useT} from '../i18n';
import {cardMessages} from '../i18n/stored-messages';
import type {PostProps, State} from '../mattermost';
import type {MeetingStarter} from '../meeting-starter';
import {
    type Meeting,
    type Status,
    durationMinutes,
    groupMeetingId,
    readHost,
    readNamedHost,
    readMeeting,
} from '../meeting';
import {Card, type Detail, MeetingDetails, hostDetail} from './Card';
import {CopyLink} from './CopyLink';
import {ErrorBoundary} from './ErrorBoundary';
import {Markdown} from './Markdown';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {RecentMeeting} from './RecentMeeting';
import {useTimeFormat} from './useTimeFormat';

/** Whether a bot wrote the post for a person and names the person. */
function isForPerson(post: Post): boolean {
    // The Go plugin wrote a boolean in some versions and a text in others.
    return post.props?.from_bot === 'true' || post.props?.from_bot === true;
}

/**
 * The text above the card. The plugin's own messages are shown in the reader's language. A message that a person
 * wrote is not changed.
 */
function Introduction({
    post,
    meeting,
    author,
}: {
    post: Post;
    meeting: Meeting;
    author: UserProfile | undefined;
}) {
    const t = useT();
    const storedMessage = cardMessages.get(post.message);
    const isBot = author?.is_bot === true;
    const isOurs = isBot || storedMessage !== undefined || post.message === '';
    if (meeting.status === undefined || meeting.provider !== 'Zoom' || !isOurs) {
        return <Markdown text={post.message} />;
    }
    if (meeting.status === 'ENDED') {
        return <>{t('hasEnded')}</>;
    }
    if (meeting.status === 'NOT_STARTED') {
        return <>{t('notStarted')}</>;
    }
    const user = isForPerson(post) ? readNamedHost(post, author) : '';
    if (user !== '') {
        return <Markdown text={t('hasStarted', {user})} />;
    }
    const key = isBot || storedMessage === 'meetingStarted' ? 'meetingStarted' : 'haveStarted';
    return <>{t(key)}</>;
}

/** The status of a stored post with a card. */
type CardStatus = Exclude<Status, 'RECENTLY_CREATED'>;

const STATUS_KEYS = {
    STARTED: 'statusInProgress',
    ENDED: 'statusEnded',
    NOT_STARTED: 'statusNotStarted',
} as const satisfies Record<CardStatus, MessageKey>;

/** The status. An ended meeting also has its times and its duration, in one line. */
function StatusLine({status, post, meeting}: {status: CardStatus; post: Post; meeting: Meeting}) {
    const t = useT();
    const format = useTimeFormat();
    const parts = [t(STATUS_KEYS[status])];
    if (status === 'ENDED') {
        const start = meeting.start || post.create_at;
        const end = meeting.end || post.update_at;
        parts.push(format.range(start, end), t('minutes', {count: durationMinutes(start, end)}));
    }
    const isInProgress = status === 'STARTED';
    return (
        <div className="zoom-status" aria-live="polite">
            <span
                className={isInProgress ? 'zoom-dot zoom-dot-active' : 'zoom-dot'}
                aria-hidden="true"
            />
            {parts.join(' · ')}
        </div>
    );
}

/** The host, the start of a meeting in progress, and the meeting ID. */
function Details({post, meeting, host}: {post: Post; meeting: Meeting; host: string}) {
    const t = useT();
    const format = useTimeFormat();
    const details: Detail[] = [];
    if (host !== '') {
        details.push(hostDetail(t, host));
    }
    if (meeting.status === 'STARTED') {
        details.push({label: t('started'), value: format.time(meeting.start || post.create_at)});
    }
    if (meeting.id !== '') {
        const label = t(meeting.isPersonal ? 'personalMeetingId' : 'meetingId');
        const id = <span className="zoom-number">{groupMeetingId(meeting.id)}</span>;
        details.push({label, value: id});
    }
    return details.length > 0 ? <MeetingDetails details={details} /> : null;
}

function StartedMeeting({meeting, starter}: {meeting: Meeting; starter: MeetingStarter}) {
    const t = useT();
    const link = useSafeLink(starter.api, meeting.link);
    return link ? (
        <div className="zoom-actions">
            <MeetingLink link={link} label={t('join')} />
            <CopyLink url={link.href} starter={starter} />
        </div>
    ) : (
        <div className="zoom-note">{t('unsafeLink')}</div>
    );
}

function MeetingOrMessage({post, starter}: {post: Post; starter: MeetingStarter}) {
    const t = useT();
    const author = useSelector((state: State) => state.entities?.users?.profiles?.[post.user_id]);
    const meeting = readMeeting(post);
    const {status} = meeting;
    if (status === 'RECENTLY_CREATED') {
        const host = readNamedHost(post, author);
        return <RecentMeeting post={post} meeting={meeting} host={host} starter={starter} />;
    }
    return (
        <>
            <div className="zoom-pretext">
                <Introduction post={post} meeting={meeting} author={author} />
            </div>
            {status && (
                <Card meeting={meeting}>
                    <StatusLine status={status} post={post} meeting={meeting} />
                    <Details post={post} meeting={meeting} host={readHost(post, author)} />
                    {status === 'STARTED' && <StartedMeeting meeting={meeting} starter={starter} />}
                    {status === 'NOT_STARTED' && (
                        <div className="zoom-note">{t('noStartReported')}</div>
                    )}
                </Card>
            )}
        </>
    );
}

/**
 * In the compact display, the client does not say that an ephemeral post is visible only to its reader if a plugin
 * renders the post.
 */
function Visibility() {
    const t = useT();
    return <div className="zoom-visibility">{t('onlyVisibleToYou')}</div>;
}

/** A post about a meeting. */
export function MeetingPost({
    post,
    compactDisplay,
    starter,
}: PostProps & {starter: MeetingStarter}) {
    return (
        <ErrorBoundary fallback={post.message}>
            {compactDisplay && post.type === 'system_ephemeral' && <Visibility />}
            <MeetingOrMessage post={post} starter={starter} />
        </ErrorBoundary>
    );
}
