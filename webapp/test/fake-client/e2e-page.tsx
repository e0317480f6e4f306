// The page of the browser suite and of the demo: it loads the plugin as the client does, connects the websocket, and
// renders. The browser suite gives options in the address, the demo in attributes of the body.
import type {Post} from '@mattermost/types/posts';
import type {UserProfile} from '@mattermost/types/users';
import React from 'react';

import type {ClientWindow, WebSocketMessage} from '../../src/mattermost';
import {ActionContext} from './attachments';
import {Client, Providers, render} from './client';
import {type RegisteredParts, createRegistry} from './registry';
import {type FakeStore, createFakeStore} from './store';
import {type Manifest, SystemConsole, savedValues} from './system-console';
import './theme.css';

const query = new URLSearchParams(window.location.search);
const option = (name: string) => query.get(name) ?? document.body.dataset[name] ?? '';
const channelId = option('channel');
const teamId = option('team');

async function get<T>(path: string): Promise<T> {
    const response = await fetch(`/api/v4${path}`, {
        headers: {'X-Requested-With': 'XMLHttpRequest'},
    });
    if (!response.ok) {
        throw new Error(`${path}: status ${response.status}`);
    }
    return (await response.json()) as T;
}

function csrfToken(): string {
    return /(?:^|; )MMCSRF=([^;]*)/.exec(document.cookie)?.[1] ?? '';
}

async function send(method: string, path: string, body: object): Promise<Response> {
    return fetch(`/api/v4${path}`, {
        method,
        headers: {
            'Content-Type': 'application/json',
            'X-CSRF-Token': csrfToken(),
            'X-Requested-With': 'XMLHttpRequest',
        },
        body: JSON.stringify(body),
    });
}

function post(path: string, body: object): Promise<Response> {
    return send('POST', path, body);
}

/** Loads a script. Like Mattermost 12, fails if the script does not register a plugin or if the plugin throws. */
async function loadPlugin(
    src: string,
    initialize: (plugin: Parameters<ClientWindow['registerPlugin']>[1]) => void,
): Promise<void> {
    await new Promise<void>((resolve, reject) => {
        const registerPlugin: ClientWindow['registerPlugin'] = (_, plugin) => {
            try {
                initialize(plugin);
                resolve();
            } catch (error) {
                reject(error);
            }
        };
        Object.assign(window, {registerPlugin});
        const script = document.createElement('script');
        script.src = src;
        script.addEventListener('load', () => reject(new Error(`${src} registered no plugin`)));
        script.addEventListener('error', () => reject(new Error(`${src} did not load`)));
        document.head.append(script);
    });
}

/** Stores posts, then fetches the profiles of authors that the client does not know. */
async function receivePosts(store: FakeStore, posts: Post[]): Promise<void> {
    posts.forEach((data) => store.dispatch({type: 'RECEIVED_POST', data}));
    const profiles = store.getState().entities?.users?.profiles ?? {};
    const unknownIds = new Set(posts.map(({user_id: id}) => id).filter((id) => !(id in profiles)));
    if (unknownIds.size > 0) {
        const response = await post('/users/ids', [...unknownIds]);
        store.dispatch({type: 'RECEIVED_PROFILES', users: await response.json()});
    }
}

/** Signs in the user of the demo. In the browser suite, the user is signed in already. */
async function signIn(): Promise<void> {
    const {user, password} = document.body.dataset;
    if (user !== undefined) {
        const response = await post('/users/login', {login_id: user, password});
        if (!response.ok) {
            throw new Error(`signing in failed with status ${response.status}`);
        }
    }
}

