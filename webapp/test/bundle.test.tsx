// The built script `dist/main.js`, loaded as Mattermost loads it.
import {readFileSync} from 'node:fs';
import {gzipSync} from 'node:zlib';

import {screen, waitFor} from '@testing-library/dom';
import userEvent from '@testing-library/user-event';
import React from 'react';
import {afterEach, beforeEach, expect, it, vi} from 'vitest';

import {POSTS} from '../gallery/posts';
import {catalogs} from '../src/i18n/catalogs';
import type {ClientStore, ClientWindow, Registry} from '../src/mattermost';
import {createRegistry} from './fake-client/registry';
import {createFakeStore, makeUser} from './fake-client/store';
import {
    CHANNEL,
    jsonResponse,
    deferred,
    loadPlugin,
    mockServer,
    renderClient,
    renderPosts,
    startButton,
    mockTabs,
} from './harness';

const script = readFileSync('dist/main.js', 'utf8');
const OPTIONS = {user: makeUser('ada'), siteUrl: 'https://chat.example.com', teamId: 't'};

type Plugin = Parameters<ClientWindow['registerPlugin']>[1];

/** Runs the script in the global scope, as a `script` element does. */
function run(): Plugin {
    const registerPlugin = vi.fn<ClientWindow['registerPlugin']>();
    vi.stubGlobal('registerPlugin', registerPlugin);
    (0, eval)(script);
    const [id, plugin] = registerPlugin.mock.calls[0] ?? [];
    if (registerPlugin.mock.calls.length !== 1 || id !== 'zoom' || !plugin) {
        throw new Error('the script did not register the plugin once');
    }
    return plugin;
}

it('d64 zm136 the script is small and does not contain the client’s libraries', () => {
    expect(script.length).toBeLessThan(90_000);
    expect(gzipSync(script).length).toBeLessThan(26_000);
    for (const foreign of ['mattermost-redux', 'styled-components', 'core-js', 'react.element']) {
        expect(script).not.toContain(foreign);
    }
});

it('zm121 the script is a classic script and uses the client’s globals', () => {
    expect(script).not.toMatch(/^\s*(?:import|export)\b/m);
    expect(script.trimEnd()).toMatch(/\}\)\(React,\s?ReactIntl,\s?ReactRedux\);$/);
});

it('d36 zm134 all languages are in the script', () => {
    for (const catalog of Object.values(catalogs)) {
        expect(script).toContain(catalog.join);
    }
});

it('f45 zm121 the plugin is registered when the script has run, with `initialize` only', () => {
    expect(Object.keys(run())).toEqual(['initialize']);
});

