// Opening the meeting in one tab of the client that asked: the answer, the event, and blocked tabs.
import {screen, waitFor} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import type {Event} from '../src/mattermost';
import {Tabs} from '../src/meeting-tabs';
import {
    CHANNEL,
    CONNECTION,
    PLACES,
    hands,
    json,
    later,
    load,
    serve,
    showClient,
    startButton,
    tabs,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings';
const URL = 'https://zoom.us/j/85746065432?pwd=abc.1';
const started = () => json(200, {meeting_url: URL});
const OURS = {meeting_url: URL, connection_id: CONNECTION};

it.each(PLACES)(
    'zm126 the meeting opens in one tab, whether the answer or the event is first ($place)',
    async (place) => {
        const answer = later<Response>();
        serve({[MEETINGS]: () => answer.promise});
        const {open, opened} = tabs();
        const loaded = load();
        await showClient(loaded, place);
        await hands.click(startButton());
        loaded.event(OURS);
        await waitFor(() => expect(open).toHaveBeenCalledWith(URL, '_blank'));
        answer.keep(started());
        await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
        expect(open).toHaveBeenCalledOnce();
        expect(opened[0]?.opener, 'the new tab has no access to this one').toBeNull();
    },
);

it('zm126 the meeting opens also without a websocket connection', async () => {
    serve({[MEETINGS]: started});
    const {open} = tabs();
    await showClient(load());
    await hands.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledOnce());
});

/** The tabs of one client with its own clock. */
function client({blocked = false, connection = CONNECTION} = {}) {
    let now = 0;
    const {open} = tabs(blocked);
    const ours = new Tabs(
        () => connection,
        () => now,
    );
    return {open, ours, wait: (ms: number) => (now += ms)};
}

it('zm126 an event minutes after the answer opens nothing', () => {
    const {open, ours, wait} = client();
    expect(ours.open(URL, '', 'answer')).toBe('opened');
    wait(5 * 60_000);
    expect(ours.open(URL, '', 'event')).toBe('already');
    expect(open).toHaveBeenCalledOnce();
});

it('zm126 a personal room that is started again opens again', () => {
    const {open, ours, wait} = client();
    // The event of the first start is lost.
    expect(ours.open(URL, '', 'answer')).toBe('opened');
    wait(60_000);
    ours.ask();
    expect(ours.open(URL, '', 'event')).toBe('opened');
    expect(ours.open(URL, '', 'answer')).toBe('already');
    wait(1_000);
    expect(ours.open(URL, '', 'event'), 'a second event is another start').toBe('opened');
    expect(open).toHaveBeenCalledTimes(3);
});

it('zm126 a blocked tab does not count as opened', () => {
    const {open, ours} = client({blocked: true});
    expect(ours.open(URL, '', 'event')).toBe('blocked');
    expect(ours.open(URL, '', 'answer')).toBe('blocked');
    expect(open).toHaveBeenCalledTimes(2);
});

it('f12 zm126 an event opens the meeting only in the client that it names', () => {
    const {open} = tabs();
    const [asking, other] = [load(), load()];
    other.store.dispatch({type: 'CONNECTED', value: 'o'.repeat(26)});
    other.event(OURS);
    expect(open).not.toHaveBeenCalled();
    asking.event(OURS);
    expect(open).toHaveBeenCalledOnce();
});

/** Connection IDs that are not ours. */
const FOREIGN: [string, Event['data']][] = [
    ['another connection', {connection_id: 'v'.repeat(26)}],
    ['a prefix of our connection', {connection_id: CONNECTION.slice(0, 25)}],
    ['our connection in capitals', {connection_id: CONNECTION.toUpperCase()}],
    ['our connection in a list', {connection_id: [CONNECTION]}],
    ['our connection in an object', {connection_id: {id: CONNECTION}}],
    ['a number', {connection_id: 1}],
    ['a boolean', {connection_id: true}],
];

it.each(FOREIGN)(
    'f12 an event that names %s opens nothing, even while the user waits for a meeting',
    (_, data) => {
        const {open} = tabs();
        const loaded = load();
        loaded.typed('/zoom start');
        loaded.event({meeting_url: URL, ...data});
        expect(open).not.toHaveBeenCalled();
        loaded.event(OURS);
        expect(open).toHaveBeenCalledOnce();
    },
);

it('f12 an event that names another client does not end the wait for our own', () => {
    const {open} = tabs();
    const loaded = load();
    loaded.typed('/zoom start');
    loaded.event({meeting_url: 'https://zoom.us/j/2', connection_id: 'v'.repeat(26)});
    loaded.event({meeting_url: URL});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL]);
});

it('f12 a client without a connection opens nothing for an event that names one', () => {
    const {open, ours} = client({connection: ''});
    ours.hearCommands();
    ours.ask();
    expect(ours.isForUs({data: OURS})).toBe(false);
    expect(open).not.toHaveBeenCalled();
});

it('f12 the addressee in the envelope of an event does not count', () => {
    const {open} = tabs();
    const {registered} = load();
    const envelope = {data: {meeting_url: URL}, broadcast: {connection_id: CONNECTION}};
    registered.events.get('custom_zoom_meeting_started')?.(envelope);
    expect(open).not.toHaveBeenCalled();
});

