// Stored posts about a meeting: started, ended, not started, and posts without a card.
import type {Post} from '@mattermost/types/posts';
import {screen, waitFor, within} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {ENDED, POSTS, meetingPost} from '../gallery/posts';
import {clientWindow} from '../src/mattermost';
import {durationMinutes, groupMeetingId} from '../src/meeting';
import {makeUser} from './fake-client/store';
import {
    CHANNEL,
    postText,
    jsonResponse,
    loadPlugin,
    mockServer,
    renderClient,
    renderPosts,
} from './harness';

function state(name: string): Post {
    const post = POSTS[name];
    if (!post) {
        throw new Error(`there is no state ${name}`);
    }
    return post;
}

/** The labels and values of the card's details. */
function details(): string[][] {
    return [...document.querySelectorAll('dl > div')].map((detail) =>
        [...detail.children].map((part) => part.textContent ?? ''),
    );
}

/** The line with the status, with ordinary spaces. */
function summary(): string {
    return document.querySelector('.zoom-status')?.textContent?.replace(/\s/g, ' ') ?? '';
}

const NOT_STARTED = {meeting_status: 'NOT_STARTED'};

it('zm128 zm129 a meeting in progress can be joined', async () => {
    await renderPosts(loadPlugin(), meetingPost());
    expect(postText()).toContain('I have started a meeting');
    expect(screen.getByRole('heading', {level: 3}).textContent).toBe('Standup');
    expect(document.querySelector('.zoom-status')?.textContent).toBe('In progress');
    // The time zone of the browser, because the reader has set none in Mattermost.
    expect(details()).toEqual([
        ['Host', '@ada'],
        ['Started', 'Aug 6, 2026, 9:50 AM'],
        ['Meeting ID', '857 4606 5432'],
    ]);
    const link = screen.getByRole('link', {name: /^Join meeting ?, opens in a new tab$/});
    expect(link.getAttribute('href')).toBe('https://zoom.us/j/85746065432?pwd=abc.1');
    expect(link.getAttribute('target')).toBe('_blank');
    expect(link.getAttribute('rel')).toBe('noopener noreferrer');
});

it('zm129 a card names a Personal Meeting ID, and a meeting without a topic has a title', async () => {
    await renderPosts(loadPlugin(), state('started-personal'));
    expect(details()).toContainEqual(['Personal Meeting ID', '314 159 2653']);
    expect(screen.getByRole('heading').textContent).toBe('Zoom meeting');
});

it('zm129 an edited message is shown with Markdown, and topics can have emoji', async () => {
    await renderPosts(loadPlugin(), state('started-formatted'));
    expect(postText()).toContain('Come and join us, @bob! ♥');
    expect(document.querySelector('[data-mention=bob]')).not.toBeNull();
    expect(screen.getByRole('heading').textContent).toContain('Release ★ of 2.0');
});

it('zm129 d43 an ended meeting has its times and its duration in one line, and cannot be joined', async () => {
    await renderPosts(loadPlugin(), state('ended'));
    expect(postText()).toContain('The meeting has ended.');
    expect(summary()).toBe('Ended · Aug 6, 2026, 9:50 – 10:17 AM · 28 minutes');
    expect(document.querySelector('dl')?.getAttribute('aria-label')).toBe('Meeting details');
    expect(details()).toEqual([
        ['Host', '@ada'],
        ['Meeting ID', '857 4606 5432'],
    ]);
    const card = screen.getByRole('group', {name: 'Standup'});
    expect(card.classList.contains('zoom-card-over')).toBe(true);
    expect(screen.queryByRole('link')).toBeNull();
    expect(screen.queryByRole('button')).toBeNull();
});

it('zm128 d43 times are in the language, the time zone, and the clock of the reader', async () => {
    const zone = {
        useAutomaticTimezone: 'false',
        manualTimezone: 'Asia/Tokyo',
        automaticTimezone: 'UTC',
    };
    const user = makeUser('ada', {locale: 'de', timezone: zone});
    await renderPosts(loadPlugin({user, militaryTime: true}), state('ended'));
    expect(summary()).toBe('Beendet · 6. Aug. 2026, 22:50–23:17 Uhr · 28 Minuten');
});

it('d43 with an unknown time zone, the browser’s time zone is used', async () => {
    const user = makeUser('ada', {
        timezone: {
            useAutomaticTimezone: 'true',
            automaticTimezone: 'Mars/North',
            manualTimezone: '',
        },
    });
    await renderPosts(loadPlugin({user}), state('ended'));
    expect(summary()).toContain('9:50');
});

it('zm129 a post of the Go plugin has no start time, so its own time counts', async () => {
    const {meeting_start_time: _, ...props} = ENDED;
    await renderPosts(loadPlugin(), meetingPost(props, {message: 'The meeting has ended.'}));
    expect(summary()).toContain('28 minutes');
});

