import {screen, waitFor} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {
    CHANNEL,
    CONNECTION,
    THREAD,
    hands,
    json,
    later,
    load,
    person,
    serve,
    showClient,
    tabs,
} from './stage';
import {Tabs} from '../src/tabs';

const MEETINGS = '/plugins/zoom/api/v1/meetings';
const URL = 'https://zoom.us/j/85746065432?pwd=abc.1';
const started = () => json(200, {meeting_url: URL});

function headerButton() {
    return screen.getByRole('button', {name: 'Start Zoom Meeting'});
}

function appBarButton() {
    const found = document.querySelector('#app-bar-icon-zoom [role=button]');
    if (!found) {
        throw new Error('there is no button in the app bar');
    }
    return found;
}

const thread = {
    id: THREAD,
    channel_id: CHANNEL,
    root_id: '',
    user_id: 'bob',
    message: 'root',
    type: '',
    create_at: 1,
    update_at: 1,
};

it('zm124 a click asks for a meeting in the channel, as the user and for this client', async () => {
    document.cookie = 'MMCSRF=token-of-the-session';
    const asked = serve({[MEETINGS]: started});
    tabs();
    await showClient(load());
    await hands.click(headerButton());
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
});

it('zm123 requests go to the path of a server that is not at the root', async () => {
    const asked = serve({});
    await showClient(load({siteUrl: 'https://chat.example.com/team/'}));
    await hands.click(headerButton());
    await waitFor(() => expect(asked[0]?.path).toBe(`/team${MEETINGS}`));
});

it('d62 a meeting is started in the thread that stands open beside the channel', async () => {
    const asked = serve({[MEETINGS]: started});
    tabs();
    const loaded = load();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: thread});
    loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await showClient(loaded);
    await hands.click(appBarButton());
    await waitFor(() => expect(asked[0]?.body).toMatchObject({root_id: THREAD}));
});

it('d62 a thread of another channel is not where the meeting goes', async () => {
    const asked = serve({[MEETINGS]: started});
    tabs();
    const loaded = load();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: {...thread, channel_id: 'other'}});
    loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(asked[0]?.body).toMatchObject({root_id: ''}));
});

it('zm122 in the list of threads the meeting is started in the selected one', async () => {
    const asked = serve({
        [MEETINGS]: started,
        [`/api/v4/posts/${THREAD}`]: () => json(200, {channel_id: CHANNEL}),
    });
    tabs();
    const loaded = load();
    loaded.store.dispatch({type: 'THREADS_SELECTED', id: THREAD});
    await showClient(loaded, '');
    await hands.click(appBarButton());
    await waitFor(() =>
        expect(asked.at(-1)?.body).toMatchObject({channel_id: CHANNEL, root_id: THREAD}),
    );
});

it.each(['drafts', 'scheduled_posts'])(
    'd62 on the page %s no thread is meant, though one is selected in the list',
    async (page) => {
        const asked = serve({[MEETINGS]: started});
        const loaded = load();
        loaded.store.dispatch({type: 'THREADS_SELECTED', id: THREAD});
        loaded.store.dispatch({type: 'PAGE_SHOWN', id: page});
        await showClient(loaded, '');
        await hands.click(appBarButton());
        await screen.findByText(/open a channel or a thread first/);
        expect(asked).toHaveLength(0);
    },
);

it('d62 where the header has no buttons the corner says that a meeting is being started', async () => {
    serve({[MEETINGS]: () => later<Response>().promise});
    const loaded = load({}, ['registerChannelHeaderButtonAction']);
    await showClient(loaded);
    expect(screen.queryByRole('button', {name: 'Start Zoom Meeting'})).toBeNull();
    await hands.click(appBarButton());
    await screen.findByText('Starting a Zoom meeting…');
});

