// The registry of the fake client, and the parts that a plugin registered.
import type {Channel} from '@mattermost/types/channels';
import type {ComponentType, ReactElement, ReactNode} from 'react';

import type {
    PluginUserSettings,
    PostProps,
    Registry,
    SlashCommand,
    WebSocketMessage,
} from '../../src/mattermost';
import type {FakeStore} from './store';
import {extractUserSettings} from './user-settings';

/** The parts that a plugin registered. */
export interface RegisteredParts {
    translations: ((locale: string) => Record<string, string>) | undefined;
    hasReducer: boolean;
    roots: ComponentType[];
    headerButtons: {
        icon: ReactElement;
        action: (channel: Channel) => void;
        dropdownText: ReactNode;
        tooltip: ReactNode;
    }[];
    appBarButtons: {iconUrl: string; action: (channel?: Channel) => void; tooltip: ReactNode}[];
    postTypes: Map<string, ComponentType<PostProps>>;
    eventHandlers: Map<string, (message: WebSocketMessage) => void>;
    userSettings: PluginUserSettings | undefined;
    commandHooks: ((message: string, args: unknown) => SlashCommand)[];
    adminSections: Map<string, ComponentType<{settingsList?: ReactNode}>>;
}

/** A registry without some methods, as in other versions of the client. */
export function createRegistry(
    store: FakeStore,
    missingMethods: readonly string[] = [],
): {registry: Registry; parts: RegisteredParts} {
    const parts: RegisteredParts = {
        translations: undefined,
        hasReducer: false,
        roots: [],
        headerButtons: [],
        appBarButtons: [],
        postTypes: new Map(),
        eventHandlers: new Map(),
        userSettings: undefined,
        commandHooks: [],
        adminSections: new Map(),
    };
    const methods: Required<Registry> = {
        registerReducer: (reducer) => {
            store.addPluginReducer(reducer);
            parts.hasReducer = true;
        },
        registerTranslations: (getTranslations) => {
            parts.translations = getTranslations;
        },
        registerRootComponent: (component) => {
            parts.roots.push(component);
        },
        registerChannelHeaderButtonAction: (icon, action, dropdownText, tooltip) => {
            parts.headerButtons.push({icon, action, dropdownText, tooltip});
        },
        registerAppBarComponent: (iconUrl, action, tooltip) => {
            parts.appBarButtons.push({iconUrl, action, tooltip});
        },
        registerPostTypeComponent: (type, component) => {
            parts.postTypes.set(type, component);
        },
        registerWebSocketEventHandler: (event, handler) => {
            parts.eventHandlers.set(event, handler);
        },
        registerUserSettings: (settings) => {
            parts.userSettings = extractUserSettings(settings);
        },
        registerAdminConsoleCustomSection: (key, component) => {
            // The client compares keys in lower case.
            parts.adminSections.set(key.toLowerCase(), component);
        },
        registerSlashCommandWillBePostedHook: (hook) => {
            parts.commandHooks.push(hook);
        },
    };
    const existing = Object.entries(methods).filter(([name]) => !missingMethods.includes(name));
    return {registry: Object.fromEntries(existing) as Registry, parts};
}
