// The plugin's tab in the user settings.
import {screen, waitFor, within} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import {expect, it, vi} from 'vitest';

import {catalogs} from '../src/i18n/catalogs';
import {extractUserSettings} from './fake-client/user-settings';
import {makeUser} from './fake-client/store';
import {
    type SentRequest,
    jsonResponse,
    loadPlugin,
    mockServer,
    mockTabs,
    renderClient,
} from './harness';

const PATH = '/plugins/zoom/api/v1/settings';
const CONNECT_URL = 'https://chat.example.com/plugins/zoom/oauth2/connect?link=x';
const CONNECTED = {
    for_everybody: false,
    may_connect: true,
    connected: true,
    zoom_email: 'ada@zoom.example',
    problem: '',
    meeting_id: 'ask',
    message: '',
};
const NOT_CONNECTED = {...CONNECTED, connected: false, zoom_email: ''};

/** Opens the tab with a server that answers with some settings. Returns the requests. */
async function openTab(
    settings: object,
    responders: Parameters<typeof mockServer>[0] = {},
    locale = 'en',
): Promise<SentRequest[]> {
    const requests = mockServer({[PATH]: () => jsonResponse(200, settings), ...responders});
    await renderClient(loadPlugin({user: makeUser('ada', {locale})}));
    await userEvent.click(screen.getByRole('button', {name: 'Settings'}));
    await screen.findByRole('dialog');
    return requests;
}

const tab = () => within(screen.getByRole('tabpanel'));
const sent = (requests: SentRequest[]) =>
    requests.filter(({method}) => method === 'POST').map(({path, body}) => [path, body]);

it('the tab is registered as the client requires, with the plugin’s icon', () => {
    const settings = loadPlugin().parts.userSettings;
    expect(settings).toMatchObject({
        id: 'zoom',
        uiName: 'Zoom',
        icon: '/plugins/zoom/public/app-bar-icon.png',
    });
    expect(settings?.sections).toHaveLength(1);
    // The fake client drops the same settings as the real one.
    for (const invalid of [
        undefined,
        {uiName: 'Zoom', sections: []},
        {uiName: '', sections: settings?.sections},
        {uiName: 'Zoom', icon: 7, sections: settings?.sections},
        {uiName: 'Zoom', sections: [{title: 'Zoom'}]},
    ]) {
        expect(extractUserSettings(invalid)).toBeUndefined();
    }
});

it('the settings are loaded when the tab opens, and again when the user comes back', async () => {
    let settings = NOT_CONNECTED;
    const requests = await openTab({}, {[PATH]: () => jsonResponse(200, settings)});
    await tab().findByText('Not connected');
    expect(requests.filter(({path}) => path === PATH)[0]?.method).toBe('GET');
    settings = CONNECTED;
    window.dispatchEvent(new Event('focus'));
    await tab().findByText('Connected as ada@zoom.example');
});

it('a click on Connect opens the link in a tab without access to this one', async () => {
    const {open, opened} = mockTabs();
    const requests = await openTab(NOT_CONNECTED, {
        [`${PATH}/connect`]: () => jsonResponse(200, {url: CONNECT_URL}),
    });
    await userEvent.click(await tab().findByRole('button', {name: 'Connect'}));
    await tab().findByText(/^Continue in the new tab\./);
    expect(open.mock.calls).toEqual([[CONNECT_URL, '_blank']]);
    expect(opened[0]?.opener).toBeNull();
    expect(sent(requests)).toEqual([[`${PATH}/connect`, {}]]);
    expect(requests.find(({method}) => method === 'POST')?.headers).toMatchObject({
        'X-Requested-With': 'XMLHttpRequest',
    });
});

it('if the browser blocks the tab, there is a link', async () => {
    mockTabs(true);
    await openTab(NOT_CONNECTED, {
        [`${PATH}/connect`]: () => jsonResponse(200, {url: CONNECT_URL}),
    });
    await userEvent.click(await tab().findByRole('button', {name: 'Connect'}));
    const link = await tab().findByRole('link', {name: 'Continue in Zoom'});
    expect(link.getAttribute('href')).toBe(CONNECT_URL);
    expect(link.getAttribute('rel')).toBe('noopener noreferrer');
});

it.each(['javascript:alert(1)', '', 7])(
    'a link of the wrong kind is not opened: %s',
    async (url) => {
        const {open} = mockTabs();
        await openTab(NOT_CONNECTED, {[`${PATH}/connect`]: () => jsonResponse(200, {url})});
        await userEvent.click(await tab().findByRole('button', {name: 'Connect'}));
        await tab().findByText(/unexpected response/);
        expect(open).not.toHaveBeenCalled();
        expect(tab().queryByRole('link')).toBeNull();
    },
);

