// Replies with the chat and the transcript of a meeting.
import type {Post} from '@mattermost/types/posts';
import {screen} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it, vi} from 'vitest';

import {POSTS} from '../gallery/posts';
import {makeUser} from './fake-client/store';
import {loadPlugin, renderPosts} from './harness';

const {chat, transcript} = POSTS as {chat: Post; transcript: Post};

function chats(): (string | undefined)[] {
    return screen.getAllByTestId('zoom-post-chat-body').map((one) => one.textContent?.trim());
}

it('zm131 zm132 chats and transcripts show their message', async () => {
    await renderPosts(loadPlugin(), chat, transcript);
    expect(chats()).toEqual(['Here is the chat of the Zoom meeting:']);
    expect(screen.getByTestId('zoom-post-transcription-body').textContent?.trim()).toBe(
        'Here is the transcript of the Zoom meeting:',
    );
});

it('d36 the plugin’s message is shown in the reader’s language, a person’s is not changed', async () => {
    const theirs = {...chat, id: 'theirs', message: 'Here is our chat'};
    const earlier = {...chat, id: 'earlier', message: "Here's the chat of the Zoom meeting:"};
    const french = {
        ...chat,
        id: 'french',
        message: 'Voici la discussion de la réunion Zoom\u00a0:',
    };
    const client = loadPlugin({user: makeUser('ada', {locale: 'de'})});
    await renderPosts(client, chat, earlier, french, theirs, transcript);
    const expected = 'Hier ist der Chat des Zoom-Meetings:';
    expect(chats()).toEqual([expected, expected, expected, 'Here is our chat']);
    expect(screen.getByTestId('zoom-post-transcription-body').textContent).toContain('Transkript');
});

it('zm133 the button passes the post to the AI plugin', async () => {
    const ai = vi.fn();
    await renderPosts(loadPlugin({summarize: ai}), chat, transcript);
    await userEvent.click(screen.getByRole('button', {name: 'Summarize chat history'}));
    await userEvent.click(screen.getByRole('button', {name: 'Create meeting summary'}));
    expect(ai.mock.calls).toEqual([[chat], [transcript]]);
});

it('zm133 without the AI plugin there is no button', async () => {
    await renderPosts(loadPlugin(), chat, transcript);
    expect(screen.queryByRole('button')).toBeNull();
});

it('zm130 without the client’s formatting functions, text is plain text', async () => {
    vi.stubGlobal('PostUtils', undefined);
    await renderPosts(loadPlugin(), chat);
    expect(chats()[0]).toContain('chat of the Zoom meeting');
});
