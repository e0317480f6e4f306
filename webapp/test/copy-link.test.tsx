// Copying the link of a meeting.
import {screen, waitFor} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {afterEach, expect, it, vi} from 'vitest';

import {meetingPost} from '../gallery/posts';
import {CHANNEL, loadPlugin, renderClient} from './harness';

const URL = 'https://zoom.us/j/85746065432?pwd=abc.1';

afterEach(() => {
    Reflect.deleteProperty(navigator, 'clipboard');
    Reflect.deleteProperty(document, 'execCommand');
    vi.useRealTimers();
});

/** Gives the browser a clipboard. */
function mockClipboard(writeText: (text: string) => Promise<void>) {
    const spy = vi.fn(writeText);
    Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {writeText: spy}});
    return spy;
}

/** Gives the browser the old way to copy. Returns the copied texts. */
function mockExecCommand(isAllowed: boolean): string[] {
    const copied: string[] = [];
    Object.defineProperty(document, 'execCommand', {
        configurable: true,
        value: () => {
            if (isAllowed) {
                copied.push((document.activeElement as HTMLTextAreaElement).value);
            }
            return isAllowed;
        },
    });
    return copied;
}

async function renderMeeting(): Promise<HTMLElement> {
    const client = loadPlugin();
    const post = {...meetingPost(), channel_id: CHANNEL};
    client.store.dispatch({type: 'RECEIVED_POST', data: post});
    await renderClient(client);
    return screen.getByRole('button', {name: 'Copy link'});
}

/** The text of the live region. */
function announced(): string {
    return screen.getByRole('status').textContent ?? '';
}

it('zm129 the link is copied, the button confirms it, and the live region announces it', async () => {
    const writeText = mockClipboard(() => Promise.resolve());
    const button = await renderMeeting();
    await userEvent.click(button);
    await waitFor(() => expect(button.textContent).toBe('Copied'));
    expect(writeText.mock.calls).toEqual([[URL]]);
    expect(announced()).toBe('The meeting link was copied.');
    expect(document.activeElement).toBe(button);
});

it('zm129 after a moment, the link can be copied again, and the announcement is gone', async () => {
    vi.useFakeTimers({shouldAdvanceTime: true});
    const writeText = mockClipboard(() => Promise.resolve());
    const button = await renderMeeting();
    button.click();
    await waitFor(() => expect(button.textContent).toBe('Copied'));
    button.click();
    vi.advanceTimersByTime(3_000);
    await waitFor(() => expect(button.textContent).toBe('Copy link'));
    await waitFor(() => expect(announced()).toBe(''));
    expect(writeText).toHaveBeenCalledOnce();
    button.click();
    await waitFor(() => expect(announced()).toBe('The meeting link was copied.'));
});

it.each([
    ['has no clipboard', () => undefined],
    ['refuses', () => mockClipboard(() => Promise.reject(new Error('not allowed')))],
])('zm129 if the browser %s, the link is copied in the old way', async (_, prepare) => {
    prepare();
    const copied = mockExecCommand(true);
    const button = await renderMeeting();
    button.focus();
    await userEvent.click(button);
    await waitFor(() => expect(button.textContent).toBe('Copied'));
    expect(copied).toEqual([URL]);
    expect(document.querySelector('textarea')).toBeNull();
    expect(document.activeElement).toBe(button);
});

it('zm129 if the link cannot be copied, a notice says so', async () => {
    mockExecCommand(false);
    const button = await renderMeeting();
    await userEvent.click(button);
    await screen.findByText(/^The meeting link could not be copied\./);
    expect(button.textContent).toBe('Copy link');
});
