// The section "Setup and status" of the System Console.
import {readFileSync} from 'node:fs';

import {screen, waitFor, within} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import React from 'react';
import {beforeEach, expect, it, vi} from 'vitest';

import {type Answers, TESTED, UNCONFIGURED, USERS, WORKING, answers} from '../gallery/console';
import {type Manifest, SystemConsole} from './fake-client/system-console';
import {
    type SentRequest,
    deferred,
    jsonResponse,
    loadPlugin,
    mockServer,
    renderIn,
} from './harness';

const manifest = JSON.parse(readFileSync('../plugin.json', 'utf8')) as Manifest;
const STATUS = '/plugins/zoom/api/v1/admin/status';
const USERS_PATH = '/plugins/zoom/api/v1/admin/users';

let client: ReturnType<typeof loadPlugin>;
let copied: string[] = [];
const save = vi.fn(() => Promise.resolve());

beforeEach(() => {
    client = loadPlugin();
    copied = [];
    save.mockClear();
});

/** Lets the server give these answers. A function makes the whole response. */
function serve(given: Answers): SentRequest[] {
    return mockServer(
        Object.fromEntries(
            Object.entries(given).map(([path, answer]) => [
                path,
                typeof answer === 'function'
                    ? (request: SentRequest) => answer(request)
                    : () => jsonResponse(200, answer),
            ]),
        ),
    );
}

/** Shows the System Console. The server gives the answers of a plugin that works, with some replaced. */
async function show(replaced: Answers = {}): Promise<SentRequest[]> {
    const requests = serve(answers(replaced));
    renderIn(client, <SystemConsole manifest={manifest} parts={client.parts} save={save} />);
    await screen.findByRole('heading', {name: 'Setup and status'});
    return requests;
}

/** A part of the section. */
const part = (name: string) => screen.findByRole('region', {name});

/** A user who clicks, with a clipboard that records. */
function setUpUser() {
    const user = userEvent.setup();
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation((text) => {
        copied.push(text);
        return Promise.resolve();
    });
    return user;
}

it('the section asks with the header that only the webapp can send, and only with POST', async () => {
    const requests = await show();
    await part('Checklist');
    const sent = requests.filter(({path}) => path.includes('/admin/'));
    expect(new Set(sent.map(({method}) => method))).toEqual(new Set(['POST']));
    expect(sent[0]?.headers['X-Requested-With']).toBe('XMLHttpRequest');
});

it('every setting of the manifest is on the page once', async () => {
    await show();
    const settings = manifest.settings_schema.sections.flatMap((section) => section.settings);
    for (const {display_name: label = ''} of settings) {
        expect(screen.getAllByText(label), label).toHaveLength(1);
    }
});

it('each value has a button that copies it, and a screen reader hears that', async () => {
    await show();
    const user = setUpUser();
    const values = within(await part('Values for your Zoom app'));
    await user.click(
        values.getByRole('button', {name: 'Copy OAuth redirect URL and OAuth allow list'}),
    );
    await user.click(values.getByRole('button', {name: 'Copy user:read:user'}));
    expect(copied).toEqual([WORKING.urls?.redirect, 'user:read:user']);
    expect((await values.findByText('Copied: user:read:user')).getAttribute('role')).toBe('status');
    expect(values.getAllByRole('button', {name: /^Copy .*:/})).toHaveLength(4);
});

it('a browser without a clipboard copies from a field, and otherwise the section says so', async () => {
    await show();
    const user = setUpUser();
    vi.spyOn(navigator.clipboard, 'writeText').mockRejectedValue(new Error('not allowed'));
    const execute = vi.fn(() => {
        copied.push((document.activeElement as HTMLTextAreaElement).value);
        return true;
    });
    Object.assign(document, {execCommand: execute});
    const values = within(await part('Values for your Zoom app'));
    const button = values.getByRole('button', {name: 'Copy user:read:user'});
    await user.click(button);
    expect(copied).toEqual(['user:read:user']);
    expect(document.activeElement).toBe(button);
    execute.mockReturnValue(false);
    await user.click(button);
    await values.findByText(/did not allow copying/);
});