it('zm129 a duration is rounded up to minutes', async () => {
    expect([0, 1, 60_000, 60_001].map((end) => durationMinutes(0, end))).toEqual([0, 1, 1, 2]);
    expect(durationMinutes(5, 0)).toBe(0);
    expect(durationMinutes(Number.NaN, 0)).toBe(0);
    const end = ENDED.meeting_start_time + 60_000;
    await renderPosts(loadPlugin(), meetingPost({...ENDED, meeting_end_time: end}));
    expect(summary()).toMatch(/· 1 minute$/);
});

it('f01 a meeting that was not started is gray and cannot be joined', async () => {
    await renderPosts(loadPlugin(), state('not-started'));
    expect(document.querySelector('.zoom-pretext')?.textContent).toBe(
        'The meeting was not started.',
    );
    const card = screen.getByRole('group', {name: 'Standup'});
    expect(card.classList.contains('zoom-card-over')).toBe(true);
    expect(summary()).toBe('Not started');
    expect(details()).toEqual([
        ['Host', '@ada'],
        ['Personal Meeting ID', '314 159 2653'],
    ]);
    expect(card.textContent).toContain('Zoom did not report that this meeting started.');
    expect(document.querySelector('.zoom-dot-active')).toBeNull();
    expect(screen.queryByRole('link')).toBeNull();
    expect(screen.queryByRole('button')).toBeNull();
});

it('f01 a late start makes the meeting joinable again', async () => {
    const client = loadPlugin();
    const post = {...meetingPost(NOT_STARTED), channel_id: CHANNEL};
    client.store.dispatch({type: 'RECEIVED_POST', data: post});
    await renderClient(client);
    expect(screen.queryByRole('link')).toBeNull();
    const started = {...post, props: {...post.props, meeting_status: 'STARTED'}};
    client.store.dispatch({type: 'RECEIVED_POST', data: started});
    await screen.findByRole('link', {name: /^Join meeting/});
    expect(postText()).toContain('I have started a meeting');
    expect(screen.getByRole('group').classList.contains('zoom-card-over')).toBe(false);
});

it.each([
    ['de', 'Das Meeting wurde nicht gestartet.', 'Nicht gestartet'],
    ['ja', 'ミーティングは開始されませんでした。', '未開始'],
])('f01 a meeting that was not started is described in %s', async (locale, sentence, status) => {
    await renderPosts(loadPlugin({user: makeUser('ada', {locale})}), meetingPost(NOT_STARTED));
    expect(document.querySelector('.zoom-pretext')?.textContent).toContain(sentence);
    expect(postText()).toContain(status);
});

it.each([
    [{meeting_status: 'PAUSED'}],
    [{meeting_status: 'WAITING'}],
    [{meeting_status: 7}],
    [{meeting_status: undefined}],
    [{meeting_status: null, meeting_link: {}, meeting_topic: [], meeting_id: 'x'}],
])('zm129 d13 a post with an unknown status shows its message: %o', async (props) => {
    await renderPosts(loadPlugin(), meetingPost(props as Post['props'], {message: 'A message'}));
    expect(postText()).toBe('A message');
});

it('d13 properties of the wrong kind are left out, and the others are shown', async () => {
    const props = {
        meeting_topic: {a: 1},
        meeting_id: '<b>1</b>',
        meeting_link: 7,
        meeting_creator_username: [],
    };
    await renderPosts(loadPlugin(), meetingPost(props));
    expect(screen.getByRole('heading').textContent).toBe('Zoom meeting');
    expect(screen.queryByRole('link')).toBeNull();
    expect(postText()).not.toContain('Meeting ID');
});

it('d13 a post without properties shows its message', async () => {
    const post = meetingPost();
    delete (post as Partial<Post>).props;
    await renderPosts(loadPlugin(), post);
    expect(postText()).toBe('I have started a meeting');
});

it.each([
    ['javascript:alert(1)'],
    ['data:text/html,hello'],
    ['http://zoom.us/j/1'],
    ['https://zoom.us@evil.example/j/1'],
    ['//evil.example'],
    [''],
])('f10 d27 an insecure link is not shown: %s', async (meetingLink) => {
    mockServer({});
    await renderPosts(loadPlugin(), meetingPost({meeting_link: meetingLink}));
    expect(screen.queryByRole('link')).toBeNull();
    expect(postText()).toContain('its address is not secure');
});

it('f10 d27 the host of a link is named unless it belongs to Zoom', async () => {
    mockServer({
        '/plugins/zoom/api/v1/client': () => jsonResponse(200, {zoom_url: 'https://zoom.us'}),
    });
    await renderPosts(
        loadPlugin(),
        meetingPost({meeting_link: 'https://zoom.us.evil.example/j/1'}),
    );
    expect(postText()).toContain('This link leads to zoom.us.evil.example');
});

