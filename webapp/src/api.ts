// Requests to the plugin and to Mattermost with the session of the user.
import type {Json, Place, State, Store, User} from './mattermost';
import {PLUGIN_ID, basePath, connectionId, currentUser} from './mattermost';

/** The plugin answers within 60 seconds. */
const TIMEOUT_MS = 65_000;

/** How long an error message waits for the ID of its author. */
const AUTHOR_MS = 1_000;

/** The result of a start. */
export type Answer =
    /** The meeting was started. */
    | {kind: 'started'; meetingUrl: string}
    /** The plugin showed the user a question, a warning, or the link to connect. */
    | {kind: 'asked'}
    /** The plugin or Mattermost refused, with a sentence for the user. */
    | {kind: 'refused'; reason: string}
    /** The answer is not one of the plugin's, for example the error page of a gateway. */
    | {kind: 'failed'}
    /** There was no answer. */
    | {kind: 'unreachable'};

/** The token that the server requires in requests with a session cookie. */
function csrfToken(): string {
    const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('MMCSRF='));
    return cookie?.slice('MMCSRF='.length) ?? '';
}

function field(value: Json, name: string): string {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        return '';
    }
    const found = value[name];
    return typeof found === 'string' ? found : '';
}

/** The requests of one client. */
export class Client {
    private zoom: Promise<string> | undefined;
    private bot: Promise<string> | undefined;

    constructor(private readonly store: Store) {}

    /** Starts a meeting. Never throws. */
    async start(place: Place, topic: string, force: boolean): Promise<Answer> {
        const state = this.store.getState();
        const path = `/plugins/${PLUGIN_ID}/api/v1/meetings${force ? '?force=true' : ''}`;
        const body = {
            channel_id: place.channelId,
            root_id: place.rootId,
            topic,
            connection_id: connectionId(state),
        };
        let response: Response;
        try {
            response = await this.request(state, 'POST', path, body);
        } catch {
            return {kind: 'unreachable'};
        }
        // The error page of a gateway is not JSON.
        const answer: Json = await response.json().catch(() => null);
        const reason = field(answer, 'error') || (response.ok ? '' : field(answer, 'message'));
        if (reason !== '') {
            return {kind: 'refused', reason};
        }
        if (!response.ok) {
            return {kind: 'failed'};
        }
        const meetingUrl = field(answer, 'meeting_url');
        return meetingUrl === '' ? {kind: 'asked'} : {kind: 'started', meetingUrl};
    }

    /** The configured Zoom URL; empty if the server does not answer. */
    zoomUrl(): Promise<string> {
        this.zoom ??= this.read(`/plugins/${PLUGIN_ID}/api/v1/client`, 'zoom_url').then((url) => {
            // Try again next time.
            if (url === '') {
                this.zoom = undefined;
            }
            return url;
        });
        return this.zoom;
    }

    /** The user ID of the plugin's bot, or the reader's own if the server does not answer in time. */
    async botId(): Promise<string> {
        const users: User[] = Object.values(this.store.getState().entities?.users?.profiles ?? {});
        const known = users.find((user) => user.username === PLUGIN_ID && user.is_bot === true);
        if (known) {
            return known.id;
        }
        this.bot ??= this.read(`/api/v4/users/username/${PLUGIN_ID}`, 'id').then((id) => {
            // Try again next time.
            if (id === '') {
                this.bot = undefined;
            }
            return id;
        });
        // The error message is more important than its author.
        const timeout = new Promise<string>((resolve) => setTimeout(resolve, AUTHOR_MS, ''));
        const found = await Promise.race([this.bot, timeout]);
        return found || (currentUser(this.store.getState())?.id ?? '');
    }

    /** The channel of a post; empty if the server does not answer. */
    async channelOf(postId: string): Promise<string> {
        const known = this.store.getState().entities?.posts?.posts?.[postId];
        return (
            known?.channel_id ??
            (await this.read(`/api/v4/posts/${encodeURIComponent(postId)}`, 'channel_id'))
        );
    }

    private async read(path: string, name: string): Promise<string> {
        try {
            const response = await this.request(this.store.getState(), 'GET', path);
            const answer: Json = response.ok ? await response.json() : null;
            return field(answer, name);
        } catch {
            return '';
        }
    }

    private request(state: State, method: string, path: string, body?: object): Promise<Response> {
        const given = new AbortController();
        const timer = setTimeout(() => given.abort(), TIMEOUT_MS);
        const request: RequestInit = {
            method,
            credentials: 'same-origin',
            headers: {
                'Content-Type': 'application/json',
                'X-CSRF-Token': csrfToken(),
                'X-Requested-With': 'XMLHttpRequest',
            },
            signal: given.signal,
        };
        if (body !== undefined) {
            request.body = JSON.stringify(body);
        }
        return fetch(basePath(state) + path, request).finally(() => clearTimeout(timer));
    }
}