it('d62 a client without corners is told in the channel that was seen last', async () => {
    serve({});
    const loaded = load({}, ['registerRootComponent']);
    loaded.store.dispatch({type: 'CHANNEL_SEEN', id: CHANNEL});
    await showClient(loaded, '');
    await hands.click(appBarButton());
    await waitFor(() => expect(loaded.told()[0]?.message).toMatch(/open a channel/));
    expect(loaded.told()[0]?.channel_id).toBe(CHANNEL);
});

it('d26 what went wrong is said at once, though nobody knows who says it', async () => {
    const bot = '/api/v4/users/username/zoom';
    const asked = serve({
        [MEETINGS]: () => json(500, {error: 'Zoom is away.'}),
        [bot]: () => later<Response>().promise,
    });
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()[0]?.message).toBe('Zoom is away.'), {timeout: 5_000});
    expect(loaded.told()[0]?.user_id).toBe('ada');
    expect(asked.filter((one) => one.path === bot)).toHaveLength(1);
});

it('d26 a look-up of the bot that failed is made again', async () => {
    const bot = '/api/v4/users/username/zoom';
    let up = false;
    serve({
        [MEETINGS]: () => json(500, {error: 'Zoom is away.'}),
        [bot]: () => (up ? json(200, {id: 'the-bot'}) : json(502, {})),
    });
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()[0]?.user_id).toBe('ada'));
    up = true;
    loaded.store.dispatch({type: 'THREAD_OPENED', id: ''});
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()[1]?.user_id).toBe('the-bot'));
});

it('d62 two starts at once turn the button until both are through', async () => {
    const answers = [later<Response>(), later<Response>()];
    let turn = 0;
    serve({[MEETINGS]: () => answers[turn++]?.promise ?? json(500, {})});
    tabs();
    const loaded = load();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: thread});
    await showClient(loaded);
    await hands.click(headerButton());
    loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await hands.click(headerButton());
    await screen.findByText('Starting a Zoom meeting in the thread…');
    answers[1]?.keep(json(500, {error: 'Zoom is away.'}));
    await screen.findByText('Starting a Zoom meeting…');
    expect(headerButton().querySelector('.zoom-spinner')).not.toBeNull();
    answers[0]?.keep(started());
    await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
    expect(headerButton().querySelector('.zoom-spinner')).toBeNull();
});

it('d62 without a thread or a channel the user is told, and nothing is asked', async () => {
    const asked = serve({});
    await showClient(load(), '');
    await hands.click(appBarButton());
    await screen.findByText(/open a channel or a thread first/);
    await hands.click(screen.getByRole('button', {name: 'Close'}));
    await waitFor(() => expect(screen.queryByText(/open a channel or a thread first/)).toBeNull());
    expect(asked).toEqual([]);
});

it('zm126 the meeting opens in one tab, whether the answer or the event is first', async () => {
    const answer = later<Response>();
    serve({[MEETINGS]: () => answer.promise});
    const {open, opened} = tabs();
    const loaded = load();
    await showClient(loaded);
    await hands.click(headerButton());
    loaded.event({meeting_url: URL}, CONNECTION);
    await waitFor(() => expect(open).toHaveBeenCalledWith(URL, '_blank'));
    answer.keep(started());
    await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
    expect(open).toHaveBeenCalledOnce();
    expect(opened[0]?.opener, 'the tab knows nothing of this one').toBeNull();
});

it('zm126 the meeting opens also while the websocket is away', async () => {
    serve({[MEETINGS]: started});
    const {open} = tabs();
    await showClient(load());
    await hands.click(headerButton());
    await waitFor(() => expect(open).toHaveBeenCalledOnce());
});

it('zm126 an event that comes minutes after its answer opens nothing', async () => {
    let now = 0;
    const open = tabs().open;
    const ours = new Tabs(
        () => CONNECTION,
        () => now,
    );
    expect(ours.open(URL, '', 'answer')).toBe('opened');
    now += 5 * 60_000;
    expect(ours.open(URL, '', 'event')).toBe('already');
    expect(open).toHaveBeenCalledOnce();
});

