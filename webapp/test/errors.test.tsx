// Error messages after a click: their text, their place, and their author.
import {waitFor} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {
    CHANNEL,
    PLACES,
    THREAD,
    hands,
    json,
    later,
    load,
    person,
    serve,
    showClient,
    startButton,
    tabs,
    thread,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings';
const BOT = '/api/v4/users/username/zoom';
const away = () => json(500, {error: 'Zoom is away.'});

it.each([
    [
        'a sentence of the plugin',
        () => json(504, {error: 'Zoom took too long.'}),
        'Zoom took too long.',
    ],
    [
        'a refusal with status 200',
        () => json(200, {error: 'Not in this channel.'}),
        'Not in this channel.',
    ],
    ['a message of Mattermost', () => json(401, {message: 'Please sign in.'}), 'Please sign in.'],
    [
        'the page of a gateway',
        () => new Response('<html>', {status: 502}),
        'returned an unexpected response',
    ],
    ['no answer', () => Promise.reject(new TypeError('failed')), 'could not be reached'],
])('d26 zm125 an error is shown where the click was: %s', async (_, answer, expected) => {
    serve({[MEETINGS]: answer});
    const loaded = load();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: thread});
    loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(1));
    expect(loaded.told()[0]).toMatchObject({
        channel_id: CHANNEL,
        root_id: THREAD,
        type: 'system_ephemeral',
        user_id: 'zoom',
        message: expect.stringContaining(expected) as string,
    });
});

it('d26 the plugin asks for the author of an error if the client does not know the bot', async () => {
    serve({[BOT]: () => json(200, {id: 'id-of-the-bot'})});
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[0]?.user_id).toBe('id-of-the-bot'));
});

it('d26 if there is no bot, the reader is the author', async () => {
    serve({});
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[0]?.user_id).toBe('ada'));
});

it('d26 an error does not wait long for its author', async () => {
    const asked = serve({[MEETINGS]: away, [BOT]: () => later<Response>().promise});
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[0]?.message).toBe('Zoom is away.'), {timeout: 5_000});
    expect(loaded.told()[0]?.user_id).toBe('ada');
    expect(asked.filter((one) => one.path === BOT)).toHaveLength(1);
});

it('d26 after a failure the plugin asks for the author again', async () => {
    let up = false;
    serve({
        [MEETINGS]: away,
        [BOT]: () => (up ? json(200, {id: 'the-bot'}) : json(502, {})),
    });
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[0]?.user_id).toBe('ada'));
    up = true;
    now.mockReturnValue(1_001_001);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[1]?.user_id).toBe('the-bot'));
});

it.each(PLACES)(
    'd36 after a click in the $place our own errors are in the language of the reader',
    async (place) => {
        serve({[MEETINGS]: () => Promise.reject(new TypeError('failed'))});
        const loaded = load({user: person('ada', {locale: 'es'})});
        await showClient(loaded, place);
        await hands.click(startButton());
        await waitFor(() =>
            expect(loaded.told()[0]?.message).toContain('contactar con el servidor'),
        );
    },
);

it.each([
    ['javascript:alert(1)'],
    ['http://zoom.us/j/1'],
    ['https://user:secret@zoom.us/j/1'],
    ['not an address'],
])('d27 an insecure link is not opened: %s', async (meetingUrl) => {
    serve({
        [MEETINGS]: () => json(200, {meeting_url: meetingUrl}),
        '/plugins/zoom/api/v1/client': () => json(200, {zoom_url: 'https://zoom.us'}),
    });
    const {open} = tabs();
    const loaded = load();
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()[0]?.message).toContain('its link is not secure'));
    expect(open).not.toHaveBeenCalled();
    expect(loaded.told()[0]?.message).not.toContain(meetingUrl);
});

it('d27 the link of a self-hosted Zoom without TLS is opened if its URL is configured', async () => {
    const meetingUrl = 'http://zoom.internal:8080/j/1';
    serve({
        [MEETINGS]: () => json(200, {meeting_url: meetingUrl}),
        '/plugins/zoom/api/v1/client': () => json(200, {zoom_url: 'http://zoom.internal:8080'}),
    });
    const {open} = tabs();
    await showClient(load());
    await hands.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledWith(meetingUrl, '_blank'));
});
