// All states on one page, drawn by the built plugin: `make webapp-gallery`.
//
// `?state=ended` shows one state. `?state=blocked` and the other names in `SCENES` show the result of a click.
// `?locale=ja`, `?theme=dark`, and `?clock=24` change the language, the theme, and the clock.
import React from 'react';

import type {HostWindow, User} from '../src/mattermost';
import {Posts, Surroundings, draw} from '../test/fake-client/client';
import {makeRegistry} from '../test/fake-client/registry';
import {makeStore} from '../test/fake-client/store';
import '../test/fake-client/theme.css';
import {measure} from './benchmark';
import {STATES} from './posts';

const query = new URLSearchParams(window.location.search);

function user(id: string, more: Partial<User> = {}): User {
    return {
        id,
        username: id,
        timezone: {useAutomaticTimezone: 'false', manualTimezone: 'UTC'},
        ...more,
    };
}

const store = makeStore({
    user: user('ada', {locale: query.get('locale') ?? 'en'}),
    users: [user('bob'), user('zoom', {is_bot: true})],
    siteUrl: window.location.origin,
    teamId: 't'.repeat(26),
    militaryTime: query.get('clock') === '24',
    ai: () => undefined,
});
const {registry, registered} = makeRegistry();

const CHANNEL = 'c'.repeat(26);
const MEETING = JSON.stringify({meeting_url: 'https://zoom.us/j/85746065432'});

function answers(body: string): void {
    window.fetch = () => Promise.resolve(new Response(body));
}

function neverAnswers(): void {
    window.fetch = () => new Promise(() => undefined);
}

function clickHeader(): void {
    registered.headerButtons[0]?.action({id: CHANNEL});
}

function clickCard(): void {
    document.querySelector<HTMLElement>('.zoom-actions button')?.click();
}

/** States after a click, and the post that is clicked. */
const SCENES: Readonly<Record<string, {post?: string; begin: () => void}>> = {
    starting: {
        begin: () => {
            neverAnswers();
            clickHeader();
        },
    },
    'starting-in-thread': {
        begin: () => {
            neverAnswers();
            const thread = STATES.started;
            store.dispatch({type: 'RECEIVED_POST', data: {...thread, channel_id: CHANNEL}});
            store.dispatch({type: 'THREAD_OPENED', id: thread?.id});
            clickHeader();
        },
    },
    blocked: {
        begin: () => {
            answers(MEETING);
            window.open = () => null;
            clickHeader();
        },
    },
    'no-channel': {begin: () => registered.appBar[0]?.action()},
    'start-new-busy': {
        post: 'recently-created',
        begin: () => {
            neverAnswers();
            clickCard();
        },
    },
    'start-new-done': {
        post: 'recently-created',
        begin: () => {
            answers(MEETING);
            window.open = () => window;
            clickCard();
        },
    },
};

const wanted = query.get('state');
const scene = SCENES[wanted ?? ''];

/** The states, the button in the channel header, and the corner. */
function Frame() {
    const button = registered.headerButtons[0];
    const shown = scene?.post ?? wanted;
    const states = Object.entries(STATES).filter(([name]) => shown === null || name === shown);
    return (
        <>
            <h1 className="gallery-title">{wanted ?? 'All states'}</h1>
            <header className="channel-header">
                <h2 className="gallery-name">Channel header</h2>
                <button
                    type="button"
                    className="channel-header__icon"
                    aria-label="Start Zoom meeting"
                    onClick={clickHeader}
                >
                    {button?.icon}
                </button>
            </header>
            {states.map(([name, post]) => (
                <section key={name} data-state={name}>
                    {wanted === null && <h2 className="gallery-name">{name}</h2>}
                    <Posts registered={registered} posts={[post]} />
                </section>
            ))}
            {registered.roots.map((Root, index) => (
                <Root key={index} />
            ))}
        </>
    );
}

const registerPlugin: HostWindow['registerPlugin'] = (_, plugin) => {
    plugin.initialize(registry, store);
    document.body.classList.toggle('theme-dark', query.get('theme') === 'dark');
    draw(
        <Surroundings store={store} registered={registered}>
            <Frame />
        </Surroundings>,
        document.querySelector('#root') ?? document.body,
    );
    // Click after the first drawing.
    requestAnimationFrame(() => setTimeout(() => scene?.begin()));
    Object.assign(window, {measure: () => measure(store, registered)});
    document.body.dataset.ready = 'yes';
};
Object.assign(window, {registerPlugin});

const script = document.createElement('script');
script.src = 'main.js';
document.head.append(script);
