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
import {type Meeting, type Status, durationMinutes, readHost, readMeeting} from '../meeting';
import {Card, MeetingDetails} from './Card';
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
    const user = isForPerson(post) ? readHost(post, author) : '';
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

/** The status and the meeting ID, in one line because a channel may show hundreds of cards. */
function StatusLine({status, meeting}: {status: CardStatus; meeting: Meeting}) {
    const t = useT();
    const isInProgress = status === 'STARTED';
    const idKey = meeting.isPersonal ? 'personalMeetingId' : 'meetingId';
    return (
        <p className="zoom-status" aria-live="polite">
            <span
                className={isInProgress ? 'zoom-dot zoom-dot-active' : 'zoom-dot'}
                aria-hidden="true"
            >
                {'● '}
            </span>
            {t(STATUS_KEYS[status])}
            {meeting.id !== '' && ` · ${t(idKey, {id: meeting.id})}`}
        </p>
    );
}

function StartedMeeting({meeting, starter}: {meeting: Meeting; starter: MeetingStarter}) {
    const t = useT();
    const link = useSafeLink(starter.api, meeting.link);
    return link ? (
        <MeetingLink link={link} label={t('join')} />
    ) : (
        <span className="zoom-link-note">{t('unsafeLink')}</span>
    );
}

function EndedMeeting({post, meeting}: {post: Post; meeting: Meeting}) {
    const t = useT();
    const formatTime = useTimeFormat();
    const start = meeting.start || post.create_at;
    const end = meeting.end || post.update_at;
    return (
        <MeetingDetails
            details={[
                {label: t('date'), value: formatTime(start)},
                {
                    label: t('duration'),
                    value: t('minutes', {count: durationMinutes(start, end)}),
                },
            ]}
        />
    );
}

function MeetingOrMessage({post, starter}: {post: Post; starter: MeetingStarter}) {
    const t = useT();
    const author = useSelector((state: State) => state.entities?.users?.profiles?.[post.user_id]);
    const meeting = readMeeting(post);
    const {status} = meeting;
    if (status === 'RECENTLY_CREATED') {
        const host = readHost(post, author);
        return <RecentMeeting post={post} meeting={meeting} host={host} starter={starter} />;
    }
    return (
        <>
            <div className="zoom-pretext">
                <Introduction post={post} meeting={meeting} author={author} />
            </div>
            {status && (
                <Card meeting={meeting}>
                    <StatusLine status={status} meeting={meeting} />
                    {status === 'STARTED' && <StartedMeeting meeting={meeting} starter={starter} />}
                    {status === 'ENDED' && <EndedMeeting post={post} meeting={meeting} />}
                    {status === 'NOT_STARTED' && t('noStartReported')}
                </Card>
            )}
        </>
    );
}

/** A post about a meeting. */
export function MeetingPost({post, starter}: PostProps & {starter: MeetingStarter}) {
    return (
        <ErrorBoundary fallback={post.message}>
            <MeetingOrMessage post={post} starter={starter} />
        </ErrorBoundary>
    );
}
