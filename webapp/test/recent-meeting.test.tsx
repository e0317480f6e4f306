// The warning that the channel has a recent meeting.
import type {Post} from '@mattermost/types/posts';
import {screen, waitFor} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it} from 'vitest';

import {POSTS, meetingPost, warningPost} from '../gallery/posts';
import {makeUser} from './fake-client/store';
import {
    CHANNEL,
    postText,
    jsonResponse,
    deferred,
    loadPlugin,
    mockServer,
    renderClient,
    renderCompactPosts,
    renderPosts,
    mockTabs,
} from './harness';

const MEETINGS = '/plugins/zoom/api/v1/meetings?force=true';
const BOB = makeUser('bob');
const UTC = {
    timezone: {useAutomaticTimezone: 'false', automaticTimezone: '', manualTimezone: 'UTC'},
};

function startNew(): HTMLElement {
    return screen.getByRole('button', {name: 'Start a new meeting'});
}

function details(): string {
    return document.querySelector('dl')?.textContent?.replace(/\n/g, '') ?? '';
}

it('f09 the warning is one card with the title, the host, and the start of the existing meeting', async () => {
    await renderPosts(loadPlugin({user: makeUser('ada', UTC)}), warningPost());
    expect(screen.getAllByRole('group')).toHaveLength(1);
    expect(document.querySelector('.attachment')).toBeNull();
    expect(screen.getByRole('heading', {level: 3}).textContent).toBe('Release of 2.0');
    expect(details()).toBe('Host@bobStartedAug 6, 2026, 1:50 PM');
    expect(document.querySelector('dl [data-mention=bob]')).not.toBeNull();
    expect(postText()).not.toContain('Standup');
    // The message is for clients without the webapp.
    expect(postText()).not.toContain('https://');
});

it('f09 a new meeting has the topic that the reader asked for', async () => {
    const answer = deferred<Response>();
    const requests = mockServer({[MEETINGS]: () => answer.promise});
    mockTabs();
    await renderPosts(loadPlugin(), warningPost({}, {root_id: 'thread'}));
    const button = startNew();
    await userEvent.dblClick(button);
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('true'));
    answer.resolve(jsonResponse(200, {meeting_url: 'https://zoom.us/j/2'}));
    await screen.findByText('A new meeting was started.');
    expect(requests).toHaveLength(1);
    expect(requests[0]?.body).toMatchObject({topic: 'Standup', root_id: 'thread'});
});

it('f09 without a requested topic a new meeting has no topic, even if the existing meeting has one', async () => {
    const requests = mockServer({[MEETINGS]: () => jsonResponse(200, {meeting_url: ''})});
    await renderPosts(loadPlugin(), warningPost({requested_topic: ''}));
    await userEvent.click(startNew());
    await waitFor(() => expect(requests[0]?.body).toMatchObject({topic: ''}));
});

it('f09 zm129 the existing meeting can be joined', async () => {
    await renderPosts(loadPlugin(), warningPost());
    const link = screen.getByRole('link', {name: /^Join existing meeting/});
    expect(link.getAttribute('href')).toBe('https://zoom.us/j/85746065432?pwd=abc.1');
    expect(postText()).toContain('Do you want to join it or start a new one?');
});

it.each(['', 'javascript:alert(1)', 'http://zoom.us/j/1', 'https://zoom.us@evil.example/', 7])(
    'f09 without a trustworthy link the existing meeting cannot be joined: %s',
    async (link) => {
        mockServer({});
        await renderPosts(loadPlugin(), warningPost({meeting_link: link}));
        expect(screen.queryByRole('link')).toBeNull();
        expect(postText()).toContain('Do you still want to start a new one?');
        expect(startNew().className).toContain('btn-primary');
    },
);

it('f09 a meeting of another provider shows the name of the provider', async () => {
    await renderPosts(loadPlugin(), POSTS['recently-created-other'] as Post);
    expect(screen.getByRole('heading').textContent).toBe('Jitsi meeting');
    expect(details()).toMatch(/^Host@bobStarted/);
    expect(screen.queryByRole('link')).toBeNull();
});

it('f09 a meeting of another provider with a trustworthy link can be joined', async () => {
    mockServer({});
    const link = 'https://meet.jit.si/release';
    await renderPosts(loadPlugin(), warningPost({meeting_provider: 'Jitsi', meeting_link: link}));
    expect(screen.getByRole('heading').textContent).toBe('Release of 2.0');
    expect(details()).toContain('ProviderJitsi');
    expect(screen.getByRole('link').getAttribute('href')).toBe(link);
    expect(postText()).toContain('This link leads to meet.jit.si');
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
        await renderPosts(loadPlugin({user: makeUser('ada', UTC)}), warningPost(props));
        expect(screen.getByRole('heading').textContent).toBe(title);
        expect(details()).toBe(expected);
        expect(screen.getByRole('link', {name: /^Join existing meeting/})).toBeTruthy();
    },
);

