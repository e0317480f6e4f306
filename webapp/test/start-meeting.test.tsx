// Starting a meeting with a button: the request, the place, and the progress.
import {screen, waitFor} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {
    CHANNEL,
    CONNECTION,
    PLACES,
    THREAD,
    hands,
    json,
    later,
    load,
    serve,
    showClient,
    startButton,
    tabs,
    thread,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings';
const URL = 'https://zoom.us/j/85746065432?pwd=abc.1';
const started = () => json(200, {meeting_url: URL});

it.each(PLACES)(
    'zm124 a click in the $place asks for a meeting in the channel, for the user and this client',
    async (place) => {
        document.cookie = 'MMCSRF=token-of-the-session';
        const asked = serve({[MEETINGS]: started});
        tabs();
        await showClient(load(), place);
        await hands.click(startButton());
        await waitFor(() => expect(asked).toHaveLength(1));
        expect(asked[0]).toMatchObject({
            method: 'POST',
            path: MEETINGS,
            body: {channel_id: CHANNEL, root_id: '', topic: '', connection_id: CONNECTION},
            headers: {
                'Content-Type': 'application/json',
                'X-CSRF-Token': 'token-of-the-session',
                'X-Requested-With': 'XMLHttpRequest',
            },
        });
    },
);

it('zm123 requests have the path of the site URL', async () => {
    const asked = serve({});
    await showClient(load({siteUrl: 'https://chat.example.com/team/'}));
    await hands.click(startButton());
    await waitFor(() => expect(asked[0]?.path).toBe(`/team${MEETINGS}`));
});

it.each(PLACES)(
    'd62 a click in the $place starts the meeting in the open thread',
    async (place) => {
        const asked = serve({[MEETINGS]: started});
        tabs();
        const loaded = load();
        loaded.store.dispatch({type: 'RECEIVED_POST', data: thread});
        loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
        await showClient(loaded, place);
        await hands.click(startButton());
        await waitFor(() => expect(asked[0]?.body).toMatchObject({root_id: THREAD}));
    },
);

it.each(PLACES)(
    'd62 a click in the $place ignores an open thread of another channel',
    async (place) => {
        const asked = serve({[MEETINGS]: started});
        tabs();
        const loaded = load();
        loaded.store.dispatch({type: 'RECEIVED_POST', data: {...thread, channel_id: 'other'}});
        loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
        await showClient(loaded, place);
        await hands.click(startButton());
        await waitFor(() => expect(asked[0]?.body).toMatchObject({root_id: ''}));
    },
);

it('zm122 in the list of threads, the meeting is started in the selected thread', async () => {
    const asked = serve({
        [MEETINGS]: started,
        [`/api/v4/posts/${THREAD}`]: () => json(200, {channel_id: CHANNEL}),
    });
    tabs();
    const loaded = load();
    loaded.store.dispatch({type: 'THREADS_SELECTED', id: THREAD});
    await showClient(loaded, {channelId: ''});
    await hands.click(startButton());
    await waitFor(() =>
        expect(asked.at(-1)?.body).toMatchObject({channel_id: CHANNEL, root_id: THREAD}),
    );
});

it.each(['drafts', 'scheduled_posts'])(
    'd62 on the page %s, the selected thread of the list is not used',
    async (page) => {
        const asked = serve({[MEETINGS]: started});
        const loaded = load();
        loaded.store.dispatch({type: 'THREADS_SELECTED', id: THREAD});
        loaded.store.dispatch({type: 'PAGE_SHOWN', id: page});
        await showClient(loaded, {channelId: ''});
        await hands.click(startButton());
        await screen.findByText(/^Open a channel or a thread first/);
        expect(asked).toHaveLength(0);
    },
);

it('d62 without a channel and a thread, a notice says so and no request is made', async () => {
    const asked = serve({});
    await showClient(load(), {channelId: ''});
    await hands.click(startButton());
    await screen.findByText(/^Open a channel or a thread first/);
    await hands.click(screen.getByRole('button', {name: 'Close'}));
    await waitFor(() => expect(screen.queryByText(/^Open a channel/)).toBeNull());
    expect(asked).toEqual([]);
});

it('d62 a client without root components shows the notice as a message in the current channel', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    serve({});
    const loaded = load({}, ['registerRootComponent']);
    loaded.store.dispatch({type: 'CHANNEL_SEEN', id: CHANNEL});
    await showClient(loaded, {channelId: ''});
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[0]?.message).toMatch(/^Open a channel/));
    expect(loaded.told()[0]?.channel_id).toBe(CHANNEL);
});

it.each(PLACES)(
    'd62 a start from the $place is announced, and a second click is ignored',
    async (place) => {
        const answer = later<Response>();
        const asked = serve({[MEETINGS]: () => answer.promise});
        tabs();
        await showClient(load(), place);
        await hands.dblClick(startButton());
        expect((await screen.findByRole('status')).textContent).toBe('Starting a Zoom meeting…');
        // The icon in the app bar is an image, so only the notice shows the progress.
        const spinners = document.querySelectorAll('.channel-header .zoom-spinner');
        expect(spinners).toHaveLength(place.appBar ? 0 : 1);
        answer.keep(started());
        await waitFor(() => expect(screen.getByRole('status').textContent).toBe(''));
        await hands.click(startButton());
        expect(asked).toHaveLength(1);
    },
);

it('d62 with two starts in progress, the button turns until both are finished', async () => {
    const answers = [later<Response>(), later<Response>()];
    let turn = 0;
    serve({[MEETINGS]: () => answers[turn++]?.promise ?? json(500, {})});
    tabs();
    const loaded = load();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: thread});
    await showClient(loaded, {appBar: false});
    await hands.click(startButton());
    loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await hands.click(startButton());
    await screen.findByText('Starting a Zoom meeting in the thread…');
    answers[1]?.keep(json(500, {error: 'Zoom is away.'}));
    await screen.findByText('Starting a Zoom meeting…');
    expect(startButton().querySelector('.zoom-spinner')).not.toBeNull();
    answers[0]?.keep(started());
    await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
    expect(startButton().querySelector('.zoom-spinner')).toBeNull();
});

it('d62 after an error the button works again', async () => {
    let count = 0;
    serve({[MEETINGS]: () => json(500, {error: `failure ${(count += 1)}`})});
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const loaded = load();
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(1));
    now.mockReturnValue(1_001_001);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(2));
});
