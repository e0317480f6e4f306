// A fake client with the plugin, and a fake server with scripted answers.
import {screen} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import React from 'react';
import {afterEach, vi} from 'vitest';

import {type Action, ActionContext} from './fake-client/attachments';
import {Client, Posts, Surroundings, draw} from './fake-client/client';
import {makeRegistry} from './fake-client/registry';
import {makeStore, type Setting} from './fake-client/store';
import type {Event, Post, User} from '../src/mattermost';
import {initialize} from '../src/plugin';

export const CHANNEL = 'c'.repeat(26);
export const THREAD = 'r'.repeat(26);
export const CONNECTION = 'k'.repeat(26);

/** The first post of a thread. */
export const thread: Post = {
    id: THREAD,
    channel_id: CHANNEL,
    root_id: '',
    user_id: 'bob',
    message: 'root',
    type: '',
    create_at: 1,
    update_at: 1,
};

/** A request of the plugin. */
export interface Asked {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: Record<string, unknown>;
}

type Answering = (asked: Asked) => Response | Promise<Response>;

const undo: (() => void)[] = [];
afterEach(() => undo.splice(0).forEach((step) => step()));

/** A JSON answer. */
export function json(status: number, value: unknown): Response {
    return new Response(JSON.stringify(value), {status});
}

/** Scripts the server's answers by path. Every other path is answered with 404. Returns the requests. */
export function serve(answers: Record<string, Answering>): Asked[] {
    const asked: Asked[] = [];
    vi.stubGlobal('fetch', async (path: string, init: RequestInit) => {
        const request: Asked = {
            method: init.method ?? 'GET',
            path,
            headers: init.headers as Record<string, string>,
            body: typeof init.body === 'string' ? JSON.parse(init.body) : {},
        };
        asked.push(request);
        const answer = answers[path];
        return answer ? answer(request) : json(404, {message: 'unknown'});
    });
    return asked;
}

/** A promise that the test resolves. */
export function later<T>(): {promise: Promise<T>; keep: (value: T) => void} {
    let keep: (value: T) => void = () => undefined;
    const promise = new Promise<T>((resolve) => {
        keep = resolve;
    });
    return {promise, keep};
}

export function person(id: string, more: Partial<User> = {}): User {
    return {id, username: id, locale: 'en', ...more};
}

const DEFAULTS: Setting = {
    user: person('ada'),
    users: [person('zoom', {is_bot: true})],
    siteUrl: 'https://chat.example.com',
    teamId: 't'.repeat(26),
};

/** Records the tabs that the plugin opens. `blocked`: the browser blocks tabs. */
export function tabs(blocked = false) {
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
export function load(
    setting: Partial<Setting> = {},
    without: string[] = [],
    plugin: {initialize: typeof initialize} = {initialize},
) {
    const store = makeStore({...DEFAULTS, ...setting});
    store.dispatch({type: 'CONNECTED', value: CONNECTION});
    const {registry, registered} = makeRegistry(without);
    plugin.initialize(registry, store);
    return {
        store,
        registered,
        /** Clicks on buttons of attachments. */
        clicked: [] as [Post, Action][],
        /** The ephemeral messages. */
        told: (): Post[] =>
            Object.values(store.getState().entities?.posts?.posts ?? {}).filter(
                (post) => post.type === 'system_ephemeral',
            ),
        event: (data: Event['data']) =>
            registered.events.get('custom_zoom_meeting_started')?.(data ? {data} : {}),
        typed: (command: string) =>
            registered.commandHooks.forEach((hook) => hook(command, {channel_id: CHANNEL})),
    };
}

type Loaded = ReturnType<typeof load>;

function show(loaded: Loaded, element: React.ReactElement): void {
    const into = document.createElement('div');
    document.body.append(into);
    const end = draw(
        // React 18 and later mount every component twice in strict mode.
        <React.StrictMode>
            <ActionContext.Provider value={(...click) => loaded.clicked.push(click)}>
                <Surroundings store={loaded.store} registered={loaded.registered}>
                    {element}
                </Surroundings>
            </ActionContext.Provider>
        </React.StrictMode>,
        into,
    );
    undo.push(end);
}

/** Shows the client with a channel, or with the list of threads if `channelId` is empty. */
export async function showClient(
    loaded: Loaded,
    {channelId = CHANNEL, appBar = true} = {},
): Promise<void> {
    show(
        loaded,
        <Client
            registered={loaded.registered}
            channelId={channelId}
            channelName={channelId && 'Channel'}
            appBar={appBar}
            typed={loaded.typed}
        />,
    );
    await screen.findByRole('banner');
}

/** Shows posts. */
export async function showPosts(loaded: Loaded, ...posts: Post[]): Promise<void> {
    show(loaded, <Posts registered={loaded.registered} posts={posts} />);
    await screen.findByRole('list', {name: 'Posts'});
}

/** The button that starts a meeting: in the app bar, or in the channel header if there is no app bar. */
export function startButton(): Element {
    const found = document.querySelectorAll(
        '#app-bar-icon-zoom [role=button], .channel-header__icon',
    );
    const [button] = found;
    if (!button || found.length > 1) {
        throw new Error(`there are ${found.length} buttons`);
    }
    return button;
}

/** Both places of the button, for tests that hold in both. */
export const PLACES = [
    {place: 'app bar', appBar: true},
    {place: 'channel header', appBar: false},
];

/** The text of a post, or of the only post. */
export function bodyOf(post: Element = screen.getByRole('listitem')): string {
    return post.querySelector('.post__body')?.textContent ?? '';
}

/** Keyboard and mouse. */
export const hands = userEvent;
