// A fake client with the plugin, and a fake server with scripted responses.
import {screen} from '@testing-library/dom';
import type {Post} from '@mattermost/types/posts';
import React from 'react';
import {afterEach, vi} from 'vitest';

import {makePost} from '../gallery/posts';
import type {WebSocketMessage} from '../src/mattermost';
import {initialize} from '../src/plugin';
import {type AttachmentAction, ActionContext} from './fake-client/attachments';
import {Client, Posts, Providers, render} from './fake-client/client';
import {createRegistry} from './fake-client/registry';
import {type ClientOptions, createFakeStore, makeUser} from './fake-client/store';

export const CHANNEL = 'c'.repeat(26);
export const THREAD = 'r'.repeat(26);
export const CONNECTION = 'k'.repeat(26);

/** The first post of a thread. */
export const threadPost: Post = makePost({id: THREAD, user_id: 'bob', message: 'root'});

/** A request of the plugin. */
export interface SentRequest {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: Record<string, unknown>;
}

type Responder = (request: SentRequest) => Response | Promise<Response>;

const cleanups: (() => void)[] = [];
afterEach(() => cleanups.splice(0).forEach((cleanup) => cleanup()));

/** A JSON response. */
export function jsonResponse(status: number, value: unknown): Response {
    return new Response(JSON.stringify(value), {status});
}

/** Scripts the server's responses by path. Every other path gets a 404. Returns the requests. */
export function mockServer(responders: Record<string, Responder>): SentRequest[] {
    const requests: SentRequest[] = [];
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
        const request: SentRequest = {
            method: init.method ?? 'GET',
            path,
            headers: init.headers as Record<string, string>,
            body: typeof init.body === 'string' ? JSON.parse(init.body) : {},
        };
        requests.push(request);
        const responder = responders[path];
        return responder ? responder(request) : jsonResponse(404, {message: 'unknown'});
    });
    return requests;
}

/** A promise that the test resolves. */
export function deferred<T>(): {promise: Promise<T>; resolve: (value: T) => void} {
    let resolveLater: (value: T) => void = () => undefined;
    const promise = new Promise<T>((resolve) => {
        resolveLater = resolve;
    });
    return {promise, resolve: (value) => resolveLater(value)};
}

const DEFAULT_OPTIONS: ClientOptions = {
    user: makeUser('ada'),
    otherUsers: [makeUser('zoom', {is_bot: true})],
    siteUrl: 'https://chat.example.com',
    teamId: 't'.repeat(26),
};

/** Records the tabs that the plugin opens. `blocked`: the browser blocks tabs. */
export function mockTabs(blocked = false) {
    const opened: {opener: unknown}[] = [];
    const open = vi.spyOn(window, 'open').mockImplementation(() => {
        if (blocked) {
            return null;
        }
        const tab = {opener: window as unknown};
        opened.push(tab);
        return tab as unknown as Window;
    });
    return {open, opened};
}

/** Loads the plugin in a client whose registry lacks some methods. */
export function loadPlugin(
    options: Partial<ClientOptions> = {},
    missingMethods: string[] = [],
    plugin: {initialize: typeof initialize} = {initialize},
) {
    const store = createFakeStore({...DEFAULT_OPTIONS, ...options});
    store.dispatch({type: 'CONNECTED', value: CONNECTION});
    const {registry, parts} = createRegistry(store, missingMethods);
    plugin.initialize(registry, store);
    return {
        store,
        parts,
        /** Clicks on buttons of attachments. */
        actionClicks: [] as [Post, AttachmentAction][],
        ephemeralPosts: (): Post[] =>
            Object.values(store.getState().entities?.posts?.posts ?? {}).filter(
                (post) => post.type === 'system_ephemeral',
            ),
        receiveEvent: (data: WebSocketMessage['data']) =>
            parts.eventHandlers.get('custom_zoom_meeting_started')?.(data ? {data} : {}),
        typeCommand: (command: string) =>
            parts.commandHooks.forEach((hook) => hook(command, {channel_id: CHANNEL})),
    };
}

/** A client with the plugin. */
export type LoadedClient = ReturnType<typeof loadPlugin>;

/** Renders an element in the client. */
export function renderIn(client: LoadedClient, element: React.ReactElement): void {
    const container = document.createElement('div');
    document.body.append(container);
    const unmount = render(
        // React 18 and later mount every component twice in strict mode.
        <React.StrictMode>
            <ActionContext.Provider value={(...click) => client.actionClicks.push(click)}>
                <Providers store={client.store} parts={client.parts}>
                    {element}
                </Providers>
            </ActionContext.Provider>
        </React.StrictMode>,
        container,
    );
    cleanups.push(unmount);
}

/** Renders the client with a channel, or with the list of threads if `channelId` is empty. */
export async function renderClient(
    client: LoadedClient,
    {channelId = CHANNEL, appBar = true} = {},
): Promise<void> {
    renderIn(
        client,
        <Client
            parts={client.parts}
            channelId={channelId}
            channelName={channelId && 'Channel'}
            appBar={appBar}
            onSubmit={client.typeCommand}
        />,
    );
    await screen.findByRole('banner');
}

/** Renders posts. */
export async function renderPosts(client: LoadedClient, ...posts: Post[]): Promise<void> {
    renderIn(client, <Posts posts={posts} />);
    await screen.findByRole('list', {name: 'Posts'});
}

/** Renders posts in the compact display. */
export async function renderCompactPosts(client: LoadedClient, ...posts: Post[]): Promise<void> {
    renderIn(client, <Posts posts={posts} isCompact={true} />);
    await screen.findByRole('list', {name: 'Posts'});
}

/** The button that starts a meeting: in the app bar, or in the channel header if there is no app bar. */
export function startButton(): Element {
    const buttons = document.querySelectorAll(
        '#app-bar-icon-zoom [role=button], .channel-header__icon',
    );
    const [button] = buttons;
    if (!button || buttons.length > 1) {
        throw new Error(`there are ${buttons.length} buttons`);
    }
    return button;
}

/** Both places of the button, for tests that apply to both. */
export const BUTTON_PLACES = [
    {place: 'app bar', appBar: true},
    {place: 'channel header', appBar: false},
];

/** The text of a post's body. The default is the only post on the page. */
export function postText(post: Element = screen.getByRole('listitem')): string {
    return post.querySelector('.post__body')?.textContent?.trim() ?? '';
}
