// Starting a meeting with a button: the request, the place, and the progress.
import {screen, waitFor} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it, vi} from 'vitest';

import {
    CHANNEL,
    CONNECTION,
    BUTTON_PLACES,
    THREAD,
    jsonResponse,
    deferred,
    loadPlugin,
    mockServer,
    renderClient,
    startButton,
    mockTabs,
    threadPost,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings';
const URL = 'https://zoom.us/j/85746065432?pwd=abc.1';
const started = () => jsonResponse(200, {meeting_url: URL});

it.each(BUTTON_PLACES)(
    'zm124 a click in the $place requests a meeting in the channel, with the session and the connection of this client',
    async (place) => {
        document.cookie = 'MMCSRF=token-of-the-session';
        const requests = mockServer({[MEETINGS]: started});
        mockTabs();
        await renderClient(loadPlugin(), place);
        await userEvent.click(startButton());
        await waitFor(() => expect(requests).toHaveLength(1));
        expect(requests[0]).toMatchObject({
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
    const requests = mockServer({});
    await renderClient(loadPlugin({siteUrl: 'https://chat.example.com/team/'}));
    await userEvent.click(startButton());
    await waitFor(() => expect(requests[0]?.path).toBe(`/team${MEETINGS}`));
});

it.each(BUTTON_PLACES)(
    'd62 a click in the $place starts the meeting in the open thread',
    async (place) => {
        const requests = mockServer({[MEETINGS]: started});
        mockTabs();
        const client = loadPlugin();
        client.store.dispatch({type: 'RECEIVED_POST', data: threadPost});
        client.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
        await renderClient(client, place);
        await userEvent.click(startButton());
        await waitFor(() => expect(requests[0]?.body).toMatchObject({root_id: THREAD}));
    },
);

it.each(BUTTON_PLACES)(
    'd62 a click in the $place ignores an open thread of another channel',
    async (place) => {
        const requests = mockServer({[MEETINGS]: started});
        mockTabs();
        const client = loadPlugin();
        client.store.dispatch({type: 'RECEIVED_POST', data: {...threadPost, channel_id: 'other'}});
        client.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
        await renderClient(client, place);
        await userEvent.click(startButton());
        await waitFor(() => expect(requests[0]?.body).toMatchObject({root_id: ''}));
    },
);

it('zm122 in the list of threads, the meeting is started in the selected thread', async () => {
    const requests = mockServer({
        [MEETINGS]: started,
        [`/api/v4/posts/${THREAD}`]: () => jsonResponse(200, {channel_id: CHANNEL}),
    });
    mockTabs();
    const client = loadPlugin();
    client.store.dispatch({type: 'THREAD_SELECTED', id: THREAD});
    await renderClient(client, {channelId: ''});
    await userEvent.click(startButton());
    await waitFor(() =>
        expect(requests.at(-1)?.body).toMatchObject({channel_id: CHANNEL, root_id: THREAD}),
    );
});

it.each(['drafts', 'scheduled_posts'])(
    'd62 on the page %s, the selected thread of the list is not used',
    async (page) => {
        const requests = mockServer({[MEETINGS]: started});
        const client = loadPlugin();
        client.store.dispatch({type: 'THREAD_SELECTED', id: THREAD});
        client.store.dispatch({type: 'PAGE_SHOWN', id: page});
        await renderClient(client, {channelId: ''});
        await userEvent.click(startButton());
        await screen.findByText(/^Open a channel or a thread first/);
        expect(requests).toHaveLength(0);
    },
);

it('d62 without a channel and a thread, a notice says so and no request is made', async () => {
    const requests = mockServer({});
    await renderClient(loadPlugin(), {channelId: ''});
    await userEvent.click(startButton());
    await screen.findByText(/^Open a channel or a thread first/);
    await userEvent.click(screen.getByRole('button', {name: 'Close'}));
    await waitFor(() => expect(screen.queryByText(/^Open a channel/)).toBeNull());
    expect(requests).toEqual([]);
});

it.each(['registerRootComponent', 'registerReducer'])(
    'd62 without %s, the notice is a message in the current channel',
    async (method) => {
        vi.spyOn(console, 'warn').mockImplementation(() => undefined);
        mockServer({});
        const client = loadPlugin({}, [method]);
        client.store.dispatch({type: 'CHANNEL_SELECTED', id: CHANNEL});
        await renderClient(client, {channelId: ''});
        await userEvent.click(startButton());
        await waitFor(() => expect(client.ephemeralPosts()[0]?.message).toMatch(/^Open a channel/));
        expect(client.ephemeralPosts()[0]?.channel_id).toBe(CHANNEL);
    },
);

it.each(BUTTON_PLACES)(
    'd62 a start from the $place is announced, and a second click is ignored',
    async (place) => {
        const answer = deferred<Response>();
        const requests = mockServer({[MEETINGS]: () => answer.promise});
        mockTabs();
        await renderClient(loadPlugin(), place);
        await userEvent.dblClick(startButton());
        expect((await screen.findByRole('status')).textContent).toBe('Starting a Zoom meeting…');
        // The icon in the app bar is an image, so only the notice shows the progress.
        const spinners = document.querySelectorAll('.channel-header .zoom-spinner');
        expect(spinners).toHaveLength(place.appBar ? 0 : 1);
        answer.resolve(started());
        await waitFor(() => expect(screen.getByRole('status').textContent).toBe(''));
        await userEvent.click(startButton());
        expect(requests).toHaveLength(1);
    },
);

it('d62 with two starts in progress, the button spins until both are finished', async () => {
    const answers = [deferred<Response>(), deferred<Response>()];
    let turn = 0;
    mockServer({[MEETINGS]: () => answers[turn++]?.promise ?? jsonResponse(500, {})});
    mockTabs();
    const client = loadPlugin();
    client.store.dispatch({type: 'RECEIVED_POST', data: threadPost});
    await renderClient(client, {appBar: false});
    await userEvent.click(startButton());
    client.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await userEvent.click(startButton());
    await screen.findByText('Starting a Zoom meeting in the thread…');
    answers[1]?.resolve(jsonResponse(500, {error: 'Zoom is away.'}));
    await screen.findByText('Starting a Zoom meeting…');
    expect(startButton().querySelector('.zoom-spinner')).not.toBeNull();
    answers[0]?.resolve(started());
    await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
    expect(startButton().querySelector('.zoom-spinner')).toBeNull();
});

it('d62 after an error the button works again', async () => {
    let count = 0;
    mockServer({[MEETINGS]: () => jsonResponse(500, {error: `failure ${(count += 1)}`})});
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const client = loadPlugin();
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()).toHaveLength(1));
    now.mockReturnValue(1_001_001);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()).toHaveLength(2));
});
