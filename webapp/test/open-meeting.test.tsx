// Opening a meeting in one tab of the client that asked: the response, the event, and blocked tabs.
import {screen, waitFor} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it, vi} from 'vitest';

import type {WebSocketMessage} from '../src/mattermost';
import {MeetingTabs} from '../src/meeting-tabs';
import {
    CHANNEL,
    CONNECTION,
    BUTTON_PLACES,
    jsonResponse,
    deferred,
    loadPlugin,
    mockServer,
    renderClient,
    startButton,
    mockTabs,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings';
const URL = 'https://zoom.us/j/85746065432?pwd=abc.1';
const started = () => jsonResponse(200, {meeting_url: URL});
const OURS = {meeting_url: URL, connection_id: CONNECTION};

it.each(BUTTON_PLACES)(
    'zm126 the meeting opens in one tab, whether the response or the event is first ($place)',
    async (place) => {
        const answer = deferred<Response>();
        mockServer({[MEETINGS]: () => answer.promise});
        const {open, opened} = mockTabs();
        const client = loadPlugin();
        await renderClient(client, place);
        await userEvent.click(startButton());
        client.receiveEvent(OURS);
        await waitFor(() => expect(open).toHaveBeenCalledWith(URL, '_blank'));
        answer.resolve(started());
        await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
        expect(open).toHaveBeenCalledOnce();
        expect(opened[0]?.opener, 'the new tab has no access to this one').toBeNull();
    },
);

it('zm126 the meeting opens even without a websocket connection', async () => {
    mockServer({[MEETINGS]: started});
    const {open} = mockTabs();
    await renderClient(loadPlugin());
    await userEvent.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledOnce());
});

/** The tabs of one client, with a clock that the test sets. */
function createTabs({blocked = false, connection = CONNECTION} = {}) {
    let now = 0;
    const {open} = mockTabs(blocked);
    const meetingTabs = new MeetingTabs(
        () => connection,
        () => now,
    );
    return {open, meetingTabs, wait: (ms: number) => (now += ms)};
}

it('zm126 an event minutes after the response opens nothing', () => {
    const {open, meetingTabs, wait} = createTabs();
    expect(meetingTabs.open(URL, '', 'response')).toBe('opened');
    wait(5 * 60_000);
    expect(meetingTabs.open(URL, '', 'event')).toBe('already open');
    expect(open).toHaveBeenCalledOnce();
});

it('zm126 a personal room that is started again opens again', () => {
    const {open, meetingTabs, wait} = createTabs();
    // The event of the first start is lost.
    expect(meetingTabs.open(URL, '', 'response')).toBe('opened');
    wait(60_000);
    meetingTabs.expectMeeting();
    expect(meetingTabs.open(URL, '', 'event')).toBe('opened');
    expect(meetingTabs.open(URL, '', 'response')).toBe('already open');
    wait(1_000);
    expect(meetingTabs.open(URL, '', 'event'), 'a second event is another start').toBe('opened');
    expect(open).toHaveBeenCalledTimes(3);
});

it('zm126 a blocked tab does not count as opened', () => {
    const {open, meetingTabs} = createTabs({blocked: true});
    expect(meetingTabs.open(URL, '', 'event')).toBe('blocked');
    expect(meetingTabs.open(URL, '', 'response')).toBe('blocked');
    expect(open).toHaveBeenCalledTimes(2);
});

it('f12 zm126 an event opens the meeting only in the client that it names', () => {
    const {open} = mockTabs();
    const [asking, other] = [loadPlugin(), loadPlugin()];
    other.store.dispatch({type: 'CONNECTED', value: 'o'.repeat(26)});
    other.receiveEvent(OURS);
    expect(open).not.toHaveBeenCalled();
    asking.receiveEvent(OURS);
    expect(open).toHaveBeenCalledOnce();
});

/** Connection IDs of other clients. */
const FOREIGN: [string, WebSocketMessage['data']][] = [
    ['another connection', {connection_id: 'v'.repeat(26)}],
    ['a prefix of this client’s connection', {connection_id: CONNECTION.slice(0, 25)}],
    ['this client’s connection in capitals', {connection_id: CONNECTION.toUpperCase()}],
    ['this client’s connection in a list', {connection_id: [CONNECTION]}],
    ['this client’s connection in an object', {connection_id: {id: CONNECTION}}],
    ['a number', {connection_id: 1}],
    ['a boolean', {connection_id: true}],
];

it.each(FOREIGN)(
    'f12 an event that names %s opens nothing, even while the user waits for a meeting',
    (_, data) => {
        const {open} = mockTabs();
        const client = loadPlugin();
        client.typeCommand('/zoom start');
        client.receiveEvent({meeting_url: URL, ...data});
        expect(open).not.toHaveBeenCalled();
        client.receiveEvent(OURS);
        expect(open).toHaveBeenCalledOnce();
    },
);

it('f12 an event that names another client does not end the wait for this client’s event', () => {
    const {open} = mockTabs();
    const client = loadPlugin();
    client.typeCommand('/zoom start');
    client.receiveEvent({meeting_url: 'https://zoom.us/j/2', connection_id: 'v'.repeat(26)});
    client.receiveEvent({meeting_url: URL});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL]);
});

it('f12 a client without a connection opens nothing for an event that names a connection', () => {
    const {open, meetingTabs} = createTabs({connection: ''});
    meetingTabs.enableCommandReports();
    meetingTabs.expectMeeting();
    expect(meetingTabs.isForThisClient({data: OURS})).toBe(false);
    expect(open).not.toHaveBeenCalled();
});