it('a click on Disconnect ends the user’s own connection, and the result is announced', async () => {
    const message = 'Your Zoom account is disconnected.';
    const requests = await openTab(CONNECTED, {
        [`${PATH}/disconnect`]: () => jsonResponse(200, {...NOT_CONNECTED, message}),
    });
    await userEvent.click(await tab().findByRole('button', {name: 'Disconnect'}));
    const result = await tab().findByText(message);
    expect(result.closest('[role=status]')).not.toBeNull();
    expect(sent(requests)).toEqual([[`${PATH}/disconnect`, {}]]);
    tab().getByText('Not connected');
    tab().getByRole('button', {name: 'Connect'});
});

it('a system admin confirms before everyone is disconnected', async () => {
    const requests = await openTab(
        {...CONNECTED, for_everybody: true},
        {
            [`${PATH}/disconnect`]: () =>
                jsonResponse(200, {...NOT_CONNECTED, for_everybody: true, message: 'Done.'}),
        },
    );
    await userEvent.click(await tab().findByRole('button', {name: 'Disconnect'}));
    tab().getByText(/nobody on this server can start meetings/);
    await userEvent.click(tab().getByRole('button', {name: 'Cancel'}));
    expect(sent(requests)).toEqual([]);
    await userEvent.click(tab().getByRole('button', {name: 'Disconnect'}));
    await userEvent.click(tab().getByRole('button', {name: 'Disconnect for everyone'}));
    await tab().findByText('Done.');
    expect(sent(requests)).toHaveLength(1);
});

it('a member of a server with one connection for everyone reads why there is no button', async () => {
    await openTab({...CONNECTED, for_everybody: true, may_connect: false, zoom_email: ''});
    await tab().findByText(/^A system admin manages the connection to Zoom/);
    tab().getByText('Connected');
    expect(tab().queryByRole('button')).toBeNull();
    expect(tab().getAllByRole('radio')).toHaveLength(3);
});

it('a problem with the connection is shown', async () => {
    await openTab({...CONNECTED, problem: 'Your email address is not verified.'});
    await tab().findByText('Your email address is not verified.');
});

it.each([
    ['personal', 'Use my Personal Meeting ID'],
    ['unique', 'Use a new meeting ID for each meeting'],
])('the choice of a meeting ID is stored: %s', async (id, label) => {
    const requests = await openTab(CONNECTED, {
        [`${PATH}/meeting_id`]: ({body}) => jsonResponse(200, {...CONNECTED, ...body}),
    });
    const choice = await tab().findByRole<HTMLInputElement>('radio', {name: label});
    expect(tab().getByRole<HTMLInputElement>('radio', {name: 'Ask every time'}).checked).toBe(true);
    await userEvent.click(choice);
    await tab().findByText('Your choice was saved.');
    expect(choice.checked).toBe(true);
    expect(sent(requests)).toEqual([[`${PATH}/meeting_id`, {meeting_id: id}]]);
});

it('a choice that could not be stored is not shown as chosen', async () => {
    await openTab(CONNECTED, {
        [`${PATH}/meeting_id`]: () => jsonResponse(500, {error: 'Mattermost is away.'}),
    });
    const choice = await tab().findByRole<HTMLInputElement>('radio', {name: /Personal/});
    await userEvent.click(choice);
    await tab().findByText('Mattermost is away.');
    expect(choice.checked).toBe(false);
});

it.each([
    [
        'the error page of a gateway',
        () => new Response('<html>', {status: 502}),
        /unexpected response/,
    ],
    ['an answer without settings', () => jsonResponse(200, {}), /unexpected response/],
    ['a refusal', () => jsonResponse(501, {error: 'Not set up.'}), /^Not set up\.$/],
    ['no answer', () => Promise.reject(new TypeError('offline')), /could not be reached/],
])('after %s the user can try again', async (_, respond, text) => {
    let isWell = false;
    await openTab({}, {[PATH]: () => (isWell ? jsonResponse(200, CONNECTED) : respond())});
    await tab().findByText(text);
    expect(tab().queryByRole('radio')).toBeNull();
    isWell = true;
    await userEvent.click(tab().getByRole('button', {name: 'Try again'}));
    await tab().findByText('Connected as ada@zoom.example');
    expect(tab().queryByText(text)).toBeNull();
});

it('an answer after the dialog was closed changes nothing', async () => {
    const error = vi.spyOn(console, 'error');
    let answer: (response: Response) => void = () => undefined;
    await openTab({}, {[PATH]: () => new Promise((resolve) => (answer = resolve))});
    await tab().findByText(/^Loading/);
    await userEvent.click(screen.getByRole('button', {name: 'Close settings'}));
    answer(jsonResponse(200, CONNECTED));
    await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
    expect(error).not.toHaveBeenCalled();
});

it.each(['de', 'fr', 'es', 'ja', 'zh-CN'])('d36 the tab is in %s', async (locale) => {
    const catalog = catalogs[locale];
    await openTab(NOT_CONNECTED, {}, locale);
    await tab().findByText(catalog?.settingsNotConnected ?? '');
    tab().getByRole('group', {name: catalog?.settingsMeetingId ?? ''});
});
