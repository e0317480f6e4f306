// All states on one page, drawn by the built plugin: `make webapp-gallery`.
//
// `?state=ended` shows one of them (and `starting` and `blocked` what stands in the corner), `?locale=ja`, `?theme=dark` and `?clock=24` change how.
import React from 'react';

import type {HostWindow, User} from '../src/host';
import {Posts, Surroundings, draw} from '../host/page';
import {makeRegistry} from '../host/registry';
import {makeStore} from '../host/store';
import '../host/theme.css';
import {measure} from './measure';
import {STATES} from './states';

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

/** What else there is to see: a start under way, and one whose tab the browser did not open. */
const NOTICES: Readonly<Record<string, () => void>> = {
    starting: () => {
        window.fetch = () => new Promise(() => undefined);
    },
    blocked: () => {
        const answer = JSON.stringify({meeting_url: 'https://zoom.us/j/85746065432'});
        window.fetch = () => Promise.resolve(new Response(answer));
        window.open = () => null;
    },
};

/** The parts that are no posts: the button and the corner. */
function Frame() {
    const button = registered.headerButtons[0];
    const wanted = query.get('state');
    const states = Object.entries(STATES).filter(([name]) => wanted === null || name === wanted);
    return (
        <>
            <h1 className="gallery-title">{wanted ?? 'All states'}</h1>
            <header className="channel-header">
                <h2 className="gallery-name">Channel header</h2>
                <button
                    type="button"
                    className="channel-header__icon"
                    aria-label="Start Zoom Meeting"
                    onClick={() => button?.action({id: 'c'.repeat(26)})}
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
    const prepare = NOTICES[query.get('state') ?? ''];
    if (prepare) {
        prepare();
        registered.headerButtons[0]?.action({id: 'c'.repeat(26)});
    }
    Object.assign(window, {measure: () => measure(store, registered)});
    document.body.dataset.ready = 'yes';
};
Object.assign(window, {registerPlugin});

const script = document.createElement('script');
script.src = 'main.js';
document.head.append(script);
