// Behaviors of the real client that are easy to miss: the fake client has them too.
import {screen, within} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it} from 'vitest';

import {meetingPost, warningPost} from '../gallery/posts';
import {postText, loadPlugin, renderClient, renderPosts} from './harness';

const ATTACHMENTS = [{title: 'Title of the attachment', text: 'Text of the attachment'}];

it('f09 the client renders attachments below the card of an ephemeral post', async () => {
    await renderPosts(loadPlugin(), warningPost({attachments: ATTACHMENTS}));
    const post = screen.getByRole('listitem');
    expect(within(post).getByRole('group')).toBeTruthy();
    const attachment = post.querySelector('.attachment');
    expect(attachment?.textContent).toContain('Title of the attachment');
    expect(attachment?.previousElementSibling?.className).toBe('zoom-card');
});

it('f09 the client renders no attachments for a stored post that a plugin renders', async () => {
    await renderPosts(loadPlugin(), meetingPost({attachments: ATTACHMENTS}));
    expect(screen.getByRole('group')).toBeTruthy();
    expect(document.querySelector('.attachment')).toBeNull();
});

it('f09 without the plugin the client renders the message and the attachments', async () => {
    const client = loadPlugin({}, ['registerPostTypeComponent']);
    await renderPosts(client, meetingPost({attachments: ATTACHMENTS}));
    expect(postText()).toBe(
        'I have started a meeting\nTitle of the attachmentText of the attachment',
    );
});

it('zm122 with the app bar, the client has one button, in the app bar', async () => {
    await renderClient(loadPlugin());
    expect(document.querySelectorAll('#app-bar-icon-zoom')).toHaveLength(1);
    expect(document.querySelector('.channel-header__icon')).toBeNull();
});

it('zm122 without the app bar, the client has one button, in the channel header', async () => {
    await renderClient(loadPlugin(), {appBar: false});
    expect(document.querySelector('#app-bar-icon-zoom')).toBeNull();
    expect(document.querySelectorAll('.channel-header__icon')).toHaveLength(1);
});

it('zm122 a plugin that registered only the header button has it also with the app bar', async () => {
    await renderClient(loadPlugin({}, ['registerAppBarComponent']));
    expect(document.querySelectorAll('.channel-header__icon')).toHaveLength(1);
});

it('a click on a button of an attachment is sent to the server', async () => {
    const post = warningPost({
        attachments: [{actions: [{id: 'a1', name: 'Yes', cookie: 'sealed'}]}],
    });
    const client = loadPlugin();
    await renderPosts(client, post);
    await userEvent.click(screen.getByRole('button', {name: 'Yes'}));
    expect(client.actionClicks).toEqual([[post, {id: 'a1', name: 'Yes', cookie: 'sealed'}]]);
});
