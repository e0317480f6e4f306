// Requests to the plugin and to Mattermost, as the user who is signed in.
import type {Json, Place, State, Store, User} from './host';
import {PLUGIN_ID, basePath, connectionId, currentUser} from './host';

/** How long the plugin may take to start a meeting is 60 seconds; nobody waits longer. */
const TIMEOUT_MS = 65_000;

/** How long a message waits for the name of its author. */
const PATIENCE_MS = 1_000;

/** How a start went. */
export type Answer =
    /** It began; here it is joined. */
    | {kind: 'started'; meetingUrl: string}
    /** The user was shown something first: a question, a warning, or the way to connect. */
    | {kind: 'asked'}
    /** It did not, for the reason that the plugin says. */
    | {kind: 'refused'; reason: string}
    /** There was an answer, and not from the plugin. */
    | {kind: 'failed'}
    /** There was none. */
    | {kind: 'unreachable'};

/** The server takes a request with a session's cookie as signed in only when it carries this token. */
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

/** Requests of one client. */
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
        // A gateway's error page is no JSON.
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

    /** The address of the Zoom that the plugin is configured for; empty if that cannot be had. */
    zoomUrl(): Promise<string> {
        this.zoom ??= this.read(`/plugins/${PLUGIN_ID}/api/v1/client`, 'zoom_url').then((url) => {
            // What failed once may be asked again.
            if (url === '') {
                this.zoom = undefined;
            }
            return url;
        });
        return this.zoom;
    }

    /** The user id of the plugin's bot, or the reader's own if it cannot be had soon. */
    async botId(): Promise<string> {
        const users: User[] = Object.values(this.store.getState().entities?.users?.profiles ?? {});
        const known = users.find((user) => user.username === PLUGIN_ID && user.is_bot === true);
        if (known) {
            return known.id;
        }
        this.bot ??= this.read(`/api/v4/users/username/${PLUGIN_ID}`, 'id').then((id) => {
            // What failed once may be asked again.
            if (id === '') {
                this.bot = undefined;
            }
            return id;
        });
        // Whoever waits to be told what went wrong shall not wait for who says it.
        const patience = new Promise<string>((resolve) => setTimeout(resolve, PATIENCE_MS, ''));
        const found = await Promise.race([this.bot, patience]);
        return found || (currentUser(this.store.getState())?.id ?? '');
    }

    /** The channel of a post; empty if that cannot be had. */
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
