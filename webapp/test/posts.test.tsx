import {screen, waitFor, within} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {ENDED, STATES, meetingPost} from '../gallery/states';
import {type Post, host} from '../src/host';
import {begunMinutes} from '../src/components/MeetingPost';
import {
    CHANNEL,
    hands,
    json,
    later,
    load,
    person,
    serve,
    showClient,
    showPosts,
    tabs,
} from './stage';

const MEETINGS = '/plugins/zoom/api/v1/meetings?force=true';

function state(name: string): Post {
    const post = STATES[name];
    if (!post) {
        throw new Error(`there is no state ${name}`);
    }
    return post;
}

function body(): string {
    return screen.getByRole('listitem').querySelector('.post__body')?.textContent ?? '';
}

it('zm128 zm129 a meeting that goes on can be joined', async () => {
    await showPosts(load(), meetingPost());
    expect(body()).toContain('I have started a meeting');
    expect(screen.getByRole('heading', {level: 3}).textContent).toBe('Standup');
    expect(body()).toContain('Meeting ID: 85746065432');
    const link = screen.getByRole('link', {name: /^Join meeting ?, opens in a new tab$/});
    expect(link.getAttribute('href')).toBe('https://zoom.us/j/85746065432?pwd=abc.1');
    expect(link.getAttribute('target')).toBe('_blank');
    expect(link.getAttribute('rel')).toBe('noopener noreferrer');
});

it('zm129 a personal meeting says so, and a meeting without a topic has a title', async () => {
    await showPosts(load(), state('started-personal'));
    expect(body()).toContain('Personal meeting ID (PMI): 3141592653');
    expect(screen.getByRole('heading').textContent).toBe('Zoom Meeting');
});

it('zm129 people can edit what their post says, with Markdown, and emoji work in topics', async () => {
    await showPosts(load(), state('started-formatted'));
    expect(body()).toContain('Come and join us, @bob! ♥');
    expect(document.querySelector('[data-mention=bob]')).not.toBeNull();
    expect(screen.getByRole('heading').textContent).toContain('Release ★ of 2.0');
});

it('zm129 what a bot posted names the person, and nobody where nobody is known', async () => {
    await showPosts(
        load(),
        state('started-by-bot'),
        meetingPost({from_bot: 'true', meeting_creator_username: ''}, {id: 'nobody'}),
        meetingPost({...ENDED, from_bot: 'true'}, {id: 'over'}),
    );
    const [started, nobody, over] = screen.getAllByRole('listitem');
    expect(started?.textContent).toContain('@ada has started a meeting');
    expect(nobody?.textContent).toContain('Someone has started a meeting');
    expect(over?.textContent).toContain('The meeting has ended.');
});

it('zm129 d43 an ended meeting says when it was and how long, and cannot be joined', async () => {
    await showPosts(load(), state('ended'));
    expect(body()).toContain('The meeting has ended.');
    const summary = document.querySelector('dl');
    expect(summary?.getAttribute('aria-label')).toBe('Meeting summary');
    // The zone of the machine, for the reader has none in Mattermost.
    expect(summary?.textContent).toBe('DateAug 6, 2026, 9:50 AMLength28 minutes');
    expect(screen.queryByRole('link')).toBeNull();
});

it('zm128 d43 times are in the zone and on the clock of the reader', async () => {
    const zone = {
        useAutomaticTimezone: 'false',
        manualTimezone: 'Asia/Tokyo',
        automaticTimezone: 'UTC',
    };
    const user = person('ada', {locale: 'de', timezone: zone});
    await showPosts(load({user, militaryTime: true}), state('ended'));
    expect(document.querySelector('dl')?.textContent).toBe(
        'Datum6. Aug. 2026, 22:50Dauer28 Minuten',
    );
});

it('d43 a zone that the browser does not know is no reason to show nothing', async () => {
    const user = person('ada', {
        timezone: {useAutomaticTimezone: 'true', automaticTimezone: 'Mars/North'},
    });
    await showPosts(load({user}), state('ended'));
    expect(document.querySelector('dl')?.textContent).toContain('9:50');
});

