// The fake client behaves like the real one where plugins were surprised.
import {screen, within} from '@testing-library/dom';
import {expect, it} from 'vitest';

import {meetingPost, warning} from '../gallery/posts';
import {bodyOf, hands, load, showClient, showPosts} from './harness';

const ATTACHMENTS = [{title: 'Title of the attachment', text: 'Text of the attachment'}];

it('f09 the client draws attachments below the card of an ephemeral post', async () => {
    await showPosts(load(), warning({attachments: ATTACHMENTS}));
    const post = screen.getByRole('listitem');
    expect(within(post).getByRole('group')).toBeTruthy();
    const attachment = post.querySelector('.attachment');
    expect(attachment?.textContent).toContain('Title of the attachment');
    expect(attachment?.previousElementSibling?.className).toBe('zoom-card');
});

it('f09 the client draws no attachments for a stored post that a plugin draws', async () => {
    await showPosts(load(), meetingPost({attachments: ATTACHMENTS}));
    expect(screen.getByRole('group')).toBeTruthy();
    expect(document.querySelector('.attachment')).toBeNull();
});

it('f09 without the plugin the client draws the message and the attachments', async () => {
    const loaded = load({}, ['registerPostTypeComponent']);
    await showPosts(loaded, meetingPost({attachments: ATTACHMENTS}));
    expect(bodyOf()).toBe(
        'I have started a meeting\nTitle of the attachmentText of the attachment\n',
    );
});

it('zm122 with the app bar, the client has one button, in the app bar', async () => {
    await showClient(load());
    expect(document.querySelectorAll('#app-bar-icon-zoom')).toHaveLength(1);
    expect(document.querySelector('.channel-header__icon')).toBeNull();
});

it('zm122 without the app bar, the client has one button, in the channel header', async () => {
    await showClient(load(), {appBar: false});
    expect(document.querySelector('#app-bar-icon-zoom')).toBeNull();
    expect(document.querySelectorAll('.channel-header__icon')).toHaveLength(1);
});

it('zm122 a plugin that registered only the header button has it also with the app bar', async () => {
    await showClient(load({}, ['registerAppBarComponent']));
    expect(document.querySelectorAll('.channel-header__icon')).toHaveLength(1);
});

it('a click on a button of an attachment is sent to the server', async () => {
    const post = warning({
        attachments: [{actions: [{id: 'a1', name: 'Yes', cookie: 'sealed'}]}],
    });
    const loaded = load();
    await showPosts(loaded, post);
    await hands.click(screen.getByRole('button', {name: 'Yes'}));
    expect(loaded.clicked).toEqual([[post, {id: 'a1', name: 'Yes', cookie: 'sealed'}]]);
});