/** The System Console with the plugin's settings. Like the client, it sends all settings of the server. */
async function systemConsole(store: FakeStore, parts: RegisteredParts) {
    const [{active}, config] = await Promise.all([
        get<{active: Manifest[]}>('/plugins'),
        get<object>('/config'),
    ]);
    const manifest = active.find(({id}) => id === 'zoom');
    if (!manifest) {
        throw new Error('the plugin is not enabled');
    }
    store.dispatch({type: 'RECEIVED_CONFIG', config});
    const save = async (values: object) => {
        const changed = structuredClone(store.getState());
        Object.assign(savedValues(changed, manifest.id), values);
        const response = await send('PUT', '/config/patch', changed.entities?.admin?.config ?? {});
        if (!response.ok) {
            throw new Error(`the settings were not saved: status ${response.status}`);
        }
        store.dispatch({type: 'RECEIVED_CONFIG', config: await response.json()});
    };
    return <SystemConsole manifest={manifest} parts={parts} save={save} />;
}

async function start(): Promise<void> {
    await signIn();
    const user = await get<UserProfile>('/users/me');
    const locale = option('locale');
    const store = createFakeStore({
        user: locale ? {...user, locale} : user,
        siteUrl: window.location.origin,
        teamId,
    });
    const {registry, parts} = createRegistry(store);

    const plugins = await get<{id: string; webapp: {bundle_path: string}}[]>('/plugins/webapp');
    const zoom = plugins.find((plugin) => plugin.id === 'zoom');
    if (!zoom) {
        throw new Error('the server does not offer the webapp of the plugin');
    }
    // The client changes the path in the same way.
    await loadPlugin(
        zoom.webapp.bundle_path.replace(/^\/static\/(?!plugins\/)/, '/static/plugins/'),
        (plugin) => plugin.initialize(registry, store),
    );

    const socket = new WebSocket(
        `${window.location.origin.replace('http', 'ws')}/api/v4/websocket`,
    );
    await new Promise<void>((resolve) => {
        socket.addEventListener('message', ({data}) => {
            const message = JSON.parse(String(data)) as WebSocketMessage & {event?: string};
            if (message.event === 'hello') {
                store.dispatch({type: 'CONNECTED', value: message.data?.connection_id});
                resolve();
            }
            const received = message.data?.post;
            if (typeof received === 'string') {
                void receivePosts(store, [JSON.parse(received) as Post]);
            }
            parts.eventHandlers.get(message.event ?? '')?.(message);
        });
    });
    if (channelId !== '') {
        const list = await get<{posts: Record<string, Post>}>(`/channels/${channelId}/posts`);
        await receivePosts(store, Object.values(list.posts));
    }

    const submit = (text: string, rootId: string) => {
        if (!text.startsWith('/')) {
            void post('/posts', {channel_id: channelId, message: text, root_id: rootId});
            return;
        }
        const args = {channel_id: channelId, team_id: teamId, root_id: rootId};
        const command = parts.commandHooks.reduce(
            (previous, hook) => hook(previous.message, previous.args),
            {message: text, args: args as unknown},
        );
        void post('/commands/execute', {command: command.message, ...(command.args as object)});
    };
    const config = await get<{DisableAppBar?: string}>('/config/client?format=old');
    const appBar = config.DisableAppBar !== 'true' && option('appBar') !== 'off';
    const page =
        option('page') === 'console' ? (
            await systemConsole(store, parts)
        ) : (
            <Client
                parts={parts}
                channelId={channelId}
                channelName={channelId && 'Channel'}
                appBar={appBar}
                onSubmit={submit}
            />
        );
    render(
        <Providers store={store} parts={parts}>
            <ActionContext.Provider
                value={({id: postId}, {id, cookie}) =>
                    void post(`/posts/${postId}/actions/${id}`, {cookie, selected_option: ''})
                }
            >
                {page}
            </ActionContext.Provider>
        </Providers>,
        document.querySelector('#root') ?? document.body,
    );
    Object.assign(window, {fakeStore: store});
    document.body.dataset.ready = 'yes';
}

start().catch((error: unknown) => {
    document.body.dataset.ready = String(error);
    document.body.append(`The test client did not start: ${String(error)}`);
});