it('a secret is on the page only after a click, and not after the settings are saved', async () => {
    const requests = await show();
    const user = setUpUser();
    const values = within(await part('Values for your Zoom app'));
    expect(document.body.textContent).toContain('/webhook?secret=••••••••');
    expect(requests.some(({path}) => path.endsWith('/reveal'))).toBe(false);
    await user.click(values.getByRole('button', {name: 'Show Event notification endpoint URL'}));
    const copy = await values.findByRole('button', {name: 'Copy Event notification endpoint URL'});
    await user.click(copy);
    expect(copied).toEqual([
        'https://chat.example.com/plugins/zoom/webhook?secret=Jh7_kQ2-example',
    ]);
    client.store.dispatch({type: 'RECEIVED_CONFIG', config: {}});
    await values.findByRole('button', {name: 'Show Event notification endpoint URL'});
    expect(document.body.textContent).not.toContain('Jh7_kQ2');
});

it('without a secret there is nothing to show, and the checklist says what to do', async () => {
    await show({[STATUS]: UNCONFIGURED});
    const values = within(await part('Values for your Zoom app'));
    expect(values.queryByRole('button', {name: /^Show/})).toBeNull();
    expect(values.getAllByText('Save a webhook URL secret first.')).toHaveLength(2);
    const checks = within(await part('Checklist'));
    const failed = checks.getAllByRole('listitem')[0] as HTMLElement;
    expect(failed.textContent).toMatch(/^SettingsFailed.*Zoom OAuth client ID/);
    const link = within(failed).getByRole('link', {name: 'Learn more about Settings'});
    expect(link.getAttribute('href')).toBe(
        '/plugins/zoom/public/docs/settings.html#missing-or-invalid-settings',
    );
    expect(link.getAttribute('rel')).toBe('noopener noreferrer');
});

it('without a Site URL there are no URLs', async () => {
    await show({[STATUS]: {...UNCONFIGURED, urls: null}});
    await part('Values for your Zoom app');
    expect(document.body.textContent).not.toContain('/oauth2/complete');
});

it('in server-to-server mode nobody is redirected, and nobody connects', async () => {
    await show({[STATUS]: {...WORKING, mode: 'server-to-server'}});
    await part('Values for your Zoom app');
    expect(document.body.textContent).not.toContain('/oauth2/complete');
    await screen.findByText('In server-to-server mode, nobody connects a Zoom account.');
});

it('problems are shown right after the settings are saved', async () => {
    let status = UNCONFIGURED;
    await show({[STATUS]: () => jsonResponse(200, status)});
    const checks = within(await part('Checklist'));
    expect(checks.getAllByText('Failed')).toHaveLength(1);
    status = WORKING;
    client.store.dispatch({type: 'RECEIVED_CONFIG', config: {}});
    await waitFor(() => expect(checks.queryByText('Failed')).toBeNull());
});

it('the test shows each check and says how many passed', async () => {
    const answer = deferred<Response>();
    const requests = await show({'/plugins/zoom/api/v1/admin/test': () => answer.promise});
    const user = setUpUser();
    const checks = within(await part('Checklist'));
    await user.click(checks.getByRole('button', {name: 'Test connection'}));
    expect(checks.getByRole('status').textContent).toBe('Testing the connection…');
    // A second click while the test runs does nothing.
    await user.click(checks.getByRole('button', {name: 'Testing the connection…'}));
    answer.resolve(jsonResponse(200, {checks: TESTED}));
    await checks.findByText('5 of 6 checks passed.');
    checks.getByText(/Zoom did not accept the client secret/);
    expect(requests.filter(({path}) => path.endsWith('/test'))).toHaveLength(1);
});