it('f09 a warning of an old version does not show the requested topic as the title', async () => {
    const requests = mockServer({[MEETINGS]: () => jsonResponse(200, {meeting_url: ''})});
    await renderPosts(
        loadPlugin(),
        warningPost({requested_topic: undefined, meeting_topic: 'My own'}),
    );
    expect(screen.getByRole('heading').textContent).toBe('Zoom meeting');
    expect(postText()).not.toContain('My own');
    await userEvent.click(startNew());
    await waitFor(() => expect(requests[0]?.body).toMatchObject({topic: 'My own'}));
});

it('f09 in the compact display, the warning says that only its reader sees it', async () => {
    await renderCompactPosts(loadPlugin(), warningPost(), meetingPost());
    const [warning, meeting] = screen.getAllByRole('listitem');
    expect(warning?.textContent?.match(/\(Only visible to you\)/g)).toHaveLength(1);
    expect(meeting?.textContent).not.toContain('Only visible to you');
});

it('f09 in the standard display, only the client says that only the reader sees the warning', async () => {
    await renderPosts(loadPlugin(), warningPost());
    expect(screen.getByRole('listitem').textContent?.match(/Only visible to you/g)).toHaveLength(1);
    expect(postText()).not.toContain('Only visible to you');
});

it('f09 the warning is in the language of the reader', async () => {
    await renderPosts(loadPlugin({user: makeUser('ada', {locale: 'de', ...UTC})}), warningPost());
    expect(postText()).toContain('In diesem Kanal wurde vor Kurzem ein Meeting gestartet.');
    expect(details()).toBe('Host@bobGestartet6. Aug. 2026, 1:50 PM');
});

it('f11 the host is shown as soon as the author of the warning is known to be a bot', async () => {
    const client = loadPlugin({otherUsers: [BOB]});
    client.store.dispatch({type: 'RECEIVED_POST', data: warningPost({}, {channel_id: CHANNEL})});
    await renderClient(client);
    expect(details()).not.toContain('@bob');
    const bot = makeUser('zoom', {is_bot: true});
    client.store.dispatch({type: 'RECEIVED_PROFILES', users: [bot]});
    await screen.findByText('@bob');
});

it.each(['custom_zoom', 'custom_zoom_chat'])(
    'd13 f11 a stored post of type %s with the status of a warning shows its message',
    async (type) => {
        const props = {meeting_status: 'RECENTLY_CREATED', requested_topic: 'x'};
        await renderPosts(loadPlugin(), meetingPost(props, {type, message: 'mine'}));
        expect(postText()).toBe('mine');
        expect(screen.queryByRole('button')).toBeNull();
        expect(screen.queryByRole('link')).toBeNull();
        expect(screen.queryByRole('group')).toBeNull();
    },
);

it.each(['[Zoom](https://evil.example)', '', 'x'.repeat(41), 7.5, null])(
    'd13 a provider that is not a name is not shown: %s',
    async (provider) => {
        const props = {meeting_provider: provider, meeting_topic: ''};
        await renderPosts(loadPlugin(), warningPost(props));
        expect(screen.getByRole('heading').textContent).toBe('Meeting');
        expect(details()).not.toContain('Provider');
        expect(document.querySelector('.zoom-card a[href*=evil]')).toBeNull();
    },
);

it('d63 a started meeting stays started when the post is mounted again, and the focus is kept', async () => {
    mockServer({[MEETINGS]: () => jsonResponse(200, {meeting_url: 'https://zoom.us/j/2'})});
    mockTabs();
    const client = loadPlugin();
    await renderPosts(client, warningPost());
    startNew().focus();
    await userEvent.keyboard('{Enter}');
    const done = await screen.findByText('A new meeting was started.');
    await waitFor(() => expect(document.activeElement).toBe(done));
    document.body.replaceChildren();
    await renderPosts(client, warningPost());
    expect(screen.getByText('A new meeting was started.')).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
});

it('zm129 while the plugin asks a question, the card does not say that a meeting was started', async () => {
    const requests = mockServer({[MEETINGS]: () => jsonResponse(200, {meeting_url: ''})});
    await renderPosts(loadPlugin(), warningPost());
    await userEvent.click(startNew());
    await waitFor(() => expect(requests).toHaveLength(1));
    await waitFor(() => expect(startNew().getAttribute('aria-disabled')).toBe('false'));
    expect(screen.queryByText('A new meeting was started.')).toBeNull();
});

it('zm129 after an error the reader can try again', async () => {
    mockServer({[MEETINGS]: () => jsonResponse(500, {error: 'Zoom is away.'})});
    const client = loadPlugin();
    await renderPosts(client, warningPost());
    await userEvent.click(startNew());
    await waitFor(() => expect(client.ephemeralPosts()[0]?.message).toBe('Zoom is away.'));
    await waitFor(() => expect(startNew().getAttribute('aria-disabled')).toBe('false'));
});