it('f45 the script uses no API that React 19 removed', () => {
    for (const removed of [
        'findDOMNode',
        'defaultProps',
        'propTypes',
        'contextTypes',
        'childContextTypes',
        'getChildContext',
        'createFactory',
        'unmountComponentAtNode',
        'hydrate',
        'ReactDOM',
        'ReactTestUtils',
        'componentWillMount',
        'componentWillReceiveProps',
        'componentWillUpdate',
        '__SECRET_INTERNALS',
        // The automatic JSX runtime is missing in clients before 12.0.
        'ReactJSX',
        'jsx-runtime',
    ]) {
        expect(script).not.toContain(removed);
    }
    expect(script).not.toMatch(/\bref:\s*["'`]/);
    expect(script).not.toMatch(/\.refs\b/);
});

/** A global that throws if the script reads a property that does not exist. */
function existing<T extends object>(name: string, real: T, replaced: object = {}): T {
    return new Proxy(real, {
        get(target, key) {
            if (!(key in target)) {
                throw new Error(`${name} has no ${String(key)}`);
            }
            return Reflect.get(key in replaced ? replaced : target, key) as unknown;
        },
    });
}

type Props = {ref?: unknown} | null;
type AnyType = string | (Record<string, unknown> & {prototype?: object});

/** Throws for an element that React 19 treats differently from React 17. */
function checkElement(type: AnyType, props: Props): void {
    if (typeof props?.ref === 'string') {
        throw new Error(`a string ref: ${props.ref}`);
    }
    if (typeof type !== 'function') {
        return;
    }
    const {isReactComponent} = (type as {prototype?: {isReactComponent?: object}}).prototype ?? {};
    for (const name of ['defaultProps', 'propTypes', 'contextTypes', 'childContextTypes']) {
        if (name in type && !isReactComponent) {
            throw new Error(`${name} of a function`);
        }
    }
}

const globals = window as unknown as Record<
    'React' | 'ReactDOM' | 'ReactIntl' | 'ReactRedux',
    object
>;
const real = {...globals} as typeof globals;

/** Replaces the globals while the built script uses them. */
function guardGlobals(): void {
    const createElement = (type: AnyType, props: Props, ...children: React.ReactNode[]) => {
        checkElement(type, props);
        return React.createElement(type as string, props as object, ...children);
    };
    vi.stubGlobal('React', existing('React', real.React, {createElement}));
    vi.stubGlobal('ReactIntl', existing('ReactIntl', real.ReactIntl));
    vi.stubGlobal('ReactRedux', existing('ReactRedux', real.ReactRedux));
    vi.stubGlobal('ReactDOM', existing('ReactDOM', {}));
}

it('f45 the guarded globals of the next tests report a removed API', () => {
    guardGlobals();
    const guarded = globals.React as unknown as {
        createElement(type: unknown, props?: object): unknown;
        findDOMNode: unknown;
    };
    expect(() => guarded.findDOMNode).toThrow('React has no findDOMNode');
    expect(() => guarded.createElement('p', {ref: 'old'})).toThrow('a string ref');
    const old = Object.assign(() => null, {defaultProps: {}});
    expect(() => guarded.createElement(old)).toThrow('defaultProps of a function');
    expect(() => (globals.ReactDOM as {render: unknown}).render).toThrow('ReactDOM has no render');
});

it('f45 all states are rendered in strict mode in a concurrent root, without removed APIs', async () => {
    mockServer({});
    guardGlobals();
    const client = loadPlugin({summarize: vi.fn()}, [], run());
    await renderPosts(client, ...Object.values(POSTS));
    expect(screen.getAllByRole('listitem')).toHaveLength(Object.keys(POSTS).length);
    // `setup.ts` fails the test for every warning of React.
    expect(screen.getAllByRole('group').length).toBeGreaterThan(5);
    const mention = document.querySelector('.zoom-pretext [data-mention=ada]');
    expect(mention?.parentElement?.textContent).toBe('@ada has started a meeting');
});

it('f45 a meeting is started in strict mode in a concurrent root, without removed APIs', async () => {
    const answer = deferred<Response>();
    mockServer({'/plugins/zoom/api/v1/meetings': () => answer.promise});
    guardGlobals();
    mockTabs(true);
    await renderClient(loadPlugin({}, [], run()));
    await userEvent.click(startButton());
    await screen.findByText('Starting a Zoom meeting…');
    answer.resolve(jsonResponse(200, {meeting_url: 'https://zoom.us/j/1'}));
    await screen.findByRole('link', {name: /^Open meeting/});
});

it('f45 a change of the language inside a transition is shown', async () => {
    guardGlobals();
    const client = loadPlugin({}, [], run());
    const post = {...POSTS.started, channel_id: CHANNEL};
    client.store.dispatch({type: 'RECEIVED_POST', data: post});
    await renderClient(client, {appBar: false});
    const {startTransition = (step: () => void) => step()} = real.React as {
        startTransition?: (step: () => void) => void;
    };
    startTransition(() => void client.store.dispatch({type: 'LANGUAGE_CHANGED', value: 'fr'}));
    await waitFor(() => expect(startButton().getAttribute('aria-label')).toMatch(/^Démarrer/));
    expect(screen.getByRole('link', {name: /^Rejoindre la réunion/})).toBeTruthy();
});

const METHODS = [
    'registerReducer',
    'registerTranslations',
    'registerRootComponent',
    'registerChannelHeaderButtonAction',
    'registerAppBarComponent',
    'registerPostTypeComponent',
    'registerWebSocketEventHandler',
    'registerSlashCommandWillBePostedHook',
] as const satisfies (keyof Registry)[];

const failing = () => {
    throw new Error('not here');
};

/** Registries and stores that `initialize` may get. */
const BROKEN: [string, (registry: Registry, store: ClientStore) => [Registry, ClientStore]][] = [
    ...METHODS.map((method): (typeof BROKEN)[number] => [
        `without ${method}`,
        (registry, store) => [{...registry, [method]: undefined}, store],
    ]),
    ...METHODS.map((method): (typeof BROKEN)[number] => [
        `with a failing ${method}`,
        (registry, store) => [{...registry, [method]: failing}, store],
    ]),
    ...METHODS.map((method): (typeof BROKEN)[number] => [
        `with a ${method} that is not a function`,
        (registry, store) => [{...registry, [method]: 7 as never}, store],
    ]),
    ['with an empty registry', (_, store) => [{}, store]],
    ['without a registry', (_, store) => [undefined as never, store]],
    [
        'with a registry that cannot be read',
        (_, store) => [new Proxy({}, {get: failing, has: failing}), store],
    ],
    ['without a store', (registry) => [registry, undefined as never]],
    ['with an empty state', (registry) => [registry, {getState: () => ({}), dispatch: failing}]],
    ['with a failing store', (registry) => [registry, {getState: failing, dispatch: failing}]],
];

let warn: ReturnType<typeof vi.spyOn>;
let error: ReturnType<typeof vi.spyOn>;
beforeEach(() => {
    warn = vi.spyOn(console, 'warn');
    error = vi.spyOn(console, 'error');
});
afterEach(() => document.querySelector('#zoom-plugin-styles')?.remove());

it.each(BROKEN)('f45 `initialize` does not throw %s', (_, spoil) => {
    warn.mockImplementation(() => undefined);
    error.mockImplementation(() => undefined);
    const plugin = run();
    const store = createFakeStore(OPTIONS);
    const {registry} = createRegistry(store);
    expect(() => plugin.initialize(...spoil(registry, store))).not.toThrow();
});

/** Reasons why the styles cannot be added. */
const WITHOUT_STYLES: [string, () => void][] = [
    ['no head', () => vi.spyOn(document, 'head', 'get').mockImplementation(failing)],
    ['no elements', () => vi.spyOn(document, 'createElement').mockImplementation(failing)],
];

it.each(WITHOUT_STYLES)(
    'f45 `initialize` registers everything if the styles cannot be added: %s',
    (_, spoil) => {
        error.mockImplementation(() => undefined);
        const plugin = run();
        const store = createFakeStore(OPTIONS);
        const {registry, parts} = createRegistry(store);
        spoil();
        plugin.initialize(registry, store);
        vi.restoreAllMocks();
        expect(parts.postTypes.size).toBe(3);
        expect(parts.commandHooks).toHaveLength(1);
    },
);