it('f12 the connection in the envelope of an event is ignored', () => {
    const {open} = mockTabs();
    const {parts} = loadPlugin();
    const envelope = {data: {meeting_url: URL}, broadcast: {connection_id: CONNECTION}};
    parts.eventHandlers.get('custom_zoom_meeting_started')?.(envelope);
    expect(open).not.toHaveBeenCalled();
});

it.each([{}, {connection_id: ''}, {connection_id: null}])(
    'f12 zm126 an event without a connection opens only where the command was typed: %o',
    (data) => {
        const {open} = mockTabs();
        const [typist, other] = [loadPlugin(), loadPlugin()];
        typist.typeCommand('/zoom start Standup');
        other.typeCommand('/zoom help');
        other.receiveEvent({meeting_url: URL, ...data});
        expect(open).not.toHaveBeenCalled();
        typist.receiveEvent({meeting_url: URL, ...data});
        expect(open).toHaveBeenCalledOnce();
    },
);

it.each(['/zoom connect', '/ZOOM Start', '  /zoom start  x'])(
    'f12 an event without a connection opens the meeting after %s',
    (command) => {
        const {open} = mockTabs();
        const client = loadPlugin();
        client.typeCommand(command);
        client.receiveEvent({meeting_url: URL});
        expect(open).toHaveBeenCalledOnce();
    },
);

it('f12 zm126 an event without a connection opens the meeting after a question, once', async () => {
    mockServer({[MEETINGS]: () => jsonResponse(200, {meeting_url: ''})});
    const {open} = mockTabs();
    const client = loadPlugin();
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
    client.receiveEvent({meeting_url: URL});
    client.receiveEvent({meeting_url: 'https://zoom.us/j/2'});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL]);
});

it('f12 the wait for an event without a connection ends after five minutes', () => {
    const {meetingTabs, wait} = createTabs();
    meetingTabs.enableCommandReports();
    meetingTabs.expectMeeting();
    wait(299_999);
    expect(meetingTabs.isForThisClient({data: {meeting_url: URL}})).toBe(true);
    wait(1);
    expect(meetingTabs.isForThisClient({data: {meeting_url: URL}})).toBe(false);
});

it('zm126 a command typed elsewhere opens nothing after this client has its meeting', async () => {
    mockServer({[MEETINGS]: started});
    const {open} = mockTabs();
    const client = loadPlugin();
    await renderClient(client);
    await userEvent.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledOnce());
    client.receiveEvent({meeting_url: 'https://zoom.us/j/2'});
    client.typeCommand('/zoom start');
    client.receiveEvent({meeting_url: 'https://zoom.us/j/3'});
    client.receiveEvent({meeting_url: 'https://zoom.us/j/4'});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL, 'https://zoom.us/j/3']);
});

it('zm126 a client that does not report commands opens the meeting', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const {open} = mockTabs();
    loadPlugin({}, ['registerSlashCommandWillBePostedHook']).receiveEvent({meeting_url: URL});
    expect(open).toHaveBeenCalledOnce();
});

/** Data without a link. */
const WITHOUT_LINK: [WebSocketMessage['data']][] = [
    [undefined],
    [{}],
    [{meeting_url: 7}],
    [{meeting_url: null}],
];

it.each(WITHOUT_LINK)('f12 an event without a link opens nothing: %o', (data) => {
    const {open} = mockTabs();
    const client = loadPlugin();
    client.typeCommand('/zoom start');
    client.receiveEvent(data);
    expect(open).not.toHaveBeenCalled();
});

it('zm126 the hook returns a command unchanged', () => {
    const args = {channel_id: CHANNEL};
    const [hook] = loadPlugin().parts.commandHooks;
    expect(hook?.('/zoom start x', args)).toEqual({message: '/zoom start x', args});
});

it.each(BUTTON_PLACES)(
    'd62 if the browser blocks the tab after a click in the $place, a notice has a link',
    async (place) => {
        mockServer({[MEETINGS]: started});
        mockTabs(true);
        await renderClient(loadPlugin(), place);
        await userEvent.click(startButton());
        const link = await screen.findByRole('link', {name: 'Open meeting, opens in a new tab'});
        expect(link.getAttribute('href')).toBe(URL);
        expect(link.getAttribute('rel')).toBe('noopener noreferrer');
        expect(screen.getByRole('status').textContent).toContain('blocked the new tab');
    },
);

it.each(['registerRootComponent', 'registerReducer'])(
    'd62 without %s, the link is in a message',
    async (method) => {
        vi.spyOn(console, 'warn').mockImplementation(() => undefined);
        mockServer({[MEETINGS]: started});
        mockTabs(true);
        const client = loadPlugin({}, [method]);
        await renderClient(client);
        await userEvent.click(startButton());
        await waitFor(() => expect(client.ephemeralPosts()).toHaveLength(1));
        expect(client.ephemeralPosts()[0]?.message).toContain(`[Open meeting](${URL})`);
    },
);

it('d62 the desktop app opens the browser, which does not count as blocked', async () => {
    vi.stubGlobal('desktopAPI', {});
    mockServer({[MEETINGS]: started});
    const {open} = mockTabs(true);
    await renderClient(loadPlugin());
    await userEvent.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledWith(URL, '_blank', 'noopener,noreferrer'));
    expect(screen.queryByRole('link', {name: 'Open meeting, opens in a new tab'})).toBeNull();
});

it('d27 an event with an insecure link opens nothing', async () => {
    mockServer({});
    const {open} = mockTabs();
    const client = loadPlugin();
    await renderClient(client);
    client.receiveEvent({...OURS, meeting_url: 'javascript:alert(1)'});
    await screen.findByText(/its link is not secure/);
    expect(open).not.toHaveBeenCalled();
});
