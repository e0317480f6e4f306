// Reads the properties of a post about a meeting.
//
// Any member can write a post with any properties, so a value of the wrong kind counts as absent. Texts are not
// changed: `links.ts` decides which links are safe, and `Markdown.tsx` formats.
import type {Post} from '@mattermost/types/posts';
import type {UserProfile} from '@mattermost/types/users';

/**
 * The status of a meeting. `NOT_STARTED`: nobody joined in time; a late start changes the status back to `STARTED`.
 * `RECENTLY_CREATED`: the post is the warning that the channel has this meeting.
 */
export type Status = 'STARTED' | 'ENDED' | 'NOT_STARTED' | 'RECENTLY_CREATED';

/** A meeting, as its post describes it. An empty text and 0 mean that the property is absent. */
export interface Meeting {
    /** `undefined` for a post that has no card. */
    status: Status | undefined;
    /** Not checked: see `links.ts`. */
    link: unknown;
    /** Markdown. */
    topic: string;
    /** The topic that the reader of a warning wants for a new meeting. Markdown. */
    requestedTopic: string;
    /** The meeting ID. */
    id: string;
    /** Whether the meeting ID is a Personal Meeting ID. */
    isPersonal: boolean;
    /** "Zoom", the name of another provider, or empty if the property is not a name. */
    provider: string;
    /** Milliseconds since 1970. */
    start: number;
    /** Milliseconds since 1970. */
    end: number;
}

function asText(value: unknown): string {
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}

/** The latest time that a `Date` can hold. Formatting a later one throws. */
const LATEST = 8.64e15;

function asTime(value: unknown): number {
    return typeof value === 'number' && value > 0 && value <= LATEST ? value : 0;
}

function readStatus(post: Post): Status | undefined {
    const status = post.props?.meeting_status;
    switch (status) {
        case 'STARTED':
        case 'ENDED':
        case 'NOT_STARTED':
            return status;
        case 'RECENTLY_CREATED':
            // Only the server can create ephemeral posts. A stored post with this status is forged.
            return post.type === 'system_ephemeral' ? status : undefined;
        default:
            return undefined;
    }
}

function asProvider(value: unknown): string {
    // Posts of old versions do not name the provider.
    if (value === undefined) {
        return 'Zoom';
    }
    const name = asText(value);
    return /^[\p{L}\p{N} ]{1,40}$/u.test(name) ? name : '';
}

/** Reads the meeting of a post. */
export function readMeeting(post: Post): Meeting {
    const props = post.props ?? {};
    const status = readStatus(post);
    const topic = asText(props.meeting_topic);
    // Old versions put the requested topic of a warning where the topic of the existing meeting is now.
    const isOldWarning = status === 'RECENTLY_CREATED' && props.requested_topic === undefined;
    const id = asText(props.meeting_id);
    return {
        status,
        link: props.meeting_link,
        topic: isOldWarning ? '' : topic,
        requestedTopic: isOldWarning ? topic : asText(props.requested_topic),
        id: /^\d{1,20}$/.test(id) ? id : '',
        isPersonal: props.meeting_personal === true,
        provider: asProvider(props.meeting_provider),
        start: asTime(props.meeting_start_time),
        end: asTime(props.meeting_end_time),
    };
}

/**
 * The name of the host that a post names, for example "@ada". Empty unless a bot wrote the post: otherwise any member
 * could put another person's name on a card.
 */
export function readNamedHost(post: Post, author: UserProfile | undefined): string {
    const name = asText(post.props?.meeting_creator_username);
    // The Go plugin names its own bot if it does not know the person.
    const isPerson = name !== author?.username;
    // Mattermost's user names. Anything else would be formatted as Markdown.
    return author?.is_bot && isPerson && /^[a-z0-9._-]+$/.test(name) ? `@${name}` : '';
}

/** The name of the host, for example "@ada": the author of the post, or the person that a bot names. */
export function readHost(post: Post, author: UserProfile | undefined): string {
    return author && !author.is_bot ? `@${author.username}` : readNamedHost(post, author);
}

/** A meeting ID as Zoom writes it, for example "123 4567 8901". */
export function groupMeetingId(id: string): string {
    switch (id.length) {
        case 9:
        case 10:
            return `${id.slice(0, 3)} ${id.slice(3, 6)} ${id.slice(6)}`;
        case 11:
            return `${id.slice(0, 3)} ${id.slice(3, 7)} ${id.slice(7)}`;
        default:
            return id;
    }
}

/** The duration of a meeting in minutes, rounded up. 0 if the meeting ended before it started. */
export function durationMinutes(startMs: number, endMs: number): number {
    return Math.max(0, Math.ceil((endMs - startMs) / 60_000)) || 0;
}
