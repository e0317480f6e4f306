// The parts that the plugin registers with the client.
import {screen, waitFor} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {meetingPost} from '../gallery/posts';
import type {ClientWindow, Registry} from '../src/mattermost';
import {initialize} from '../src/plugin';
import {type RegisteredParts, createRegistry} from './fake-client/registry';
import {createFakeStore, makeUser} from './fake-client/store';
import {loadPlugin, renderClient, renderPosts, startButton} from './harness';

const OPTIONS = {user: makeUser('ada'), siteUrl: 'https://chat.example.com/team/', teamId: 't'};

it('zm121 the plugin registers itself with its ID and `initialize` only', async () => {
    const registerPlugin = vi.fn<ClientWindow['registerPlugin']>();
    Object.assign(window, {registerPlugin});
    await import('../src/index');
    expect(registerPlugin).toHaveBeenCalledOnce();
    const [id, plugin] = registerPlugin.mock.calls[0] ?? [];
    expect(id).toBe('zoom');
    expect(Object.keys(plugin ?? {})).toEqual(['initialize']);
});

it('zm122 the plugin registers the buttons, the event, the post types, and the translations', () => {
    const {parts} = loadPlugin();
    expect(parts.headerButtons).toHaveLength(1);
    expect(parts.appBarButtons).toHaveLength(1);
    expect([...parts.eventHandlers.keys()]).toEqual(['custom_zoom_meeting_started']);
    expect([...parts.postTypes.keys()].toSorted()).toEqual([
        'custom_zoom',
        'custom_zoom_chat',
        'custom_zoom_transcript',
    ]);
    expect(parts.translations?.('de')['zoom.start']).toBe('Zoom-Meeting starten');
});

it('zm122 the plugin keeps its state in the client’s store', () => {
    const {store} = loadPlugin();
    store.dispatch({type: 'UNKNOWN'});
    expect(store.getState()['plugins-zoom']).toEqual({
        starts: [],
        notice: undefined,
        announcement: '',
        newMeetings: {},
    });
});

it('zm123 the URL of the icon has the path of the site URL', () => {
    const store = createFakeStore(OPTIONS);
    const {registry, parts} = createRegistry(store);
    initialize(registry, store);
    expect(parts.appBarButtons[0]?.iconUrl).toBe('/team/plugins/zoom/public/app-bar-icon.png');
});

const METHODS = [
    'registerReducer',
    'registerTranslations',
    'registerRootComponent',
    'registerChannelHeaderButtonAction',
    'registerAppBarComponent',
    'registerPostTypeComponent',
    'registerWebSocketEventHandler',
    'registerUserSettings',
    'registerSlashCommandWillBePostedHook',
    'registerAdminConsoleCustomSection',
] satisfies (keyof Registry)[];

function counts(parts: RegisteredParts): Record<string, number> {
    return {
        registerReducer: parts.hasReducer ? 1 : 0,
        registerTranslations: parts.translations ? 1 : 0,
        registerRootComponent: parts.roots.length,
        registerChannelHeaderButtonAction: parts.headerButtons.length,
        registerAppBarComponent: parts.appBarButtons.length,
        registerPostTypeComponent: parts.postTypes.size,
        registerWebSocketEventHandler: parts.eventHandlers.size,
        registerUserSettings: parts.userSettings ? 1 : 0,
        registerSlashCommandWillBePostedHook: parts.commandHooks.length,
        registerAdminConsoleCustomSection: parts.adminSections.size,
    };
}

it.each(METHODS)(
    'f45 zm122 without %s the other parts are registered, and the console names the method',
    (missing) => {
        const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
        const {parts} = loadPlugin({}, [missing]);
        for (const [method, count] of Object.entries(counts(parts))) {
            expect(count > 0, method).toBe(method !== missing);
        }
        expect(warn).toHaveBeenCalledOnce();
        expect(String(warn.mock.calls[0])).toContain(missing);
    },
);

it.each(METHODS)(
    'f45 zm122 if %s throws, the other parts are registered, and the console names the method',
    (method) => {
        const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
        const store = createFakeStore(OPTIONS);
        const {registry, parts} = createRegistry(store);
        const failing = () => {
            throw new Error('not here');
        };
        initialize({...registry, [method]: failing}, store);
        for (const [other, count] of Object.entries(counts(parts))) {
            expect(count > 0, other).toBe(other !== method);
        }
        expect(error).toHaveBeenCalledOnce();
        expect(String(error.mock.calls[0])).toContain(method);
    },
);

it('zm127 d63 the name of the header button is its text, and its icon is hidden', async () => {
    await renderClient(loadPlugin(), {appBar: false});
    const button = screen.getByRole('button', {name: 'Start Zoom meeting'});
    expect(button.querySelector('.zoom-glyph-camera')?.getAttribute('aria-hidden')).toBe('true');
});

it('d36 the header button has its name in the reader’s language, even after a change', async () => {
    const client = loadPlugin({user: makeUser('ada', {locale: 'fr'})});
    await renderClient(client, {appBar: false});
    await screen.findByRole('button', {name: 'Démarrer une réunion Zoom'});
    client.store.dispatch({type: 'LANGUAGE_CHANGED', value: 'ja'});
    await screen.findByRole('button', {name: 'Zoomミーティングを開始'});
});

it('d36 the app bar button has its tooltip in the reader’s language, even after a change', async () => {
    const client = loadPlugin({user: makeUser('ada', {locale: 'fr'})});
    await renderClient(client);
    expect(startButton().parentElement?.title).toBe('Démarrer une réunion Zoom');
    client.store.dispatch({type: 'LANGUAGE_CHANGED', value: 'ja'});
    await waitFor(() => expect(startButton().parentElement?.title).toBe('Zoomミーティングを開始'));
});

it('zm130 the styles are on the page once, however often the plugin is loaded', async () => {
    loadPlugin();
    await renderPosts(loadPlugin(), meetingPost());
    expect(document.querySelectorAll('#zoom-plugin-styles')).toHaveLength(1);
});