it('a user is disconnected after a confirmation', async () => {
    const requests = await show();
    const user = setUpUser();
    const users = within(await part('Connected users'));
    await users.findByText('43 users are connected.');
    const button = await users.findByRole('button', {name: 'Disconnect @bob'});
    await user.click(button);
    const question = users.getByRole('group', {name: /^Disconnect @bob from Zoom\?/});
    expect(document.activeElement?.textContent).toBe('Cancel');
    await user.keyboard('{Escape}');
    expect(users.queryByRole('group')).toBeNull();
    expect(document.activeElement).toBe(users.getByRole('button', {name: 'Disconnect @bob'}));
    expect(requests.some(({path}) => path.endsWith('/disconnect'))).toBe(false);
    expect(question.isConnected).toBe(false);
    await user.click(users.getByRole('button', {name: 'Disconnect @bob'}));
    await user.click(users.getByRole('button', {name: 'Disconnect'}));
    await users.findByText('@bob was disconnected.');
    const sent = requests.filter(({path}) => path.endsWith('/disconnect'));
    expect(sent.map(({body}) => body)).toEqual([{user_id: USERS[1]?.id}]);
});

it('the search asks Mattermost for users with the name, and the plugin which are connected', async () => {
    const found = {count: 43, page: 0, pages: 1, users: [USERS[1]]};
    const requests = await show({
        [USERS_PATH]: ({body}: SentRequest) =>
            jsonResponse(200, body.user_ids ? found : {count: 43, page: 0, pages: 3, users: USERS}),
    });
    const user = setUpUser();
    const users = within(await part('Connected users'));
    const field = await users.findByRole('searchbox', {name: 'Search by username'});
    // Without a change, Mattermost does not save at all.
    await user.type(screen.getByLabelText('Zoom OAuth client ID:'), 'x');
    await user.type(field, 'bo{Enter}');
    await waitFor(() => expect(users.getAllByRole('row')).toHaveLength(2));
    users.getByText('@bob');
    // Enter would submit the form with the settings.
    expect(save).not.toHaveBeenCalled();
    const search = requests.filter(({path}) => path === '/api/v4/users/search');
    expect(search.map(({body}) => body.term)).toEqual(['bo']);
});

it('pages of users are loaded one after the other', async () => {
    const requests = await show({
        [USERS_PATH]: ({body}: SentRequest) =>
            jsonResponse(200, {count: 43, page: body.page, pages: 3, users: USERS}),
    });
    const user = setUpUser();
    const users = within(await part('Connected users'));
    await users.findByText('Page 1 of 3');
    await user.click(users.getByRole('button', {name: 'Next'}));
    await users.findByText('Page 2 of 3');
    expect(requests.filter(({path}) => path === USERS_PATH).at(-1)?.body).toEqual({page: 1});
});

it('a refusal of the plugin is shown, and the administrator can try again', async () => {
    let response = () => jsonResponse(403, {error: 'You do not have permission to do this.'});
    await show({[STATUS]: () => response()});
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toContain('You do not have permission to do this.');
    response = () => jsonResponse(200, WORKING);
    await setUpUser().click(within(alert).getByRole('button', {name: 'Try again'}));
    await part('Checklist');
    expect(screen.queryByRole('alert')).toBeNull();
});

it.each([
    ['no answer', () => Promise.reject(new TypeError('failed'))],
    ['the page of a gateway', () => new Response('<html>', {status: 502})],
])('%s is explained in words of the plugin', async (_, response) => {
    await show({[STATUS]: response});
    const alert = await screen.findByRole('alert');
    expect(alert.textContent).toMatch(/^The plugin did not respond\./);
});

it('the sandbox shows the hosts, the restrictions, and what runs', async () => {
    await show();
    const heading = await screen.findByRole('heading', {name: 'Sandbox'});
    const sandbox = heading.closest('details') as HTMLElement;
    expect(sandbox.textContent).toContain('https://*.zoom.us');
    expect(sandbox.textContent).toContain('landlocknot activeThe kernel has no Landlock.');
    expect(sandbox.textContent).toContain('9f86d081884c7d65');
    expect(sandbox.textContent).toContain('48.0.9');
});

it('without the host’s answer there is no sandbox panel', async () => {
    await show({'/plugins/zoom/_host/sandbox': () => jsonResponse(403, {error: 'no'})});
    await part('Checklist');
    expect(screen.queryByRole('heading', {name: 'Sandbox'})).toBeNull();
});