it('zm129 a post of the Go plugin, which has no start in it, counts from its own time', async () => {
    const {meeting_start_time: _, ...props} = ENDED;
    const post = meetingPost(props, {message: 'The meeting has ended.'});
    await showPosts(load(), post);
    expect(document.querySelector('dl')?.textContent).toContain('28 minutes');
});

it('zm129 begun minutes count, and nonsense is none', () => {
    expect([0, 1, 60_000, 60_001].map((end) => begunMinutes(0, end))).toEqual([0, 1, 1, 2]);
    expect(begunMinutes(5, 0)).toBe(0);
    expect(begunMinutes(Number.NaN, 0)).toBe(0);
});

it.each([
    [{meeting_status: 'PAUSED'}],
    [{meeting_status: 7}],
    [{meeting_status: undefined}],
    [{meeting_status: null, meeting_link: {}, meeting_topic: [], meeting_id: 'x'}],
])('zm129 d13 a post in a state that nobody knows shows its message: %o', async (props) => {
    await showPosts(load(), meetingPost(props as Post['props'], {message: 'What people wrote'}));
    expect(body()).toBe('What people wrote');
});

it('d13 properties of the wrong kind are left out, and the rest is shown', async () => {
    const props = {
        meeting_topic: {a: 1},
        meeting_id: '<b>1</b>',
        meeting_link: 7,
        meeting_creator_username: [],
    };
    await showPosts(load(), meetingPost(props));
    expect(screen.getByRole('heading').textContent).toBe('Zoom Meeting');
    expect(screen.queryByRole('link')).toBeNull();
    expect(body()).not.toContain('Meeting ID');
});

it('a post without properties is shown', async () => {
    const post = meetingPost();
    delete post.props;
    await showPosts(load(), post);
    expect(body()).toBe('I have started a meeting');
});

it.each([
    ['javascript:alert(1)'],
    ['data:text/html,hello'],
    ['http://zoom.us/j/1'],
    ['https://zoom.us@evil.example/j/1'],
    ['//evil.example'],
    [''],
])('d27 a link that is not safe is not shown: %s', async (meetingLink) => {
    serve({});
    await showPosts(load(), meetingPost({meeting_link: meetingLink}));
    expect(screen.queryByRole('link')).toBeNull();
    expect(body()).toContain('does not lead to a secure address');
});

it('d27 where a link does not lead to Zoom its host is named', async () => {
    serve({'/plugins/zoom/api/v1/client': () => json(200, {zoom_url: 'https://zoom.us'})});
    await showPosts(load(), meetingPost({meeting_link: 'https://zoom.us.evil.example/j/1'}));
    expect(body()).toContain('This link leads to zoom.us.evil.example');
});

it('d27 the configured Zoom is as good as Zoom, and the server is asked for it once', async () => {
    const asked = serve({
        '/plugins/zoom/api/v1/client': () => json(200, {zoom_url: 'https://meet.example.com'}),
    });
    const link = 'https://us1.meet.example.com/j/1';
    const posts = ['a', 'b', 'c'].map((id) => meetingPost({meeting_link: link}, {id}));
    await showPosts(load(), ...posts, meetingPost({}, {id: 'd'}));
    await waitFor(() => expect(screen.queryByText(/leads to/)).toBeNull());
    expect(screen.getAllByRole('link')).toHaveLength(4);
    expect(asked).toHaveLength(1);
});

it('d13 a moment that no calendar has does not take the channel down', async () => {
    const post = meetingPost({...ENDED, meeting_start_time: 1e20, meeting_end_time: 1e20});
    await showPosts(load(), {...post, id: 'bad'}, meetingPost());
    expect(screen.getAllByRole('listitem')).toHaveLength(2);
    expect(document.querySelector('dl')?.textContent).toContain('2026');
});

it('d13 a post that cannot be drawn is its message, and the others are as ever', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const formatText = (text: string) => {
        if (text.includes('*bad*')) {
            throw new Error('cannot be formatted');
        }
        return text;
    };
    vi.stubGlobal('PostUtils', {...host.PostUtils, formatText});
    const bad = meetingPost({meeting_topic: '*bad*'}, {id: 'bad', message: 'Come in'});
    await showPosts(load(), bad, meetingPost());
    const [first, second] = screen.getAllByRole('listitem');
    expect(first?.querySelector('.post__body')?.textContent).toBe('Come in');
    expect(second?.textContent).toContain('Standup');
});

