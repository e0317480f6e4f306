// What the plugin registers with the client.
import {screen, waitFor} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {meetingPost} from '../gallery/posts';
import {makeRegistry} from './fake-client/registry';
import {makeStore} from './fake-client/store';
import type {HostWindow, Registry} from '../src/mattermost';
import {initialize} from '../src/plugin';
import {load, person, showClient, showPosts, startButton} from './harness';

const SETTING = {user: person('ada'), siteUrl: 'https://chat.example.com/team/', teamId: 't'};

it('zm121 the plugin registers itself with its ID and `initialize` only', async () => {
    const registerPlugin = vi.fn<HostWindow['registerPlugin']>();
    Object.assign(window, {registerPlugin});
    await import('../src/index');
    expect(registerPlugin).toHaveBeenCalledOnce();
    const [id, plugin] = registerPlugin.mock.calls[0] ?? [];
    expect(id).toBe('zoom');
    expect(Object.keys(plugin ?? {})).toEqual(['initialize']);
});

it('zm122 the plugin registers the buttons, the event, the post types, and the translations', () => {
    const {registered} = load();
    expect(registered.headerButtons).toHaveLength(1);
    expect(registered.appBar).toHaveLength(1);
    expect([...registered.events.keys()]).toEqual(['custom_zoom_meeting_started']);
    expect([...registered.postTypes.keys()].toSorted()).toEqual([
        'custom_zoom',
        'custom_zoom_chat',
        'custom_zoom_transcript',
    ]);
    expect(registered.translations?.('de')['zoom.start']).toBe('Zoom-Meeting starten');
});

it('zm123 the URL of the icon has the path of the site URL', () => {
    const {registry, registered} = makeRegistry();
    initialize(registry, makeStore(SETTING));
    expect(registered.appBar[0]?.iconUrl).toBe('/team/plugins/zoom/public/app-bar-icon.png');
});

const METHODS = [
    'registerTranslations',
    'registerRootComponent',
    'registerChannelHeaderButtonAction',
    'registerAppBarComponent',
    'registerPostTypeComponent',
    'registerWebSocketEventHandler',
    'registerSlashCommandWillBePostedHook',
] satisfies (keyof Registry)[];

function counts(registered: ReturnType<typeof load>['registered']): Record<string, number> {
    return {
        registerTranslations: registered.translations ? 1 : 0,
        registerRootComponent: registered.roots.length,
        registerChannelHeaderButtonAction: registered.headerButtons.length,
        registerAppBarComponent: registered.appBar.length,
        registerPostTypeComponent: registered.postTypes.size,
        registerWebSocketEventHandler: registered.events.size,
        registerSlashCommandWillBePostedHook: registered.commandHooks.length,
    };
}

it.each(METHODS)(
    'f45 zm122 without %s the other parts are registered, and the console names the method',
    (missing) => {
        const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
        const {registered} = load({}, [missing]);
        for (const [method, count] of Object.entries(counts(registered))) {
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
        const {registry, registered} = makeRegistry();
        const failing = () => {
            throw new Error('not here');
        };
        initialize({...registry, [method]: failing}, makeStore(SETTING));
        for (const [other, count] of Object.entries(counts(registered))) {
            expect(count > 0, other).toBe(other !== method);
        }
        expect(error).toHaveBeenCalledOnce();
        expect(String(error.mock.calls[0])).toContain(method);
    },
);

it('zm127 d63 the name of the header button is its text, and its icon is hidden', async () => {
    await showClient(load(), {appBar: false});
    const button = screen.getByRole('button', {name: 'Start Zoom meeting'});
    expect(button.querySelector('.icon-brand-zoom')?.getAttribute('aria-hidden')).toBe('true');
});

it('d36 the header button has its name in the reader’s language, also after a change', async () => {
    const loaded = load({user: person('ada', {locale: 'fr'})});
    await showClient(loaded, {appBar: false});
    await screen.findByRole('button', {name: 'Démarrer une réunion Zoom'});
    loaded.store.dispatch({type: 'LANGUAGE', value: 'ja'});
    await screen.findByRole('button', {name: 'Zoomミーティングを開始'});
});

it('d36 the app bar button has its tooltip in the reader’s language, also after a change', async () => {
    const loaded = load({user: person('ada', {locale: 'fr'})});
    await showClient(loaded);
    expect(startButton().parentElement?.title).toBe('Démarrer une réunion Zoom');
    loaded.store.dispatch({type: 'LANGUAGE', value: 'ja'});
    await waitFor(() => expect(startButton().parentElement?.title).toBe('Zoomミーティングを開始'));
});

it('zm130 the styles are on the page once, however often the plugin is loaded', async () => {
    load();
    await showPosts(load(), meetingPost());
    expect(document.querySelectorAll('#zoom-plugin-styles')).toHaveLength(1);
});
