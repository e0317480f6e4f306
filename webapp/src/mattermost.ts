// The parts of the Mattermost client that the plugin uses.
//
// `@mattermost/types` describes the data. The package does not contain the registry, the client's globals, and the
// parts of the state that belong to the webapp alone: their types are here.
import type {Channel} from '@mattermost/types/channels';
import type {Post} from '@mattermost/types/posts';
import type {GlobalState} from '@mattermost/types/store';
import type {ComponentType, ReactElement, ReactNode} from 'react';
import type {Reducer, Store} from 'redux';

import type {Action, PluginState} from './state';

/** The ID of the plugin, which is part of its URLs and names. */
export const PLUGIN_ID = 'zoom';

/** The properties of a component that renders a post. */
export interface PostProps {
    post: Post;
    compactDisplay?: boolean;
    isRHS?: boolean;
}

type Entities = GlobalState['entities'];

/** The client's state. It differs between versions of the client, so every part is optional. */
export interface State {
    entities?: {[Name in keyof Entities]?: Partial<Entities[Name]>};
    websocket?: Partial<GlobalState['websocket']>;
    plugins?: {plugins?: Record<string, unknown>};
    views?: {
        /** The page in the center, such as `threads` or `drafts`; empty for a channel. */
        lhs?: {currentStaticPageId?: string};
        rhs?: {selectedPostId?: string; selectedChannelId?: string; isSidebarOpen?: boolean};
        threads?: {selectedThreadIdInTeam?: Record<string, string | null>};
    };
    'plugins-mattermost-ai'?: {callsPostButtonClickedTranscription?: unknown};
    'plugins-zoom'?: PluginState;
}

/** The client's store. */
export type ClientStore = Pick<Store<State>, 'getState' | 'dispatch'>;

/** A websocket event. */
export interface WebSocketMessage {
    data?: Record<string, unknown>;
}

/** A slash command. A hook returns the command unchanged. */
export interface SlashCommand {
    message: string;
    args: unknown;
}

/** The plugin's tab in the user settings. */
export interface PluginUserSettings {
    id: string;
    uiName: string;
    icon?: string;
    sections: {
        /** Different for each section. */
        title: string;
        component: ComponentType;
    }[];
}

/** The registry of the plugin's parts. Its methods depend on the version of the client. */
export interface Registry {
    registerReducer?(reducer: Reducer<PluginState, Action>): void;
    registerTranslations?(getTranslations: (locale: string) => Record<string, string>): void;
    registerRootComponent?(component: ComponentType): void;
    registerChannelHeaderButtonAction?(
        icon: ReactElement,
        action: (channel: Channel) => void,
        dropdownText: ReactNode,
        tooltip: ReactNode,
    ): void;
    registerAppBarComponent?(
        iconUrl: string,
        action: (channel?: Channel) => void,
        tooltip: ReactNode,
    ): void;
    registerPostTypeComponent?(type: string, component: ComponentType<PostProps>): void;
    registerWebSocketEventHandler?(
        event: string,
        handler: (message: WebSocketMessage) => void,
    ): void;
    registerUserSettings?(settings: PluginUserSettings): void;
    registerAdminConsoleCustomSection?(
        key: string,
        component: ComponentType<{settingsList?: ReactNode}>,
    ): void;
    registerSlashCommandWillBePostedHook?(
        hook: (message: string, args: unknown) => SlashCommand,
    ): void;
}

/** The globals that the client defines for plugins. */
export interface ClientWindow {
    registerPlugin(
        id: string,
        plugin: {initialize(registry: Registry, store: ClientStore): void},
    ): void;
    PostUtils?: {
        /** Converts Markdown to HTML. */
        formatText?(text: string, options?: object): string;
        /** Converts the HTML of `formatText` to React components. */
        messageHtmlToComponent?(html: string, options?: object): ReactNode;
    };
    /** Defined only in the desktop app. */
    desktopAPI?: unknown;
}

/** The client's globals. */
export const clientWindow = window as unknown as ClientWindow;