it.each(['all', 'Ada', 'x](https://evil.example)', '**x**', ''])(
    'd13 a name that is none of Mattermost is not said: %s',
    async (name) => {
        await showPosts(
            load(),
            meetingPost({from_bot: 'true', meeting_creator_username: name}, {user_id: 'zoom'}),
        );
        const expected = name === 'all' ? '@all' : 'Someone';
        expect(body()).toContain(`${expected} has started a meeting`);
        expect(document.querySelector('.zoom-pretext a, .zoom-pretext b')).toBeNull();
    },
);

it('d13 a provider that is no name is not said', async () => {
    const post = state('recently-created-other');
    const props = {...post.props, meeting_provider: '[Zoom](https://evil.example)'};
    await showPosts(load(), {...post, props});
    expect(body()).toContain('@bob has started a meeting in this channel');
    expect(document.querySelector('.zoom-pretext a')).toBeNull();
});

it('d63 a title is one line', async () => {
    const asked: unknown[] = [];
    const real = host.PostUtils?.formatText;
    const formatText = (text: string, options?: object) => {
        asked.push(options);
        return real?.(text, options) ?? text;
    };
    vi.stubGlobal('PostUtils', {...host.PostUtils, formatText});
    await showPosts(load(), meetingPost({meeting_topic: '# Standup\n* one'}));
    expect(asked).toContainEqual({atMentions: true, singleline: true});
});

it('d13 a warning that somebody else wrote is their message and no warning', async () => {
    const post = {...state('recently-created'), type: 'custom_zoom', message: 'mine'};
    await showPosts(load(), post);
    expect(body()).toBe('mine');
    expect(screen.queryByRole('button')).toBeNull();
});

it('d63 zm135 a card is known by its title, and nothing that only decorates is read', async () => {
    await showPosts(load(), meetingPost());
    const card = screen.getByRole('group', {name: 'Standup'});
    for (const svg of card.querySelectorAll('svg, .zoom-dot')) {
        expect(svg.getAttribute('aria-hidden')).toBe('true');
    }
    expect(card.querySelector('svg title')).toBeNull();
    expect(
        within(card)
            .getByText(/In progress/)
            .getAttribute('aria-live'),
    ).toBe('polite');
});

it('d63 a post in the channel and in the thread beside it has two names', async () => {
    const loaded = load();
    const post = meetingPost();
    loaded.store.dispatch({type: 'RECEIVED_POST', data: {...post, channel_id: CHANNEL}});
    loaded.store.dispatch({type: 'THREAD_OPENED', id: post.id});
    await showClient(loaded);
    expect(screen.getAllByRole('group', {name: 'Standup'})).toHaveLength(2);
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    expect(new Set(ids).size).toBe(ids.length);
});

it('zm129 a recent meeting can be joined, or another one started in the same place', async () => {
    const answer = later<Response>();
    const asked = serve({[MEETINGS]: () => answer.promise});
    tabs();
    await showPosts(load(), {...state('recently-created'), root_id: 'thread'});
    expect(body()).toContain('@bob has started a meeting in this channel a moment ago');
    expect(screen.getByRole('link', {name: /^Join existing meeting/})).toBeTruthy();
    const button = screen.getByRole('button', {name: 'Start a new meeting'});
    await hands.dblClick(button);
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('true'));
    answer.keep(json(200, {meeting_url: 'https://zoom.us/j/2'}));
    await screen.findByText('A new meeting was started.');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.body).toMatchObject({topic: 'Standup', root_id: 'thread'});
});

