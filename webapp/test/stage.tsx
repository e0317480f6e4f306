// A client with the plugin in it, and a server that answers as it is told.
import {screen} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import React from 'react';
import {afterEach, vi} from 'vitest';

import {Client, Posts, Surroundings, draw} from '../host/page';
import {makeRegistry} from '../host/registry';
import {makeStore, type Setting} from '../host/store';
import type {Post, User} from '../src/host';
import {initialize} from '../src/plugin';

export const CHANNEL = 'c'.repeat(26);
export const THREAD = 'r'.repeat(26);
export const CONNECTION = 'k'.repeat(26);

/** A request that the plugin made. */
export interface Asked {
    method: string;
    path: string;
    headers: Record<string, string>;
    body: Record<string, unknown>;
}

type Answering = (asked: Asked) => Response | Promise<Response>;

const undo: (() => void)[] = [];
afterEach(() => undo.splice(0).forEach((step) => step()));

/** An answer of the server. */
export function json(status: number, value: unknown): Response {
    return new Response(JSON.stringify(value), {status});
}

/** Makes the server answer. Unless told otherwise, everything is unknown to it. */
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

/** A promise that is kept when it is told to be. */
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

/** Where tabs go that are opened. `null` for a browser that blocks them. */
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

/** The plugin in a client. */
export function load(setting: Partial<Setting> = {}, without: string[] = []) {
    const store = makeStore({...DEFAULTS, ...setting});
    store.dispatch({type: 'CONNECTED', value: CONNECTION});
    const {registry, registered} = makeRegistry(without);
    initialize(registry, store);
    return {
        store,
        registered,
        typed: [] as string[],
        /** The messages that only this user sees. */
        told: (): Post[] =>
            Object.values(store.getState().entities?.posts?.posts ?? {}).filter(
                (post) => post.type === 'system_ephemeral',
            ),
        event: (data: Record<string, string>, connection = '') =>
            registered.events.get('custom_zoom_meeting_started')?.({
                data,
                broadcast: {connection_id: connection},
            }),
    };
}

type Loaded = ReturnType<typeof load>;

function show(loaded: Loaded, element: React.ReactElement): void {
    const into = document.createElement('div');
    document.body.append(into);
    const end = draw(
        // React 18 and later mount every component twice in strict mode.
        <React.StrictMode>
            <Surroundings store={loaded.store} registered={loaded.registered}>
                {element}
            </Surroundings>
        </React.StrictMode>,
        into,
    );
    undo.push(end);
}

/** Shows the client: a channel, or the list of threads where there is none. */
export async function showClient(loaded: Loaded, channelId = CHANNEL): Promise<void> {
    show(
        loaded,
        <Client
            registered={loaded.registered}
            channelId={channelId}
            channelName={channelId && 'Channel'}
            typed={(text) => loaded.registered.commandHooks.forEach((hook) => hook(text, {}))}
        />,
    );
    await screen.findByRole('banner');
}

/** Shows posts. */
export async function showPosts(loaded: Loaded, ...posts: Post[]): Promise<void> {
    show(loaded, <Posts registered={loaded.registered} posts={posts} />);
    await screen.findByRole('list', {name: 'Posts'});
}

/** A person at the keyboard and the mouse. */
export const hands = userEvent;