it('zm126 a personal room that is started again is opened again', async () => {
    let now = 0;
    const open = tabs().open;
    const ours = new Tabs(
        () => CONNECTION,
        () => now,
    );
    // One of the two was lost; the next start is told of by the other alone.
    expect(ours.open(URL, '', 'answer')).toBe('opened');
    now += 60_000;
    ours.ask();
    expect(ours.open(URL, '', 'event')).toBe('opened');
    expect(ours.open(URL, '', 'answer')).toBe('already');
    now += 1_000;
    expect(ours.open(URL, '', 'event'), 'the same once more is another start').toBe('opened');
    expect(open).toHaveBeenCalledTimes(3);
});

it('zm126 what the browser blocked is not taken for opened', () => {
    const blocked = tabs(true).open;
    const ours = new Tabs(() => CONNECTION);
    expect(ours.open(URL, '', 'event')).toBe('blocked');
    expect(ours.open(URL, '', 'answer')).toBe('blocked');
    expect(blocked).toHaveBeenCalledTimes(2);
});

it('zm126 an event for another client of the user opens nothing here', () => {
    const {open} = tabs();
    const loaded = load();
    loaded.event({meeting_url: URL}, 'somebody-elses-connection-');
    expect(open).not.toHaveBeenCalled();
    loaded.event({meeting_url: URL}, CONNECTION);
    expect(open).toHaveBeenCalledOnce();
});

it('zm126 an event for all clients opens only where the command was typed', async () => {
    const {open} = tabs();
    const [typist, other] = [load(), load()];
    typist.registered.commandHooks.forEach((hook) => hook('/zoom start Standup', {}));
    other.registered.commandHooks.forEach((hook) => hook('/zoom help', {}));
    other.event({meeting_url: URL});
    expect(open).not.toHaveBeenCalled();
    typist.event({meeting_url: URL});
    expect(open).toHaveBeenCalledOnce();
});

it('zm126 a command typed elsewhere opens nothing here after this client has had its meeting', async () => {
    serve({[MEETINGS]: started});
    const {open} = tabs();
    const loaded = load();
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(open).toHaveBeenCalledOnce());
    loaded.event({meeting_url: 'https://zoom.us/j/2'});
    loaded.registered.commandHooks.forEach((hook) => hook('/zoom start', {}));
    loaded.event({meeting_url: 'https://zoom.us/j/3'});
    loaded.event({meeting_url: 'https://zoom.us/j/4'});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL, 'https://zoom.us/j/3']);
});

it('zm126 a client that cannot tell who typed opens as before', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const {open} = tabs();
    load({}, ['registerSlashCommandWillBePostedHook']).event({meeting_url: URL});
    expect(open).toHaveBeenCalledOnce();
});

it('a command goes on as it was typed', () => {
    const args = {channel_id: CHANNEL};
    const [hook] = load().registered.commandHooks;
    expect(hook?.('/zoom start x', args)).toEqual({message: '/zoom start x', args});
});

it('d62 while a meeting is started that is seen and said, and a second click does nothing', async () => {
    const answer = later<Response>();
    const asked = serve({[MEETINGS]: () => answer.promise});
    tabs();
    await showClient(load());
    await hands.dblClick(headerButton());
    expect((await screen.findByRole('status')).textContent).toBe('Starting a Zoom meeting…');
    expect(headerButton().querySelector('.zoom-spinner')).not.toBeNull();
    answer.keep(started());
    await waitFor(() => expect(screen.getByRole('status').textContent).toBe(''));
    await hands.click(headerButton());
    expect(asked).toHaveLength(1);
});

it('d62 a tab that the browser blocks becomes a link to click', async () => {
    serve({[MEETINGS]: started});
    tabs(true);
    await showClient(load());
    await hands.click(headerButton());
    const link = await screen.findByRole('link', {name: 'Open the meeting, opens in a new tab'});
    expect(link.getAttribute('href')).toBe(URL);
    expect(link.getAttribute('rel')).toBe('noopener noreferrer');
    expect(screen.getByRole('status').textContent).toContain('did not allow');
});

