// All states on one page, rendered by the built plugin: `make webapp-gallery`.
//
// `?state=ended` shows one state. `?state=blocked` and the other names in `SCENES` show the result of a click.
// `?console=console` and the other names in `CONSOLE` show the System Console with its section.
// `?locale=ja`, `?theme=dark`, `?clock=24`, and `?display=compact` change the language, the theme, the clock, and the
// display.
import React from 'react';

import type {ClientWindow} from '../src/mattermost';
import {Posts, Providers, render} from '../test/fake-client/client';
import {createRegistry} from '../test/fake-client/registry';
import {createFakeStore, makeChannel, makeUser} from '../test/fake-client/store';
import {UserSettingsDialog} from '../test/fake-client/user-settings';
import '../test/fake-client/theme.css';
import {runBenchmarks} from './benchmark';
import manifest from '../../plugin.json';
import {SystemConsole} from '../test/fake-client/system-console';
import {CONSOLE} from './console';
import {POSTS} from './posts';

const query = new URLSearchParams(window.location.search);
const UTC = {useAutomaticTimezone: 'false', automaticTimezone: '', manualTimezone: 'UTC'};

const store = createFakeStore({
    user: makeUser('ada', {locale: query.get('locale') ?? 'en', timezone: UTC}),
    otherUsers: [makeUser('bob'), makeUser('zoom', {is_bot: true})],
    siteUrl: window.location.origin,
    teamId: 't'.repeat(26),
    militaryTime: query.get('clock') === '24',
    summarize: () => undefined,
});
const {registry, parts} = createRegistry(store);

const CHANNEL = 'c'.repeat(26);
const MEETING = JSON.stringify({meeting_url: 'https://zoom.us/j/85746065432'});

function serverResponds(body: string): void {
    window.fetch = () => Promise.resolve(new Response(body));
}

function serverDoesNotRespond(): void {
    window.fetch = () => new Promise(() => undefined);
}

function clickHeaderButton(): void {
    parts.headerButtons[0]?.action(makeChannel(CHANNEL));
}

function clickCardButton(): void {
    document.querySelector<HTMLElement>('.zoom-actions button')?.click();
}

/** The settings of a user, as the server sends them. */
const SETTINGS: Readonly<Record<string, object>> = {
    'settings-connected': {connected: true, may_connect: true, zoom_email: 'ada@example.com'},
    'settings-not-connected': {connected: false, may_connect: true},
    'settings-managed': {connected: true, for_everybody: true},
    'settings-admin': {
        connected: true,
        for_everybody: true,
        may_connect: true,
        zoom_email: 'admin@example.com',
    },
    'settings-problem': {
        connected: true,
        for_everybody: true,
        problem: 'Your email address ada@example.com is not verified, so the plugin cannot use it.',
    },
};

/** The states after a click, and the name of the post that is clicked. */
const SCENES: Readonly<Record<string, {post?: string; click: () => void}>> = {
    starting: {
        click: () => {
            serverDoesNotRespond();
            clickHeaderButton();
        },
    },
    'starting-in-thread': {
        click: () => {
            serverDoesNotRespond();
            const thread = POSTS.started;
            store.dispatch({type: 'RECEIVED_POST', data: {...thread, channel_id: CHANNEL}});
            store.dispatch({type: 'THREAD_OPENED', id: thread?.id});
            clickHeaderButton();
        },
    },
    blocked: {
        click: () => {
            serverResponds(MEETING);
            window.open = () => null;
            clickHeaderButton();
        },
    },
    'no-channel': {click: () => parts.appBarButtons[0]?.action()},
    copied: {
        post: 'started',
        click: () => {
            Object.defineProperty(navigator, 'clipboard', {value: {writeText: async () => {}}});
            clickCardButton();
        },
    },
    'start-new-busy': {
        post: 'recently-created',
        click: () => {
            serverDoesNotRespond();
            clickCardButton();
        },
    },
    'start-new-done': {
        post: 'recently-created',
        click: () => {
            serverResponds(MEETING);
            window.open = () => window;
            clickCardButton();
        },
    },
};

const state = query.get('state');
const scene = SCENES[state ?? ''];
const settings = SETTINGS[state ?? ''];
if (settings) {
    serverResponds(JSON.stringify({meeting_id: 'ask', ...settings}));
} else if (state === 'settings-failed') {
    serverResponds('<html>');
} else if (state === 'settings-loading') {
    serverDoesNotRespond();
}

const consoleScene = CONSOLE[query.get('console') ?? ''];
if (consoleScene) {
    window.fetch = (path) => {
        const answer = consoleScene.answers[String(path)];
        return Promise.resolve(
            answer === undefined
                ? new Response('', {status: 502})
                : new Response(JSON.stringify(answer)),
        );
    };
}

/** The states, the button in the channel header, and the corner; or the dialog with the user settings. */
function Gallery() {
    if (state?.startsWith('settings-')) {
        return (
            <>
                <h1 className="gallery-title">{state}</h1>
                <UserSettingsDialog parts={parts} onClose={() => undefined} />
            </>
        );
    }
    return <PostGallery />;
}

function PostGallery() {
    const button = parts.headerButtons[0];
    const shown = scene?.post ?? state;
    const posts = Object.entries(POSTS).filter(([name]) => shown === null || name === shown);
    return (
        <>
            <h1 className="gallery-title">{state ?? 'All states'}</h1>
            <header className="channel-header">
                <h2 className="gallery-name">Channel header</h2>
                <button
                    type="button"
                    className="channel-header__icon"
                    aria-label="Start Zoom meeting"
                    onClick={clickHeaderButton}
                >
                    {button?.icon}
                </button>
            </header>
            {posts.map(([name, post]) => (
                <section key={name} data-state={name}>
                    {state === null && <h2 className="gallery-name">{name}</h2>}
                    <Posts posts={[post]} isCompact={query.get('display') === 'compact'} />
                </section>
            ))}
            {parts.roots.map((Root, index) => (
                <Root key={index} />
            ))}
        </>
    );
}

const registerPlugin: ClientWindow['registerPlugin'] = (_, plugin) => {
    plugin.initialize(registry, store);
    document.body.classList.toggle('theme-dark', query.get('theme') === 'dark');
    render(
        <Providers store={store} parts={parts}>
            {consoleScene ? (
                <SystemConsole manifest={manifest} parts={parts} save={() => Promise.resolve()} />
            ) : (
                <Gallery />
            )}
        </Providers>,
        document.querySelector('#root') ?? document.body,
    );
    // Click after the first rendering.
    requestAnimationFrame(() => setTimeout(() => scene?.click()));
    Object.assign(window, {runBenchmarks: () => runBenchmarks(store, parts)});
    document.body.dataset.ready = 'yes';
};
Object.assign(window, {registerPlugin});

const script = document.createElement('script');
script.src = 'main.js';
document.head.append(script);
