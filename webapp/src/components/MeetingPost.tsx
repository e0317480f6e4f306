// A post about a meeting: `custom_zoom`.
//
// All that it shows comes from the post's properties, which anybody can write. So everything is text
// until it has proved to be more, and links are followed only where `links.ts` allows it.
import React from 'react';

import type {Json, Post, PostProps} from '../host';
import {useObservable} from '../observable';
import type {Starter} from '../starter';
import {Markdown} from './Markdown';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {Safely} from './Safely';
import {Spinner} from './icons';
import {type Say, useText, useTimes} from './useText';

/** What the plugin writes in its posts, in the language of whoever reads them. */
const OWN_MESSAGES = new Set(['', 'I have started a meeting']);
const OWN_ENDING = new Set(['', 'The meeting has ended.']);

function asText(value: Json): string {
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** The latest moment that a date can be; formatting a later one throws. */
const LATEST = 8.64e15;

function asTime(value: Json): number {
    return typeof value === 'number' && value > 0 && value <= LATEST ? value : 0;
}

/** The minutes that were begun; none for what ended before it began. */
export function begunMinutes(startMs: number, endMs: number): number {
    return Math.max(0, Math.ceil((endMs - startMs) / 60_000)) || 0;
}

/** A name as Mattermost gives them; anything else would be formatted, and say what its writer wants. */
function userOf(say: Say, post: Post): string {
    const name = asText(post.props?.meeting_creator_username);
    return /^[a-z0-9._-]+$/.test(name) ? `@${name}` : say('someone');
}

function preText(say: Say, post: Post): string {
    const props = post.props ?? {};
    const user = userOf(say, post);
    const ended = props.meeting_status === 'ENDED';
    if (asText(props.from_bot) === 'true') {
        return ended ? say('hasEnded') : say('hasStarted', {user});
    }
    if (ended) {
        return OWN_ENDING.has(post.message) ? say('hasEnded') : post.message;
    }
    return OWN_MESSAGES.has(post.message) ? say('haveStarted') : post.message;
}

let cards = 0;

/** A frame with a title, known to a screen reader by it. */
function Card({say, post, children}: {say: Say; post: Post; children: React.ReactNode}) {
    // A post may stand in the page more than once: in the channel, in its thread, in a search.
    const [id] = React.useState(() => `zoom-title-${(cards += 1)}`);
    const topic = asText(post.props?.meeting_topic) || say('title');
    return (
        <div className="zoom-card" role="group" aria-labelledby={id}>
            <h3 className="zoom-title" id={id}>
                <Markdown text={topic} singleline={true} />
            </h3>
            {children}
        </div>
    );
}

/** Whether it goes on, and its number. One line, for a channel may show hundreds of these at once. */
function Facts({say, post, ended}: {say: Say; post: Post; ended: boolean}) {
    const id = asText(post.props?.meeting_id);
    const key = post.props?.meeting_personal === true ? 'personalId' : 'meetingId';
    return (
        <p className="zoom-facts" aria-live="polite">
            <span className={ended ? 'zoom-dot' : 'zoom-dot zoom-dot-on'} aria-hidden="true">
                {'● '}
            </span>
            {say(ended ? 'ended' : 'inProgress')}
            {/^\d{1,20}$/.test(id) && ` · ${say(key, {id})}`}
        </p>
    );
}

function Started({say, post, starter}: {say: Say; post: Post; starter: Starter}) {
    const link = useSafeLink(starter, post.props?.meeting_link);
    return link ? (
        <MeetingLink say={say} link={link} label={say('join')} />
    ) : (
        <span className="zoom-foreign">{say('unsafeLink')}</span>
    );
}

function Ended({say, post}: {say: Say; post: Post}) {
    const times = useTimes();
    const start = asTime(post.props?.meeting_start_time) || post.create_at;
    const end = asTime(post.props?.meeting_end_time) || post.update_at;
    return (
        <dl className="zoom-summary" aria-label={say('summary')}>
            <div>
                <dt>{say('date')}</dt>
                <dd>{times.moment(start)}</dd>
            </div>
            <div>
                <dt>{say('length')}</dt>
                <dd>{times.minutes(begunMinutes(start, end))}</dd>
            </div>
        </dl>
    );
}

/** The warning that somebody else has just started a meeting. Only its reader sees it. */
function RecentlyCreated({say, post, starter}: {say: Say; post: Post; starter: Starter}) {
    const link = useSafeLink(starter, post.props?.meeting_link);
    const state = useObservable(starter.anyway)[post.id];
    const status = React.useRef<HTMLSpanElement>(null);
    const clicked = React.useRef(false);
    React.useEffect(() => {
        // The button that was clicked is gone, and took the focus along.
        if (state === 'done' && clicked.current && document.activeElement === document.body) {
            status.current?.focus();
        }
    }, [state]);
    const startAnyway = () => {
        clicked.current = true;
        void starter.startAnyway(post, asText(post.props?.meeting_topic));
    };
    return (
        <div className="zoom-actions">
            {link && <MeetingLink say={say} link={link} label={say('joinExisting')} />}
            {state !== 'done' && (
                // Not disabled while it works: that would take the focus away.
                <button
                    type="button"
                    className={`btn ${link ? 'btn-tertiary' : 'btn-primary'} zoom-button`}
                    aria-disabled={state === 'busy'}
                    onClick={startAnyway}
                >
                    {state === 'busy' && <Spinner />}
                    {say('startAnyway')}
                </button>
            )}
            <span ref={status} role="status" tabIndex={-1}>
                {state === 'done' && say('startedAnyway')}
            </span>
        </div>
    );
}

function recentText(say: Say, post: Post): string {
    const provider = asText(post.props?.meeting_provider);
    const user = userOf(say, post);
    // A name, and nothing that could be formatted.
    const named = /^[\p{L}\p{N} ]{1,40}$/u.test(provider);
    return !named || provider === 'Zoom'
        ? say('recent', {user})
        : say('recentOther', {user, provider});
}

function Meeting({post, starter}: {post: Post; starter: Starter}) {
    const say = useText();
    const status = asText(post.props?.meeting_status);
    const known = status === 'STARTED' || status === 'ENDED';
    // Only the plugin can show somebody a message that nobody else sees.
    if (status === 'RECENTLY_CREATED' && post.type === 'system_ephemeral') {
        return (
            <>
                <div className="zoom-pretext">
                    <Markdown text={recentText(say, post)} />
                </div>
                <Card say={say} post={post}>
                    <RecentlyCreated say={say} post={post} starter={starter} />
                </Card>
            </>
        );
    }
    return (
        <>
            <div className="zoom-pretext">
                <Markdown text={known ? preText(say, post) : post.message} />
            </div>
            {known && (
                <Card say={say} post={post}>
                    <Facts say={say} post={post} ended={status === 'ENDED'} />
                    {status === 'STARTED' ? (
                        <Started say={say} post={post} starter={starter} />
                    ) : (
                        <Ended say={say} post={post} />
                    )}
                </Card>
            )}
        </>
    );
}

/** A post about a meeting. */
export function MeetingPost({post, starter}: PostProps & {starter: Starter}) {
    return (
        <Safely message={post.message}>
            <Meeting post={post} starter={starter} />
        </Safely>
    );
}