it('d62 where notices cannot be shown, the link is in a message', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    serve({[MEETINGS]: started});
    tabs(true);
    const loaded = load({}, ['registerRootComponent']);
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(1));
    expect(loaded.told()[0]?.message).toContain(`[Open the meeting](${URL})`);
});

it('the desktop app opens the browser and is not taken for one that blocks', async () => {
    vi.stubGlobal('desktopAPI', {});
    serve({[MEETINGS]: started});
    const {open} = tabs(true);
    await showClient(load());
    await hands.click(headerButton());
    await waitFor(() => expect(open).toHaveBeenCalledWith(URL, '_blank', 'noopener,noreferrer'));
    expect(screen.queryByRole('link', {name: 'Open the meeting, opens in a new tab'})).toBeNull();
});

it.each([
    ['javascript:alert(1)'],
    ['http://zoom.us/j/1'],
    ['https://user:secret@zoom.us/j/1'],
    ['not an address'],
])('d27 what is not a safe link is not opened: %s', async (meetingUrl) => {
    serve({
        [MEETINGS]: () => json(200, {meeting_url: meetingUrl}),
        '/plugins/zoom/api/v1/client': () => json(200, {zoom_url: 'https://zoom.us'}),
    });
    const {open} = tabs();
    const loaded = load();
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()[0]?.message).toContain('not safe to open'));
    expect(open).not.toHaveBeenCalled();
    expect(loaded.told()[0]?.message).not.toContain(meetingUrl);
});

it('d27 a self-hosted Zoom without TLS is opened when it is the configured one', async () => {
    const meetingUrl = 'http://zoom.internal:8080/j/1';
    serve({
        [MEETINGS]: () => json(200, {meeting_url: meetingUrl}),
        '/plugins/zoom/api/v1/client': () => json(200, {zoom_url: 'http://zoom.internal:8080'}),
    });
    const {open} = tabs();
    await showClient(load());
    await hands.click(headerButton());
    await waitFor(() => expect(open).toHaveBeenCalledWith(meetingUrl, '_blank'));
});

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
        'did not answer as it should',
    ],
    ['no answer', () => Promise.reject(new TypeError('failed')), 'could not be reached'],
])('d26 zm125 an error is said where the click was: %s', async (_, answer, expected) => {
    serve({[MEETINGS]: answer});
    const loaded = load();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: thread});
    loaded.store.dispatch({type: 'THREAD_OPENED', id: THREAD});
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(1));
    expect(loaded.told()[0]).toMatchObject({
        channel_id: CHANNEL,
        root_id: THREAD,
        type: 'system_ephemeral',
        user_id: 'zoom',
        message: expect.stringContaining(expected) as string,
    });
});

it('d26 the author of an error is looked up where the client does not know the bot', async () => {
    serve({'/api/v4/users/username/zoom': () => json(200, {id: 'id-of-the-bot'})});
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()[0]?.user_id).toBe('id-of-the-bot'));
});

it('d26 where there is no bot to be found the message has an author still', async () => {
    serve({});
    const loaded = load({users: []});
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()[0]?.user_id).toBe('ada'));
});

it('d36 our own errors are in the language of the reader', async () => {
    serve({[MEETINGS]: () => Promise.reject(new TypeError('failed'))});
    const loaded = load({user: person('ada', {locale: 'es'})});
    await showClient(loaded);
    await hands.click(await screen.findByRole('button', {name: 'Iniciar reunión de Zoom'}));
    await waitFor(() => expect(loaded.told()[0]?.message).toContain('contactar con el servidor'));
});

it('after an error the button works again', async () => {
    let count = 0;
    serve({[MEETINGS]: () => json(500, {error: `failure ${(count += 1)}`})});
    const now = vi.spyOn(Date, 'now').mockReturnValue(1_000_000);
    const loaded = load();
    await showClient(loaded);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(1));
    now.mockReturnValue(1_001_001);
    await hands.click(headerButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(2));
});
