// Requests to the plugin and to Mattermost with the user's session.
import {type ClientStore, PLUGIN_ID, type State} from './mattermost';
import {basePath, connectionId, currentUser} from './selectors';
import type {MeetingLocation} from './state';

/** The plugin answers within 60 seconds. */
const TIMEOUT_MS = 65_000;

/** How long an error message waits for the user ID of the bot. */
const BOT_TIMEOUT_MS = 1_000;

/** The plugin's or the server's answer to a request. */
export type Answer =
    | {kind: 'ok'; json: unknown}
    /** The plugin or Mattermost refused, with a sentence for the user. */
    | {kind: 'refused'; reason: string}
    /** The response is not one of the plugin's, for example the error page of a gateway. */
    | {kind: 'failed'}
    /** There was no response. */
    | {kind: 'unreachable'};

/** The result of a request to start a meeting. */
export type StartResult =
    /** The meeting was started. */
    | {kind: 'started'; meetingUrl: string}
    /** The plugin showed the user a question, a warning, or the link to connect. */
    | {kind: 'pending'}
    | Exclude<Answer, {kind: 'ok'}>;

/** The token that the server requires in requests with a session cookie. */
function csrfToken(): string {
    const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('MMCSRF='));
    return cookie?.slice('MMCSRF='.length) ?? '';
}

/** Sends a request with the user's session. */
export function sendRequest(
    state: State,
    method: string,
    path: string,
    body?: object,
): Promise<Response> {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
    const init: RequestInit = {
        method,
        credentials: 'same-origin',
        headers: {
            'Content-Type': 'application/json',
            'X-CSRF-Token': csrfToken(),
            'X-Requested-With': 'XMLHttpRequest',
        },
        signal: controller.signal,
    };
    if (body !== undefined) {
        init.body = JSON.stringify(body);
    }
    return fetch(basePath(state) + path, init).finally(() => clearTimeout(timer));
}

/** A text field of a JSON object; empty if there is none. */
export function textField(json: unknown, name: string): string {
    if (typeof json !== 'object' || json === null) {
        return '';
    }
    const value = (json as Record<string, unknown>)[name];
    return typeof value === 'string' ? value : '';
}

/** Sends requests for one client. */
export class ApiClient {
    private cachedZoomUrl: Promise<string> | undefined;
    private cachedBotId: Promise<string> | undefined;

    constructor(private readonly store: ClientStore) {}

    /** Starts a meeting. Never throws. */
    async startMeeting(
        location: MeetingLocation,
        topic: string,
        force: boolean,
    ): Promise<StartResult> {
        const answer = await this.send('POST', `/meetings${force ? '?force=true' : ''}`, {
            channel_id: location.channelId,
            root_id: location.rootId,
            topic,
            connection_id: connectionId(this.store.getState()),
        });
        if (answer.kind !== 'ok') {
            return answer;
        }
        const meetingUrl = textField(answer.json, 'meeting_url');
        return meetingUrl === '' ? {kind: 'pending'} : {kind: 'started', meetingUrl};
    }

    /** Sends a request to the plugin. `path` follows `/api/v1`. Never throws. */
    async send(method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> {
        let response: Response;
        try {
            const url = `/plugins/${PLUGIN_ID}/api/v1${path}`;
            response = await sendRequest(this.store.getState(), method, url, body);
        } catch {
            return {kind: 'unreachable'};
        }
        // The error page of a gateway is not JSON.
        const json: unknown = await response.json().catch(() => null);
        const reason = textField(json, 'error') || (response.ok ? '' : textField(json, 'message'));
        if (reason !== '') {
            return {kind: 'refused', reason};
        }
        return response.ok ? {kind: 'ok', json} : {kind: 'failed'};
    }

    /** The configured Zoom URL; empty if the server does not respond. */
    zoomUrl(): Promise<string> {
        this.cachedZoomUrl ??= this.fetchField(
            `/plugins/${PLUGIN_ID}/api/v1/client`,
            'zoom_url',
        ).then((url) => {
            // Try again next time.
            if (url === '') {
                this.cachedZoomUrl = undefined;
            }
            return url;
        });
        return this.cachedZoomUrl;
    }

    /** The user ID of the plugin's bot, or the user's own ID if the server does not respond in time. */
    async botId(): Promise<string> {
        const profiles = Object.values(this.store.getState().entities?.users?.profiles ?? {});
        const profile = profiles.find((user) => user.username === PLUGIN_ID && user.is_bot);
        if (profile) {
            return profile.id;
        }
        this.cachedBotId ??= this.fetchField(`/api/v4/users/username/${PLUGIN_ID}`, 'id').then(
            (id) => {
                // Try again next time.
                if (id === '') {
                    this.cachedBotId = undefined;
                }
                return id;
            },
        );
        // The error message is more important than its author.
        const timeout = new Promise<string>((resolve) => setTimeout(resolve, BOT_TIMEOUT_MS, ''));
        const id = await Promise.race([this.cachedBotId, timeout]);
        return id || (currentUser(this.store.getState())?.id ?? '');
    }

    /** The channel of a post; empty if the server does not respond. */
    async channelOfPost(postId: string): Promise<string> {
        const post = this.store.getState().entities?.posts?.posts?.[postId];
        return (
            post?.channel_id ??
            (await this.fetchField(`/api/v4/posts/${encodeURIComponent(postId)}`, 'channel_id'))
        );
    }

    private async fetchField(path: string, name: string): Promise<string> {
        try {
            const response = await sendRequest(this.store.getState(), 'GET', path);
            return response.ok ? textField(await response.json(), name) : '';
        } catch {
            return '';
        }
    }
}
