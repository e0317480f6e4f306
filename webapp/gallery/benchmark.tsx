// Benchmarks: rendering many posts, and the time from a click to the tab.
import type {Post} from '@mattermost/types/posts';
import React from 'react';
import ReactDOM from 'react-dom';

import {Posts, Providers, render} from '../test/fake-client/client';
import type {RegisteredParts} from '../test/fake-client/registry';
import {type FakeStore, makeChannel} from '../test/fake-client/store';
import {makePost, meetingPost} from './posts';

const POST_COUNT = 500;
const ROUNDS = 15;

/** Results in milliseconds: medians of alternating rounds. */
export interface BenchmarkResults {
    meetingPosts: number;
    /** With the layout of all cards. Browsers skip the layout of cards that are out of view. */
    meetingPostsWithLayout: number;
    plainPosts: number;
    clickToTab: number;
}

function median(values: number[]): number {
    values.sort((a, b) => a - b);
    return values[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Renders posts synchronously, in every version of React. Returns the time. */
function renderTime(store: FakeStore, parts: RegisteredParts, posts: Post[]): number {
    const container = document.createElement('div');
    document.body.append(container);
    const start = performance.now();
    const unmount = ReactDOM.flushSync(() =>
        render(
            <Providers store={store} parts={parts}>
                <Posts posts={posts} />
            </Providers>,
            container,
        ),
    );
    // Reading the height includes the layout.
    const height = container.getBoundingClientRect().height;
    const time = performance.now() - start;
    if (height < posts.length) {
        throw new Error('nothing was rendered');
    }
    unmount();
    container.remove();
    return time;
}

async function clickToTab(parts: RegisteredParts): Promise<number> {
    let start = 0;
    window.fetch = () =>
        Promise.resolve(new Response(`{"meeting_url":"https://zoom.us/j/${performance.now()}"}`));
    const opened = new Promise<number>((resolve) => {
        window.open = () => {
            resolve(performance.now() - start);
            return null;
        };
    });
    start = performance.now();
    parts.headerButtons[0]?.action(makeChannel(`channel${start}`));
    return opened;
}

/** Runs all benchmarks. */
export async function runBenchmarks(
    store: FakeStore,
    parts: RegisteredParts,
): Promise<BenchmarkResults> {
    const numbers = Array.from({length: POST_COUNT}, (_, index) => index);
    const meetingPosts = numbers.map((index) => meetingPost({}, {id: `m${index}`}));
    // A formatted message of about the same length as a card.
    const message =
        'I have started a meeting about the **release**, please join https://zoom.us/j/1';
    const plainPosts = numbers.map((index) => makePost({id: `p${index}`, message}));
    const layOutAll = document.createElement('style');
    layOutAll.textContent = '.zoom-card{content-visibility:visible!important}';
    const renderTimeWithLayout = () => {
        document.head.append(layOutAll);
        const time = renderTime(store, parts, meetingPosts);
        layOutAll.remove();
        return time;
    };
    const rounds = Array.from({length: ROUNDS}, () => ({
        plainPosts: renderTime(store, parts, plainPosts),
        meetingPosts: renderTime(store, parts, meetingPosts),
        meetingPostsWithLayout: renderTimeWithLayout(),
    }));
    const clicks: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one click after the other
        clicks.push(await clickToTab(parts));
    }
    return {
        plainPosts: median(rounds.map((round) => round.plainPosts)),
        meetingPosts: median(rounds.map((round) => round.meetingPosts)),
        meetingPostsWithLayout: median(rounds.map((round) => round.meetingPostsWithLayout)),
        clickToTab: median(clicks),
    };
}
