// The page of the browser suite: it loads the plugin as the client does, connects the websocket, and draws.
import React from 'react';

import type {Event, HostWindow, Post, User} from '../../src/mattermost';
import {ActionContext} from './attachments';
import {Client, Surroundings, draw} from './client';
import {makeRegistry} from './registry';
import {makeStore} from './store';
import './theme.css';

const query = new URLSearchParams(window.location.search);
const channelId = query.get('channel') ?? '';
const teamId = query.get('team') ?? '';

async function read<T>(path: string): Promise<T> {
    const response = await fetch(`/api/v4${path}`, {
        headers: {'X-Requested-With': 'XMLHttpRequest'},
    });
    if (!response.ok) {
        throw new Error(`${path} was answered ${response.status}`);
    }
    return (await response.json()) as T;
}

function csrf(): string {
    return /(?:^|; )MMCSRF=([^;]*)/.exec(document.cookie)?.[1] ?? '';
}

async function send(path: string, body: object): Promise<Response> {
    return fetch(`/api/v4${path}`, {
        method: 'POST',
        headers: {
            'Content-Type': 'application/json',
            'X-CSRF-Token': csrf(),
            'X-Requested-With': 'XMLHttpRequest',
        },
        body: JSON.stringify(body),
    });
}

/** Loads a script. Like Mattermost 12, fails if the script does not register a plugin or if the plugin throws. */
async function loadPlugin(
    src: string,
    initialize: (plugin: Parameters<HostWindow['registerPlugin']>[1]) => void,
): Promise<void> {
    await new Promise<void>((resolve, reject) => {
        const registerPlugin: HostWindow['registerPlugin'] = (_, plugin) => {
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

type ClientStore = ReturnType<typeof makeStore>;

/** Stores posts, then fetches the profiles of authors that the client does not know. */
async function receive(store: ClientStore, posts: Post[]): Promise<void> {
    posts.forEach((data) => store.dispatch({type: 'RECEIVED_POST', data}));
    const known = store.getState().entities?.users?.profiles ?? {};
    const missing = new Set(posts.map((post) => post.user_id).filter((id) => !(id in known)));
    if (missing.size > 0) {
        const response = await send('/users/ids', [...missing]);
        store.dispatch({type: 'RECEIVED_PROFILES', users: await response.json()});
    }
}

async function begin(): Promise<void> {
    const user = await read<User>('/users/me');
    const locale = query.get('locale');
    const store = makeStore({
        user: locale ? {...user, locale} : user,
        siteUrl: window.location.origin,
        teamId,
    });
    const without = (query.get('without') ?? '').split(',');
    const {registry, registered} = makeRegistry(without);

    const plugins = await read<{id: string; webapp: {bundle_path: string}}[]>('/plugins/webapp');
    const zoom = plugins.find((plugin) => plugin.id === 'zoom');
    if (!zoom) {
        throw new Error('the server offers no webapp of the plugin');
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
        socket.addEventListener('message', (message) => {
            const event = JSON.parse(String(message.data)) as Event & {event?: string};
            if (event.event === 'hello') {
                store.dispatch({type: 'CONNECTED', value: event.data?.connection_id});
                resolve();
            }
            const post = event.data?.post;
            if (typeof post === 'string') {
                void receive(store, [JSON.parse(post) as Post]);
            }
            registered.events.get(event.event ?? '')?.(event);
        });
    });
    if (channelId !== '') {
        const list = await read<{posts: Record<string, Post>}>(`/channels/${channelId}/posts`);
        await receive(store, Object.values(list.posts));
    }

    const typed = (text: string, rootId: string) => {
        if (!text.startsWith('/')) {
            void send('/posts', {channel_id: channelId, message: text, root_id: rootId});
            return;
        }
        const args = {channel_id: channelId, team_id: teamId, root_id: rootId};
        const command = registered.commandHooks.reduce(
            (sofar, hook) => hook(sofar.message, sofar.args),
            {message: text, args: args as unknown},
        );
        void send('/commands/execute', {command: command.message, ...(command.args as object)});
    };
    const config = await read<{DisableAppBar?: string}>('/config/client?format=old');
    const appBar = config.DisableAppBar !== 'true' && query.get('appBar') !== 'off';
    draw(
        <Surroundings store={store} registered={registered}>
            <ActionContext.Provider
                value={(post, {id, cookie}) =>
                    void send(`/posts/${post.id}/actions/${id}`, {cookie, selected_option: ''})
                }
            >
                <Client
                    registered={registered}
                    channelId={channelId}
                    channelName={channelId && 'Channel'}
                    appBar={appBar}
                    typed={typed}
                />
            </ActionContext.Provider>
        </Surroundings>,
        document.querySelector('#root') ?? document.body,
    );
    Object.assign(window, {testStore: store});
    document.body.dataset.ready = 'yes';
}

begin().catch((error: unknown) => {
    document.body.dataset.ready = String(error);
});
