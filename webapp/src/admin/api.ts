// Requests of the System Console's section to the plugin. Only system admins may send them.
import {sendRequest, textField} from '../api';
import {PLUGIN_ID, type State} from '../mattermost';

const PLUGIN = `/plugins/${PLUGIN_ID}`;
/** The number of users that a search for a name considers. The plugin accepts up to 100. */
const MAX_FOUND = 100;

/** The result of one check. */
export interface Check {
    id: string;
    label: string;
    outcome: 'passed' | 'warning' | 'failed' | 'not_run';
    /** What was found and what to do next, in Markdown; may be empty. */
    sentence: string;
    /** The page and section of the guides in the bundle. */
    guide: string | null;
}

/** The values for the Zoom app, and the state of the setup. */
export interface Status {
    mode: string;
    /** The URLs without their secret; null while the server has no Site URL. */
    urls: {redirect: string; webhook: string; deauthorization: string} | null;
    has_secret: boolean;
    scopes: {name: string; optional: boolean}[];
    checks: Check[];
    /** The connection for everyone, if there is one. */
    connection: {by: string; at: number} | null;
}

/** The URLs with their secret. */
export interface SecretUrls {
    webhook: string;
    deauthorization: string;
}

/** A connected user. */
export interface ConnectedUser {
    id: string;
    username: string;
    deactivated: boolean;
    connected_at: number;
}

/** A page of connected users, and the number of all of them. */
export interface ConnectedUsers {
    count: number;
    page: number;
    pages: number;
    users: ConnectedUser[];
}

/** The host's limits for the plugin. */
export interface Sandbox {
    /** The hosts that the plugin may reach. A rule that names a setting has no URL while the setting is blank. */
    allowed_hosts: {rule: string; url: string | null}[];
    /** The restrictions of the process. `reason` says why one is missing. */
    confinement: {name: string; active: boolean; reason: string | null}[];
    component: {sha256: string | null};
    wasmtime_version: string;
}

/** A sentence of the plugin or of Mattermost for the user; empty if there was no understandable answer. */
export class Refused extends Error {}

async function read<T>(response: Response): Promise<T> {
    const json: unknown = await response.json().catch(() => null);
    if (!response.ok || json === null) {
        throw new Refused(textField(json, 'error') || textField(json, 'message'));
    }
    return json as T;
}

/** Sends the requests. Every function may throw; only [`Refused`] has a sentence for the user. */
export class AdminApi {
    constructor(private readonly getState: () => State) {}

    status(): Promise<Status> {
        return this.post('status');
    }

    reveal(): Promise<SecretUrls> {
        return this.post('reveal');
    }

    test(): Promise<{checks: Check[]}> {
        return this.post('test');
    }

    users(page: number): Promise<ConnectedUsers> {
        return this.post('users', {page});
    }

    /** The connected users among those whose name matches. Mattermost searches for the name. */
    async search(term: string): Promise<ConnectedUsers> {
        const body = {term, limit: MAX_FOUND, allow_inactive: true};
        const response = await sendRequest(this.getState(), 'POST', '/api/v4/users/search', body);
        const found = await read<{id: string}[]>(response);
        return this.post('users', {user_ids: found.slice(0, MAX_FOUND).map(({id}) => id)});
    }

    disconnect(userId: string): Promise<{outcome: string}> {
        return this.post('disconnect', {user_id: userId});
    }

    async sandbox(): Promise<Sandbox> {
        return read(await sendRequest(this.getState(), 'GET', `${PLUGIN}/_host/sandbox`));
    }

    private async post<T>(name: string, body: object = {}): Promise<T> {
        const path = `${PLUGIN}/api/v1/admin/${name}`;
        return read(await sendRequest(this.getState(), 'POST', path, body));
    }
}
