// The page of the browser suite: signs in, listens, loads the plugin the way a client does, and draws.
import React from 'react';

import type {Event, HostWindow, Post, User} from '../src/host';
import {Client, Surroundings, draw} from './page';
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

async function send(path: string, body: object): Promise<void> {
    await fetch(`/api/v4${path}`, {
        method: 'POST',
        headers: {
            'Content-Type': 'application/json',
            'X-CSRF-Token': csrf(),
            'X-Requested-With': 'XMLHttpRequest',
        },
        body: JSON.stringify(body),
    });
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

    const loaded = new Promise<void>((resolve) => {
        const registerPlugin: HostWindow['registerPlugin'] = (_, plugin) => {
            plugin.initialize(registry, store);
            resolve();
        };
        Object.assign(window, {registerPlugin});
    });
    const plugins = await read<{id: string; webapp: {bundle_path: string}}[]>('/plugins/webapp');
    const zoom = plugins.find((plugin) => plugin.id === 'zoom');
    if (!zoom) {
        throw new Error('the server offers no webapp of the plugin');
    }
    const script = document.createElement('script');
    // The client changes the path in the same way before it asks.
    script.src = zoom.webapp.bundle_path.replace(/^\/static\/(?!plugins\/)/, '/static/plugins/');
    const failed = new Promise<never>((_, reject) => {
        script.addEventListener('error', () => reject(new Error(`${script.src} did not load`)));
    });
    document.head.append(script);
    await Promise.race([loaded, failed]);

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
                store.dispatch({type: 'RECEIVED_POST', data: JSON.parse(post) as Post});
            }
            registered.events.get(event.event ?? '')?.(event);
        });
    });
    if (channelId !== '') {
        const list = await read<{posts: Record<string, Post>}>(`/channels/${channelId}/posts`);
        Object.values(list.posts).forEach((data) => store.dispatch({type: 'RECEIVED_POST', data}));
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
    draw(
        <Surroundings store={store} registered={registered}>
            <Client
                registered={registered}
                channelId={channelId}
                channelName={channelId && 'Channel'}
                typed={typed}
            />
        </Surroundings>,
        document.querySelector('#root') ?? document.body,
    );
    Object.assign(window, {testStore: store});
    document.body.dataset.ready = 'yes';
}

begin().catch((error: unknown) => {
    document.body.dataset.ready = String(error);
});