it.each([{}, {connection_id: ''}, {connection_id: null}])(
    'f12 zm126 an event without a connection opens only where the command was typed: %o',
    (data) => {
        const {open} = tabs();
        const [typist, other] = [load(), load()];
        typist.typed('/zoom start Standup');
        other.typed('/zoom help');
        other.event({meeting_url: URL, ...data});
        expect(open).not.toHaveBeenCalled();
        typist.event({meeting_url: URL, ...data});
        expect(open).toHaveBeenCalledOnce();
    },
);

it.each(['/zoom connect', '/ZOOM Start', '  /zoom start  x'])(
    'f12 an event without a connection opens the meeting after %s',
    (command) => {
        const {open} = tabs();
        const loaded = load();
        loaded.typed(command);
        loaded.event({meeting_url: URL});
        expect(open).toHaveBeenCalledOnce();
    },
);

it('f12 zm126 an event without a connection opens the meeting after a question, once', async () => {
    serve({[MEETINGS]: () => json(200, {meeting_url: ''})});
    const {open} = tabs();
    const loaded = load();
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(screen.queryByText('Starting a Zoom meeting…')).toBeNull());
    loaded.event({meeting_url: URL});
    loaded.event({meeting_url: 'https://zoom.us/j/2'});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL]);
});

it('f12 the wait for an event without a connection ends after five minutes', () => {
    const {ours, wait} = client();
    ours.hearCommands();
    ours.ask();
    wait(299_999);
    expect(ours.isForUs({data: {meeting_url: URL}})).toBe(true);
    wait(1);
    expect(ours.isForUs({data: {meeting_url: URL}})).toBe(false);
});

it('zm126 a command typed elsewhere opens nothing after this client has its meeting', async () => {
    serve({[MEETINGS]: started});
    const {open} = tabs();
    const loaded = load();
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledOnce());
    loaded.event({meeting_url: 'https://zoom.us/j/2'});
    loaded.typed('/zoom start');
    loaded.event({meeting_url: 'https://zoom.us/j/3'});
    loaded.event({meeting_url: 'https://zoom.us/j/4'});
    expect(open.mock.calls.map(([url]) => url)).toEqual([URL, 'https://zoom.us/j/3']);
});

it('zm126 a client that does not report commands opens the meeting', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const {open} = tabs();
    load({}, ['registerSlashCommandWillBePostedHook']).event({meeting_url: URL});
    expect(open).toHaveBeenCalledOnce();
});

/** Data without a link. */
const WITHOUT_LINK: [Event['data']][] = [
    [undefined],
    [{}],
    [{meeting_url: 7}],
    [{meeting_url: null}],
];

it.each(WITHOUT_LINK)('f12 an event without a link opens nothing: %o', (data) => {
    const {open} = tabs();
    const loaded = load();
    loaded.typed('/zoom start');
    loaded.event(data);
    expect(open).not.toHaveBeenCalled();
});

it('zm126 the hook returns a command unchanged', () => {
    const args = {channel_id: CHANNEL};
    const [hook] = load().registered.commandHooks;
    expect(hook?.('/zoom start x', args)).toEqual({message: '/zoom start x', args});
});

it.each(PLACES)(
    'd62 if the browser blocks the tab after a click in the $place, a notice has a link',
    async (place) => {
        serve({[MEETINGS]: started});
        tabs(true);
        await showClient(load(), place);
        await hands.click(startButton());
        const link = await screen.findByRole('link', {name: 'Open meeting, opens in a new tab'});
        expect(link.getAttribute('href')).toBe(URL);
        expect(link.getAttribute('rel')).toBe('noopener noreferrer');
        expect(screen.getByRole('status').textContent).toContain('blocked the new tab');
    },
);

it('d62 a client without root components shows the link in a message', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    serve({[MEETINGS]: started});
    tabs(true);
    const loaded = load({}, ['registerRootComponent']);
    await showClient(loaded);
    await hands.click(startButton());
    await waitFor(() => expect(loaded.told()).toHaveLength(1));
    expect(loaded.told()[0]?.message).toContain(`[Open meeting](${URL})`);
});

it('d62 the desktop app opens the browser, which does not count as blocked', async () => {
    vi.stubGlobal('desktopAPI', {});
    serve({[MEETINGS]: started});
    const {open} = tabs(true);
    await showClient(load());
    await hands.click(startButton());
    await waitFor(() => expect(open).toHaveBeenCalledWith(URL, '_blank', 'noopener,noreferrer'));
    expect(screen.queryByRole('link', {name: 'Open meeting, opens in a new tab'})).toBeNull();
});

it('d27 an event with an insecure link opens nothing', async () => {
    serve({});
    const {open} = tabs();
    const loaded = load();
    await showClient(loaded);
    loaded.event({...OURS, meeting_url: 'javascript:alert(1)'});
    await screen.findByText(/its link is not secure/);
    expect(open).not.toHaveBeenCalled();
});