it('d63 what was started anyway stays so when the post is drawn anew, and the focus is not lost', async () => {
    serve({[MEETINGS]: () => json(200, {meeting_url: 'https://zoom.us/j/2'})});
    tabs();
    const loaded = load();
    await showPosts(loaded, state('recently-created'));
    screen.getByRole('button', {name: 'Start a new meeting'}).focus();
    await hands.keyboard('{Enter}');
    const done = await screen.findByText('A new meeting was started.');
    await waitFor(() => expect(document.activeElement).toBe(done));
    document.body.replaceChildren();
    await showPosts(loaded, state('recently-created'));
    expect(screen.getByText('A new meeting was started.')).toBeTruthy();
    expect(screen.queryByRole('button')).toBeNull();
});

it('zm129 where the plugin asks something first, no card says that a meeting was started', async () => {
    const asked = serve({[MEETINGS]: () => json(200, {meeting_url: ''})});
    await showPosts(load(), state('recently-created'));
    await hands.click(screen.getByRole('button', {name: 'Start a new meeting'}));
    await waitFor(() => expect(asked).toHaveLength(1));
    const button = screen.getByRole('button', {name: 'Start a new meeting'});
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('false'));
    expect(screen.queryByText('A new meeting was started.')).toBeNull();
});

it('a new meeting that could not be started can be tried again', async () => {
    serve({[MEETINGS]: () => json(500, {error: 'Zoom is away.'})});
    const loaded = load();
    await showPosts(loaded, state('recently-created'));
    const button = screen.getByRole('button', {name: 'Start a new meeting'});
    await hands.click(button);
    await waitFor(() => expect(loaded.told()[0]?.message).toBe('Zoom is away.'));
    await waitFor(() => expect(button.getAttribute('aria-disabled')).toBe('false'));
});

it('zm129 a meeting of another provider is named, and has no link unless a bot gave one', async () => {
    await showPosts(load(), state('recently-created-other'));
    expect(body()).toContain('@bob has started a Jitsi meeting');
    expect(screen.queryByRole('link')).toBeNull();
});

it('zm131 zm132 chats and transcripts show their message', async () => {
    await showPosts(load(), state('chat'), state('transcript'));
    expect(screen.getByTestId('zoom-post-chat-body').textContent?.trim()).toBe(
        "Here's the chat of the Zoom meeting:",
    );
    expect(screen.getByTestId('zoom-post-transcription-body').textContent?.trim()).toBe(
        "Here's the transcription of the Zoom meeting:",
    );
});

it('d36 what the plugin wrote is read in the language of the reader, what people wrote is not', async () => {
    const theirs = {...state('chat'), id: 'theirs', message: 'Here is our chat'};
    const loaded = load({user: person('ada', {locale: 'de'})});
    await showPosts(loaded, state('chat'), state('transcript'), theirs);
    const texts = screen
        .getAllByTestId('zoom-post-chat-body')
        .map((one) => one.textContent?.trim());
    expect(texts).toEqual(['Hier ist der Chat des Zoom-Meetings:', 'Here is our chat']);
    expect(screen.getByTestId('zoom-post-transcription-body').textContent).toContain('Transkript');
});

it('d36 a language without sentences here has its dates in English too', async () => {
    const loaded = load({user: person('ada', {locale: 'pt-BR'})});
    await showPosts(loaded, state('ended'));
    expect(document.querySelector('dl')?.textContent).toMatch(/Date ?Aug 6, 2026/);
});

it('zm133 the AI plugin is handed the post, where there is one', async () => {
    const ai = vi.fn();
    await showPosts(load({ai}), state('chat'), state('transcript'));
    await hands.click(screen.getByRole('button', {name: 'Summarize chat history'}));
    await hands.click(screen.getByRole('button', {name: 'Create meeting summary'}));
    expect(ai.mock.calls).toEqual([[state('chat')], [state('transcript')]]);
});

it('zm133 without the AI plugin there is no button', async () => {
    await showPosts(load(), state('chat'), state('transcript'));
    expect(screen.queryByRole('button')).toBeNull();
});

it('zm130 without the functions of the client that format, text is text', async () => {
    vi.stubGlobal('PostUtils', undefined);
    await showPosts(load(), state('chat'));
    expect(screen.getByTestId('zoom-post-chat-body').textContent).toContain(
        'chat of the Zoom meeting',
    );
});
