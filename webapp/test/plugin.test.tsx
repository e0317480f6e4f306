import {screen} from '@testing-library/dom';
import {expect, it, vi} from 'vitest';

import {makeRegistry} from '../host/registry';
import {makeStore} from '../host/store';
import type {HostWindow, Registry} from '../src/host';
import {initialize} from '../src/plugin';
import {load, person, showClient, showPosts} from './stage';
import {meetingPost} from '../gallery/states';

const SETTING = {user: person('ada'), siteUrl: 'https://chat.example.com/team/', teamId: 't'};

it('zm121 registers itself by its id, with an initialize and nothing else', async () => {
    const registerPlugin = vi.fn<HostWindow['registerPlugin']>();
    Object.assign(window, {registerPlugin});
    await import('../src/index');
    expect(registerPlugin).toHaveBeenCalledOnce();
    const [id, plugin] = registerPlugin.mock.calls[0] ?? [];
    expect(id).toBe('zoom');
    expect(Object.keys(plugin ?? {})).toEqual(['initialize']);
});

it('zm122 registers the buttons, the event, the post types and its translations', () => {
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

it('zm123 the address of the icon has the path of a server that is not at the root', () => {
    const {registry, registered} = makeRegistry();
    initialize(registry, makeStore(SETTING));
    expect(registered.appBar[0]?.iconUrl).toBe('/team/plugins/zoom/public/app-bar-icon.png');
});

it.each([
    'registerTranslations',
    'registerRootComponent',
    'registerChannelHeaderButtonAction',
    'registerAppBarComponent',
    'registerPostTypeComponent',
    'registerWebSocketEventHandler',
    'registerSlashCommandWillBePostedHook',
] satisfies (keyof Registry)[])(
    'zm122 without %s the rest is registered, and the console says what is missing',
    (missing) => {
        const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
        const {registered} = load({}, [missing]);
        const parts: Record<string, number> = {
            registerTranslations: registered.translations ? 1 : 0,
            registerRootComponent: registered.roots.length,
            registerChannelHeaderButtonAction: registered.headerButtons.length,
            registerAppBarComponent: registered.appBar.length,
            registerPostTypeComponent: registered.postTypes.size,
            registerWebSocketEventHandler: registered.events.size,
            registerSlashCommandWillBePostedHook: registered.commandHooks.length,
        };
        for (const [method, count] of Object.entries(parts)) {
            expect(count > 0, method).toBe(method !== missing);
        }
        expect(warn).toHaveBeenCalledOnce();
        expect(String(warn.mock.calls[0])).toContain(missing);
    },
);

it('zm122 a method that fails costs only what it was for', () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const {registry, registered} = makeRegistry();
    initialize(
        {
            ...registry,
            registerAppBarComponent: () => {
                throw new Error('not here');
            },
        },
        makeStore(SETTING),
    );
    expect(registered.postTypes.size).toBe(3);
    expect(error).toHaveBeenCalledOnce();
});

it('zm127 d63 the button is named by its text, and its icon is no part of the name', async () => {
    await showClient(load());
    const button = screen.getByRole('button', {name: 'Start Zoom Meeting'});
    expect(button.querySelector('.icon-brand-zoom')?.getAttribute('aria-hidden')).toBe('true');
});

it('d36 the button is named in the language of the reader, also after they change it', async () => {
    const loaded = load({user: person('ada', {locale: 'fr'})});
    await showClient(loaded);
    await screen.findByRole('button', {name: 'Démarrer une réunion Zoom'});
    loaded.store.dispatch({type: 'LANGUAGE', value: 'ja'});
    await screen.findByRole('button', {name: 'Zoomミーティングを開始'});
});

it('zm130 the styles are in the page once, however often the plugin is loaded', async () => {
    load();
    await showPosts(load(), meetingPost());
    expect(document.querySelectorAll('#zoom-plugin-styles')).toHaveLength(1);
});
