// The warning that the channel has a recent meeting.
import {screen, waitFor} from '@testing-library/dom';
import {expect, it} from 'vitest';

import {STATES, meetingPost, warning} from '../gallery/posts';
import type {Post} from '../src/mattermost';
import {
    CHANNEL,
    bodyOf,
    hands,
    json,
    later,
    load,
    person,
    serve,
    showClient,
    showPosts,
    tabs,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings?force=true';
const BOB = person('bob');
const UTC = {timezone: {useAutomaticTimezone: 'false', manualTimezone: 'UTC'}};

function startNew(): HTMLElement {
    return screen.getByRole('button', {name: 'Start a new meeting'});
}

function details(): string {
    return document.querySelector('dl')?.textContent?.replace(/\n/g, '') ?? '';
}

it('f09 the warning is one card with the title, the host, and the start of the existing meeting', async () => {
    await showPosts(load({user: person('ada', UTC)}), warning());
    expect(screen.getAllByRole('group')).toHaveLength(1);
    expect(document.querySelector('.attachment')).toBeNull();
    expect(screen.getByRole('heading', {level: 3}).textContent).toBe('Release of 2.0');
    expect(details()).toBe('Host@bobStartedAug 6, 2026, 1:50 PM');
    expect(document.querySelector('dl [data-mention=bob]')).not.toBeNull();
    expect(bodyOf()).not.toContain('Standup');
    // The message is for clients without the webapp.
    expect(bodyOf()).not.toContain('https://');
});

it('f09 a new meeting has the topic that the reader asked for', async () => {
    const answer = later<Response>();
    const asked = serve({[MEETINGS]: () => answer.promise});
    tabs();
    await showPosts(load(), warning({}, {root_id: 'thread'}));
    const button = startNew();
    await hands.dblClick(button);
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('true'));
    answer.keep(json(200, {meeting_url: 'https://zoom.us/j/2'}));
    await screen.findByText('A new meeting was started.');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body).toMatchObject({topic: 'Standup', root_id: 'thread'});
});

it('f09 without a requested topic a new meeting has none, whatever the existing one is called', async () => {
    const asked = serve({[MEETINGS]: () => json(200, {meeting_url: ''})});
    await showPosts(load(), warning({requested_topic: ''}));
    await hands.click(startNew());
    await waitFor(() => expect(asked[0]?.body).toMatchObject({topic: ''}));
});

it('f09 zm129 the existing meeting can be joined', async () => {
    await showPosts(load(), warning());
    const link = screen.getByRole('link', {name: /^Join existing meeting/});
    expect(link.getAttribute('href')).toBe('https://zoom.us/j/85746065432?pwd=abc.1');
    expect(bodyOf()).toContain('Do you want to join it or start a new one?');
});

it.each(['', 'javascript:alert(1)', 'http://zoom.us/j/1', 'https://zoom.us@evil.example/', 7])(
    'f09 without a trustworthy link the existing meeting cannot be joined: %s',
    async (link) => {
        serve({});
        await showPosts(load(), warning({meeting_link: link}));
        expect(screen.queryByRole('link')).toBeNull();
        expect(bodyOf()).toContain('Do you still want to start a new one?');
        expect(startNew().className).toContain('btn-primary');
    },
);

it('f09 a meeting of another provider shows the name of the provider', async () => {
    await showPosts(load(), STATES['recently-created-other'] as Post);
    expect(screen.getByRole('heading').textContent).toBe('Jitsi meeting');
    expect(details()).toMatch(/^Host@bobStarted/);
    expect(screen.queryByRole('link')).toBeNull();
});

it('f09 a meeting of another provider with a trustworthy link can be joined', async () => {
    serve({});
    const link = 'https://meet.jit.si/release';
    await showPosts(load(), warning({meeting_provider: 'Jitsi', meeting_link: link}));
    expect(screen.getByRole('heading').textContent).toBe('Release of 2.0');
    expect(details()).toContain('ProviderJitsi');
    expect(screen.getByRole('link').getAttribute('href')).toBe(link);
    expect(bodyOf()).toContain('This link leads to meet.jit.si');
});

/** Missing properties: name, properties, title, and details. */
const INCOMPLETE: [string, Post['props'], string, string][] = [
    ['topic', {meeting_topic: ''}, 'Zoom meeting', 'Host@bobStartedAug 6, 2026, 1:50 PM'],
    ['host', {meeting_creator_username: ''}, 'Release of 2.0', 'StartedAug 6, 2026, 1:50 PM'],
    ['start', {meeting_start_time: undefined}, 'Release of 2.0', 'Host@bob'],
    ['valid start', {meeting_start_time: 1e20}, 'Release of 2.0', 'Host@bob'],
    ['facts', {meeting_creator_username: '', meeting_start_time: 0}, 'Release of 2.0', ''],
];

