// A post about a meeting: `custom_zoom`.
//
// Any member can write such a post. `meeting.ts` checks its properties, `links.ts` its link.
import React from 'react';
import {useSelector} from 'react-redux';

import type {Post, PostProps, State, User} from '../mattermost';
import {type Meeting, type Status, hostOf, meetingOf, startedMinutes} from '../meeting';
import type {Starter} from '../meeting-starter';
import type {Key} from '../i18n';
import {cardMessages} from '../i18n/stored-messages';
import {Card, Details} from './Card';
import {Markdown} from './Markdown';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {RecentMeeting} from './RecentMeeting';
import {Safely} from './ErrorBoundary';
import {type Say, useText, useTime} from './useText';

/** Whether a bot wrote the post for a person and names the person. */
function isForPerson(post: Post): boolean {
    // The Go plugin wrote a boolean in some versions and a text in others.
    return post.props?.from_bot === 'true' || post.props?.from_bot === true;
}

/**
 * The text above the card. The plugin's own messages are shown in the reader's language. A message that a person
 * wrote is shown as it is.
 */
function introduction(say: Say, post: Post, meeting: Meeting, author: User | undefined): string {
    const known = cardMessages.get(post.message);
    const isBot = author?.is_bot === true;
    if (meeting.provider !== 'Zoom' || !(isBot || known || post.message === '')) {
        return post.message;
    }
    switch (meeting.status) {
        case 'ENDED':
            return say('hasEnded');
        case 'NOT_STARTED':
            return say('notStarted');
        default: {
            const user = isForPerson(post) ? hostOf(post, author) : '';
            if (user !== '') {
                return say('hasStarted', {user});
            }
            return say(isBot || known === 'meetingStarted' ? 'meetingStarted' : 'haveStarted');
        }
    }
}

/** The states of a stored post with a card. */
type CardStatus = Exclude<Status, 'RECENTLY_CREATED'>;

const STATUS_TEXT = {
    STARTED: 'statusInProgress',
    ENDED: 'statusEnded',
    NOT_STARTED: 'statusNotStarted',
} as const satisfies Record<CardStatus, Key>;

/** The state and the number of the meeting, in one line because a channel may show hundreds of cards. */
function Facts({say, status, meeting}: {say: Say; status: CardStatus; meeting: Meeting}) {
    const isInProgress = status === 'STARTED';
    const key = meeting.personal ? 'personalMeetingId' : 'meetingId';
    return (
        <p className="zoom-facts" aria-live="polite">
            <span className={isInProgress ? 'zoom-dot zoom-dot-on' : 'zoom-dot'} aria-hidden="true">
                {'● '}
            </span>
            {say(STATUS_TEXT[status])}
            {meeting.id !== '' && ` · ${say(key, {id: meeting.id})}`}
        </p>
    );
}

function Started({say, meeting, starter}: {say: Say; meeting: Meeting; starter: Starter}) {
    const link = useSafeLink(starter, meeting.link);
    return link ? (
        <MeetingLink say={say} link={link} label={say('join')} />
    ) : (
        <span className="zoom-foreign">{say('unsafeLink')}</span>
    );
}

function Ended({say, post, meeting}: {say: Say; post: Post; meeting: Meeting}) {
    const time = useTime();
    const start = meeting.start || post.create_at;
    const end = meeting.end || post.update_at;
    return (
        <Details
            say={say}
            facts={[
                {name: say('date'), value: time(start)},
                {
                    name: say('duration'),
                    value: say('minutes', {count: startedMinutes(start, end)}),
                },
            ]}
        />
    );
}

function MeetingOrMessage({post, starter}: {post: Post; starter: Starter}) {
    const say = useText();
    const author = useSelector((state: State) => state.entities?.users?.profiles?.[post.user_id]);
    const meeting = meetingOf(post);
    const {status} = meeting;
    if (status === 'RECENTLY_CREATED') {
        const host = hostOf(post, author);
        return <RecentMeeting {...{say, post, meeting, host, starter}} />;
    }
    return (
        <>
            <div className="zoom-pretext">
                <Markdown text={status ? introduction(say, post, meeting, author) : post.message} />
            </div>
            {status && (
                <Card say={say} meeting={meeting}>
                    <Facts say={say} status={status} meeting={meeting} />
                    {status === 'STARTED' && (
                        <Started say={say} meeting={meeting} starter={starter} />
                    )}
                    {status === 'ENDED' && <Ended say={say} post={post} meeting={meeting} />}
                    {status === 'NOT_STARTED' && say('noStartReported')}
                </Card>
            )}
        </>
    );
}

/** A post about a meeting. */
export function MeetingPost({post, starter}: PostProps & {starter: Starter}) {
    return (
        <Safely message={post.message}>
            <MeetingOrMessage post={post} starter={starter} />
        </Safely>
    );
}
