// Error messages after a click: their text, their place, and their author.
import {waitFor} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it, vi} from 'vitest';

import {makeUser} from './fake-client/store';
import {
    CHANNEL,
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
const BOT = '/api/v4/users/username/zoom';
const away = () => jsonResponse(500, {error: 'Zoom is away.'});

it.each([
    [
        'a sentence of the plugin',
        () => jsonResponse(504, {error: 'Zoom took too long.'}),
        'Zoom took too long.',
    ],
    [
        'a refusal with status 200',
        () => jsonResponse(200, {error: 'Not in this channel.'}),
        'Not in this channel.',
    ],
    [
        'a message of Mattermost',
        () => jsonResponse(401, {message: 'Please sign in.'}),
        'Please sign in.',
    ],
    [
        'the page of a gateway',
        () => new Response('<html>', {status: 502}),
        'returned an unexpected response',
    ],
    ['no answer', () => Promise.reject(new TypeError('failed')), 'could not be reached'],
])('d26 zm125 an error is shown where the click was: %s', async (_, answer, expected) => {
    mockServer({[MEETINGS]: answer});
    const client = loadPlugin();
    client.store.dispatch({type: 'RECEIVED_POST', data: threadPost});
    client.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()).toHaveLength(1));
    expect(client.ephemeralPosts()[0]).toMatchObject({
        channel_id: CHANNEL,
        root_id: THREAD,
        type: 'system_ephemeral',
        user_id: 'zoom',
        message: expect.stringContaining(expected) as string,
    });
});

it('d26 the plugin asks for the author of an error if the client does not know the bot', async () => {
    mockServer({[BOT]: () => jsonResponse(200, {id: 'id-of-the-bot'})});
    const client = loadPlugin({otherUsers: []});
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()[0]?.user_id).toBe('id-of-the-bot'));
});

it('d26 if there is no bot, the reader is the author', async () => {
    mockServer({});
    const client = loadPlugin({otherUsers: []});
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()[0]?.user_id).toBe('ada'));
});

it('d26 an error does not wait long for its author', async () => {
    const requests = mockServer({[MEETINGS]: away, [BOT]: () => deferred<Response>().promise});
    const client = loadPlugin({otherUsers: []});
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()[0]?.message).toBe('Zoom is away.'), {
        timeout: 5_000,
    });
    expect(client.ephemeralPosts()[0]?.user_id).toBe('ada');
    expect(requests.filter((one) => one.path === BOT)).toHaveLength(1);
});

it('d26 after a failure the plugin asks for the author again', async () => {
    let up = false;
    mockServer({
        [MEETINGS]: away,
        [BOT]: () => (up ? jsonResponse(200, {id: 'the-bot'}) : jsonResponse(502, {})),
    });
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const client = loadPlugin({otherUsers: []});
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()[0]?.user_id).toBe('ada'));
    up = true;
    now.mockReturnValue(1_001_001);
    await userEvent.click(startButton());
    await waitFor(() => expect(client.ephemeralPosts()[1]?.user_id).toBe('the-bot'));
});

it.each(BUTTON_PLACES)(
    'd36 after a click in the $place the webapp’s own errors are in the language of the reader',
    async (place) => {
        mockServer({[MEETINGS]: () => Promise.reject(new TypeError('failed'))});
        const client = loadPlugin({user: makeUser('ada', {locale: 'es'})});
        await renderClient(client, place);
        await userEvent.click(startButton());
        await waitFor(() =>
            expect(client.ephemeralPosts()[0]?.message).toContain('contactar con el servidor'),
        );
    },
);

it.each([
    ['javascript:alert(1)'],
    ['http://zoom.us/j/1'],
    ['https://user:secret@zoom.us/j/1'],
    ['not an address'],
])('d27 an insecure link is not opened: %s', async (meetingUrl) => {
    mockServer({
        [MEETINGS]: () => jsonResponse(200, {meeting_url: meetingUrl}),
        '/plugins/zoom/api/v1/client': () => jsonResponse(200, {zoom_url: 'https://zoom.us'}),
    });
    const {open} = mockTabs();
    const client = loadPlugin();
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() =>
        expect(client.ephemeralPosts()[0]?.message).toContain('its link is not secure'),
    );
    expect(open).not.toHaveBeenCalled();
    expect(client.ephemeralPosts()[0]?.message).not.toContain(meetingUrl);
});

it('d27 the link of a self-hosted Zoom without TLS is opened if its URL is configured', async () => {
    const meetingUrl = 'http://zoom.internal:8080/j/1';
    mockServer({
        [MEETINGS]: () => jsonResponse(200, {meeting_url: meetingUrl}),
        '/plugins/zoom/api/v1/client': () =>
            jsonResponse(200, {zoom_url: 'http://zoom.internal:8080'}),
    });
    const {open} = mockTabs();
    await renderClient(loadPlugin());
    await userEvent.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledWith(meetingUrl, '_blank'));
});