it.each(INCOMPLETE)(
    'f09 a warning without a %s shows the rest',
    async (_, props, title, expected) => {
        await showPosts(load({user: person('ada', UTC)}), warning(props));
        expect(screen.getByRole('heading').textContent).toBe(title);
        expect(details()).toBe(expected);
        expect(screen.getByRole('link', {name: /^Join existing meeting/})).toBeTruthy();
    },
);

it('f09 a warning of an old version is not titled with the requested topic', async () => {
    const asked = serve({[MEETINGS]: () => json(200, {meeting_url: ''})});
    await showPosts(load(), warning({requested_topic: undefined, meeting_topic: 'My own'}));
    expect(screen.getByRole('heading').textContent).toBe('Zoom meeting');
    expect(bodyOf()).not.toContain('My own');
    await hands.click(startNew());
    await waitFor(() => expect(asked[0]?.body).toMatchObject({topic: 'My own'}));
});

it('f09 the warning is in the language of the reader', async () => {
    await showPosts(load({user: person('ada', {locale: 'de', ...UTC})}), warning());
    expect(bodyOf()).toContain('In diesem Kanal wurde vor Kurzem ein Meeting gestartet.');
    expect(details()).toBe('Host@bobGestartet6. Aug. 2026, 1:50 PM');
});

it('f11 the host is shown as soon as the author of the warning is known to be a bot', async () => {
    const loaded = load({users: [BOB]});
    loaded.store.dispatch({type: 'RECEIVED_POST', data: warning({}, {channel_id: CHANNEL})});
    await showClient(loaded);
    expect(details()).not.toContain('@bob');
    const bot = person('zoom', {is_bot: true});
    loaded.store.dispatch({type: 'RECEIVED_PROFILES', users: [bot]});
    await screen.findByText('@bob');
});

it.each(['custom_zoom', 'custom_zoom_chat'])(
    'd13 f11 a stored post of type %s with the status of a warning shows its message',
    async (type) => {
        const props = {meeting_status: 'RECENTLY_CREATED', requested_topic: 'x'};
        await showPosts(load(), meetingPost(props, {type, message: 'mine'}));
        expect(bodyOf()).toBe('mine');
        expect(screen.queryByRole('button')).toBeNull();
        expect(screen.queryByRole('link')).toBeNull();
        expect(screen.queryByRole('group')).toBeNull();
    },
);

it.each(['[Zoom](https://evil.example)', '', 'x'.repeat(41), 7.5, null])(
    'd13 a provider that is not a name is not shown: %s',
    async (provider) => {
        const props = {meeting_provider: provider, meeting_topic: ''};
        await showPosts(load(), warning(props));
        expect(screen.getByRole('heading').textContent).toBe('Meeting');
        expect(details()).not.toContain('Provider');
        expect(document.querySelector('.zoom-card a[href*=evil]')).toBeNull();
    },
);

it('d63 a started meeting stays started when the post is drawn again, and the focus is kept', async () => {
    serve({[MEETINGS]: () => json(200, {meeting_url: 'https://zoom.us/j/2'})});
    tabs();
    const loaded = load();
    await showPosts(loaded, warning());
    startNew().focus();
    await hands.keyboard('{Enter}');
    const done = await screen.findByText('A new meeting was started.');
    await waitFor(() => expect(document.activeElement).toBe(done));
    document.body.replaceChildren();
    await showPosts(loaded, warning());
    expect(screen.getByText('A new meeting was started.')).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
});

it('zm129 while the plugin asks a question, the card does not say that a meeting was started', async () => {
    const asked = serve({[MEETINGS]: () => json(200, {meeting_url: ''})});
    await showPosts(load(), warning());
    await hands.click(startNew());
    await waitFor(() => expect(asked).toHaveLength(1));
    await waitFor(() => expect(startNew().getAttribute('aria-disabled')).toBe('false'));
    expect(screen.queryByText('A new meeting was started.')).toBeNull();
});

it('zm129 after an error the reader can try again', async () => {
    serve({[MEETINGS]: () => json(500, {error: 'Zoom is away.'})});
    const loaded = load();
    await showPosts(loaded, warning());
    await hands.click(startNew());
    await waitFor(() => expect(loaded.told()[0]?.message).toBe('Zoom is away.'));
    await waitFor(() => expect(startNew().getAttribute('aria-disabled')).toBe('false'));
});
