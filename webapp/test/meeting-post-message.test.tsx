// The text above a card: the name of the person, and the translation of stored messages.
import type {Post} from '@mattermost/types/posts';
import {screen} from '@testing-library/dom';
import {expect, it} from 'vitest';

import {ENDED, meetingPost} from '../gallery/posts';
import {makeUser} from './fake-client/store';
import {CHANNEL, postText, loadPlugin, renderClient, renderPosts} from './harness';

const FORGED = {from_bot: 'true', meeting_creator_username: 'ceo'};
const BOT = makeUser('zoom', {is_bot: true});

function pretext(): string {
    return document.querySelector('.zoom-pretext')?.textContent?.trim() ?? '';
}

it('f11 a post of a bot names the person who started the meeting', async () => {
    await renderPosts(loadPlugin(), meetingPost({from_bot: 'true'}, {user_id: 'zoom'}));
    expect(pretext()).toBe('@ada has started a meeting');
});

/** Posts of a member that claim to be by another person. */
const FORGERIES: [string, Post['props'], Partial<Post>][] = [
    ['started', {...FORGED}, {}],
    ['started, with a boolean', {...FORGED, from_bot: true}, {}],
    ['started, without a message', {...FORGED}, {message: ''}],
    ['started, with the bot’s message', {...FORGED}, {message: 'A meeting has started'}],
    ['ended', {...ENDED, ...FORGED}, {message: 'The meeting has ended.'}],
    ['not started', {...FORGED, meeting_status: 'NOT_STARTED'}, {}],
    ['as a webhook', {...FORGED, from_webhook: 'true', override_username: 'zoom'}, {}],
    ['a warning', {...FORGED, meeting_status: 'RECENTLY_CREATED'}, {message: 'mine'}],
];

it.each(FORGERIES)(
    'f11 a member cannot claim to be another person: %s',
    async (_, props, fields) => {
        const mallory = makeUser('mallory', {is_bot: false});
        const client = loadPlugin({otherUsers: [BOT, mallory, makeUser('ceo')]});
        await renderPosts(client, meetingPost(props, {user_id: 'mallory', ...fields}));
        expect(postText()).not.toBe('');
        expect(screen.getByRole('listitem').textContent).not.toContain('ceo');
    },
);

it('f11 a member with the name of the bot is not the bot', async () => {
    const client = loadPlugin({otherUsers: [makeUser('zoom')]});
    await renderPosts(client, meetingPost(FORGED, {user_id: 'zoom'}));
    expect(pretext()).toBe('I have started a meeting');
});

it('f11 no name is shown until the author is known to be a bot, then the card is updated', async () => {
    const client = loadPlugin({otherUsers: []});
    const post = meetingPost({from_bot: 'true'}, {user_id: 'zoom', channel_id: CHANNEL});
    client.store.dispatch({type: 'RECEIVED_POST', data: post});
    await renderClient(client);
    expect(pretext()).toBe('I have started a meeting');
    client.store.dispatch({type: 'RECEIVED_PROFILES', users: [BOT]});
    await screen.findByText(/has started a meeting/);
    expect(pretext()).toBe('@ada has started a meeting');
});

it('f11 no name is shown when the author turns out to be a person', async () => {
    const client = loadPlugin({otherUsers: []});
    const post = meetingPost(FORGED, {user_id: 'mallory', channel_id: CHANNEL});
    client.store.dispatch({type: 'RECEIVED_POST', data: post});
    await renderClient(client);
    expect(pretext()).toBe('I have started a meeting');
    client.store.dispatch({type: 'RECEIVED_PROFILES', users: [makeUser('mallory')]});
    await screen.findByText('mallory');
    expect(pretext()).toBe('I have started a meeting');
});

it.each([
    ['a followed meeting', {}, 'A meeting has started'],
    ['a post of the Go plugin', {meeting_creator_username: 'zoom'}, 'I have started a meeting'],
    ['a bot without a person', {from_bot: 'true', meeting_creator_username: ''}, ''],
    ['a bot that names itself', {from_bot: 'true', meeting_creator_username: 'zoom'}, ''],
])(
    'zm129 f11 a bot’s post that is not for a person names nobody: %s',
    async (_, props, message) => {
        await renderPosts(loadPlugin(), meetingPost(props, {user_id: 'zoom', message}));
        expect(pretext()).toBe('A meeting has started');
    },
);

it('zm129 f11 the end of a meeting names nobody', async () => {
    const props = {...ENDED, from_bot: 'true'};
    await renderPosts(loadPlugin(), meetingPost(props, {user_id: 'zoom', message: 'Fin.'}));
    expect(pretext()).toBe('The meeting has ended.');
});

it.each(['Ada', 'x](https://evil.example)', '**x**', ''])(
    'd13 a name that Mattermost does not allow is not shown: %s',
    async (name) => {
        const props = {from_bot: 'true', meeting_creator_username: name};
        await renderPosts(loadPlugin(), meetingPost(props, {user_id: 'zoom'}));
        expect(pretext()).toBe('A meeting has started');
        expect(document.querySelector('.zoom-pretext a, .zoom-pretext b')).toBeNull();
    },
);

const GERMAN = {user: makeUser('ada', {locale: 'de'})};

it.each([
    ['I have started a meeting', {}, 'Ich habe ein Meeting gestartet'],
    ['J’ai démarré une réunion', {}, 'Ich habe ein Meeting gestartet'],
    ['', {}, 'Ich habe ein Meeting gestartet'],
    ['The meeting has ended.', ENDED, 'Das Meeting ist beendet.'],
    ['ミーティングは終了しました。', ENDED, 'Das Meeting ist beendet.'],
    // The plugin could not update the message together with the status.
    ['I have started a meeting', ENDED, 'Das Meeting ist beendet.'],
    ['The meeting was not started.', {}, 'Ich habe ein Meeting gestartet'],
])(
    'd36 the plugin’s message is shown in the reader’s language: %s',
    async (message, props, expected) => {
        await renderPosts(loadPlugin(GERMAN), meetingPost(props, {message}));
        expect(pretext()).toBe(expected);
    },
);

it.each([
    ['started', {}, 'A meeting has started', 'Ein Meeting hat begonnen'],
    ['started', {}, 'Uma reunião começou', 'Ein Meeting hat begonnen'],
    ['ended', ENDED, 'A reunião terminou.', 'Das Meeting ist beendet.'],
])(
    'd36 a message of the bot in any language is shown in the reader’s language: %s',
    async (_, props, message, expected) => {
        await renderPosts(loadPlugin(GERMAN), meetingPost(props, {user_id: 'zoom', message}));
        expect(pretext()).toBe(expected);
    },
);

/** All states of a stored card. */
const PROPS: [Post['props']][] = [[{}], [ENDED], [{meeting_status: 'NOT_STARTED'}]];

it.each(PROPS)('d36 a message that a person wrote is never hidden: %o', async (props) => {
    await renderPosts(loadPlugin(GERMAN), meetingPost(props, {message: 'Bring your *plans*'}));
    expect(pretext()).toBe('Bring your plans');
});

it('d36 a message of another provider’s bot is never hidden', async () => {
    const post = meetingPost({meeting_provider: 'Jitsi'}, {user_id: 'zoom', message: 'Welcome'});
    await renderPosts(loadPlugin(GERMAN), post);
    expect(pretext()).toBe('Welcome');
});
