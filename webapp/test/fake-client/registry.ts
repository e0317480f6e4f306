// The registry of the fake client, and the registered parts.
import type {ComponentType, ReactElement, ReactNode} from 'react';

import type {Channel, Command, Event, PostProps, Registry} from '../../src/mattermost';

/** The parts that a plugin registered. */
export interface Registered {
    translations: ((locale: string) => Record<string, string>) | undefined;
    roots: ComponentType[];
    headerButtons: {
        icon: ReactElement;
        action: (channel: Channel) => void;
        dropdownText: ReactNode;
        tooltip: ReactNode;
    }[];
    appBar: {iconUrl: string; action: (channel?: Channel) => void; tooltip: ReactNode}[];
    postTypes: Map<string, ComponentType<PostProps>>;
    events: Map<string, (event: Event) => void>;
    commandHooks: ((message: string, args: unknown) => Command)[];
}

/** A registry without some methods, like in other versions of the client. */
export function makeRegistry(without: readonly string[] = []): {
    registry: Registry;
    registered: Registered;
} {
    const registered: Registered = {
        translations: undefined,
        roots: [],
        headerButtons: [],
        appBar: [],
        postTypes: new Map(),
        events: new Map(),
        commandHooks: [],
    };
    const all: Required<Registry> = {
        registerTranslations: (source) => {
            registered.translations = source;
        },
        registerRootComponent: (component) => {
            registered.roots.push(component);
        },
        registerChannelHeaderButtonAction: (icon, action, dropdownText, tooltip) => {
            registered.headerButtons.push({icon, action, dropdownText, tooltip});
        },
        registerAppBarComponent: (iconUrl, action, tooltip) => {
            registered.appBar.push({iconUrl, action, tooltip});
        },
        registerPostTypeComponent: (type, component) => {
            registered.postTypes.set(type, component);
        },
        registerWebSocketEventHandler: (event, handler) => {
            registered.events.set(event, handler);
        },
        registerSlashCommandWillBePostedHook: (hook) => {
            registered.commandHooks.push(hook);
        },
    };
    const kept = Object.entries(all).filter(([name]) => !without.includes(name));
    return {registry: Object.fromEntries(kept) as Registry, registered};
}
