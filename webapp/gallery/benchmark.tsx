// Benchmarks: drawing many posts, and the time from a click to the tab.
import React from 'react';
import ReactDOM from 'react-dom';

import type {Post} from '../src/mattermost';
import {Posts, Surroundings, draw} from '../test/fake-client/client';
import type {Registered} from '../test/fake-client/registry';
import type {makeStore} from '../test/fake-client/store';
import {meetingPost} from './posts';

const POSTS = 500;
const ROUNDS = 15;

/** Results in milliseconds: medians of alternating rounds. */
export interface Figures {
    meetings: number;
    /** With the layout of all cards. Browsers skip the cards out of sight. */
    laidOut: number;
    plain: number;
    clickToTab: number;
}

function median(values: number[]): number {
    values.sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

type Drawing = (posts: Post[]) => number;

/** Draws synchronously in every version of React. */
function drawing(store: ReturnType<typeof makeStore>, registered: Registered): Drawing {
    return (posts) => {
        const into = document.createElement('div');
        document.body.append(into);
        const began = performance.now();
        const remove = ReactDOM.flushSync(() =>
            draw(
                <Surroundings store={store} registered={registered}>
                    <Posts registered={registered} posts={posts} />
                </Surroundings>,
                into,
            ),
        );
        // Reading the height includes the layout.
        const height = into.getBoundingClientRect().height;
        const took = performance.now() - began;
        if (height < posts.length) {
            throw new Error('nothing was drawn');
        }
        remove();
        into.remove();
        return took;
    };
}

async function clickToTab(registered: Registered): Promise<number> {
    let clock = 0;
    window.fetch = () =>
        Promise.resolve(new Response(`{"meeting_url":"https://zoom.us/j/${performance.now()}"}`));
    const opened = new Promise<number>((resolve) => {
        window.open = () => {
            resolve(performance.now() - clock);
            return null;
        };
    });
    clock = performance.now();
    registered.headerButtons[0]?.action({id: `channel${clock}`});
    return opened;
}

/** Runs all benchmarks. */
export async function measure(
    store: ReturnType<typeof makeStore>,
    registered: Registered,
): Promise<Figures> {
    const numbers = Array.from({length: POSTS}, (_, index) => index);
    const meetings = numbers.map((index) => meetingPost({}, {id: `m${index}`}));
    // A formatted message of about the same length as a card.
    const message =
        'I have started a meeting about the **release**, please join https://zoom.us/j/1';
    const plain = numbers.map((index) => meetingPost({}, {id: `p${index}`, type: '', message}));
    const time = drawing(store, registered);
    const all = document.createElement('style');
    all.textContent = '.zoom-card{content-visibility:visible!important}';
    const drawAll = () => {
        document.head.append(all);
        const took = time(meetings);
        all.remove();
        return took;
    };
    const rounds = Array.from({length: ROUNDS}, () => ({
        plain: time(plain),
        meetings: time(meetings),
        laidOut: drawAll(),
    }));
    const clicks: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one click after the other
        clicks.push(await clickToTab(registered));
    }
    return {
        plain: median(rounds.map((round) => round.plain)),
        meetings: median(rounds.map((round) => round.meetings)),
        laidOut: median(rounds.map((round) => round.laidOut)),
        clickToTab: median(clicks),
    };
}