it('d27 the configured Zoom URL counts as Zoom, and the plugin asks for it once', async () => {
    const requests = mockServer({
        '/plugins/zoom/api/v1/client': () =>
            jsonResponse(200, {zoom_url: 'https://meet.example.com'}),
    });
    const link = 'https://us1.meet.example.com/j/1';
    const posts = ['a', 'b', 'c'].map((id) => meetingPost({meeting_link: link}, {id}));
    await renderPosts(loadPlugin(), ...posts, meetingPost({}, {id: 'd'}));
    await waitFor(() => expect(screen.queryByText(/leads to/)).toBeNull());
    expect(screen.getAllByRole('link')).toHaveLength(4);
    expect(requests).toHaveLength(1);
});

it('d13 a time outside the calendar does not break the channel', async () => {
    const post = meetingPost({...ENDED, meeting_start_time: 1e20, meeting_end_time: 1e20});
    await renderPosts(loadPlugin(), {...post, id: 'bad'}, meetingPost());
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    expect(summary()).toContain('2026');
});

it('d13 a post that cannot be rendered shows its message, and the others are not affected', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const formatText = (text: string) => {
        if (text.includes('*bad*')) {
            throw new Error('cannot be formatted');
        }
        return text;
    };
    vi.stubGlobal('PostUtils', {...clientWindow.PostUtils, formatText});
    const bad = meetingPost({meeting_topic: '*bad*'}, {id: 'bad', message: 'Come in'});
    await renderPosts(loadPlugin(), bad, meetingPost());
    const [first, second] = screen.getAllByRole('listitem');
    expect(first && postText(first)).toBe('Come in');
    expect(second?.textContent).toContain('Standup');
});

it('d63 a title is a single line', async () => {
    const calls: unknown[] = [];
    const original = clientWindow.PostUtils?.formatText;
    const formatText = (text: string, options?: object) => {
        calls.push(options);
        return original?.(text, options) ?? text;
    };
    vi.stubGlobal('PostUtils', {...clientWindow.PostUtils, formatText});
    await renderPosts(loadPlugin(), meetingPost({meeting_topic: '# Standup\n* one'}));
    expect(calls).toContainEqual({atMentions: true, singleline: true});
});

it('d63 zm135 the title is the name of the card, and decoration is hidden from screen readers', async () => {
    await renderPosts(loadPlugin(), meetingPost());
    const card = screen.getByRole('group', {name: 'Standup'});
    for (const element of card.querySelectorAll('svg, .zoom-dot')) {
        expect(element.getAttribute('aria-hidden')).toBe('true');
    }
    expect(card.querySelector('svg title')).toBeNull();
    expect(
        within(card)
            .getByText(/In progress/)
            .getAttribute('aria-live'),
    ).toBe('polite');
});

it('d63 a post in the channel and in its thread has different element IDs', async () => {
    const client = loadPlugin();
    const post = meetingPost();
    client.store.dispatch({type: 'RECEIVED_POST', data: {...post, channel_id: CHANNEL}});
    client.store.dispatch({type: 'THREAD_OPENED', id: post.id});
    await renderClient(client);
    expect(screen.getAllByRole('group', {name: 'Standup'})).toHaveLength(2);
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    expect(new Set(ids).size).toBe(ids.length);
});

it.each([
    ['123456789', '123 456 789'],
    ['1234567890', '123 456 7890'],
    ['12345678901', '123 4567 8901'],
    ['12345678', '12345678'],
    ['123456789012', '123456789012'],
    ['', ''],
])('zm129 the meeting ID %s is written as %s', (id, grouped) => {
    expect(groupMeetingId(id)).toBe(grouped);
});

it('f11 only a bot can name another person than the author as the host', async () => {
    const client = loadPlugin();
    await renderPosts(client, meetingPost({meeting_creator_username: 'bob'}));
    expect(details()).toContainEqual(['Host', '@ada']);
    expect(postText()).not.toContain('bob');
});

it('zm129 the name of the Go plugin’s bot is not shown as the host', async () => {
    const props = {meeting_creator_username: 'zoom'};
    await renderPosts(loadPlugin(), meetingPost(props, {user_id: 'zoom'}));
    expect(details().map(([label]) => label)).toEqual(['Started', 'Meeting ID']);
});

it('zm129 the times of a meeting on two days, and of a meeting without an end', async () => {
    const start = ENDED.meeting_start_time;
    const late = meetingPost({...ENDED, meeting_end_time: start + 20 * 3_600_000});
    await renderPosts(loadPlugin(), late);
    expect(summary()).toContain('Aug 6, 2026, 9:50 AM – Aug 7, 2026, 5:50 AM');
    document.body.replaceChildren();
    await renderPosts(loadPlugin(), meetingPost({...ENDED, meeting_end_time: start - 1}));
    expect(summary()).toBe('Ended · Aug 6, 2026, 9:50 AM · 0 minutes');
});

it('d36 dates are in English if there is no catalog for the reader’s language', async () => {
    await renderPosts(loadPlugin({user: makeUser('ada', {locale: 'pt-BR'})}), state('ended'));
    expect(summary()).toContain('Aug 6, 2026');
});
