// The parts of the Mattermost client that the plugin uses.
//
// The state and the registry differ between versions of the client. So every part of the state is optional, reading
// never throws, and a missing part has a default.
import type {ComponentType, ReactElement, ReactNode} from 'react';

/** The ID of the plugin, which is part of its URLs and names. */
export const PLUGIN_ID = 'zoom';

/** An unchecked value. */
export type Json = string | number | boolean | null | undefined | Json[] | {[key: string]: Json};

/** A post in the client's state. */
export interface Post {
    id: string;
    channel_id: string;
    root_id: string;
    user_id: string;
    message: string;
    type: string;
    /** Milliseconds since 1970. */
    create_at: number;
    /** Milliseconds since 1970; 0 if the post was never changed. */
    update_at: number;
    /** Any member can set any property. */
    props?: {[name: string]: Json};
}

/** The properties of a component that draws a post. */
export interface PostProps {
    post: Post;
    compactDisplay?: boolean;
    isRHS?: boolean;
}

/** A channel. */
export interface Channel {
    id: string;
}

/** A user. */
export interface User {
    id: string;
    username?: string;
    /** The server sets this. No member can. */
    is_bot?: boolean;
    locale?: string;
    timezone?: {
        useAutomaticTimezone?: string | boolean;
        automaticTimezone?: string;
        manualTimezone?: string;
    };
}

/** The parts of the client's state that the plugin reads. */
export interface State {
    entities?: {
        general?: {config?: {SiteURL?: string}};
        posts?: {posts?: Record<string, Post>};
        preferences?: {myPreferences?: Record<string, {value?: string}>};
        teams?: {currentTeamId?: string};
        channels?: {currentChannelId?: string};
        users?: {currentUserId?: string; profiles?: Record<string, User>};
    };
    plugins?: {plugins?: Record<string, unknown>};
    views?: {
        /** The page in the center, such as `threads` or `drafts`; empty for a channel. */
        lhs?: {currentStaticPageId?: string};
        rhs?: {selectedPostId?: string; selectedChannelId?: string; isSidebarOpen?: boolean};
        threads?: {selectedThreadIdInTeam?: Record<string, string | null>};
    };
    websocket?: {connectionId?: string};
    'plugins-mattermost-ai'?: {callsPostButtonClickedTranscription?: unknown};
}

/** The client's store. */
export interface Store {
    getState(): State;
    dispatch(action: {type: string; [field: string]: unknown}): unknown;
}

/** A websocket event. */
export interface Event {
    data?: {[name: string]: Json};
}

/** A slash command. A hook returns it unchanged. */
export interface Command {
    message: string;
    args: unknown;
}

/** The registry of a plugin's parts. Which methods exist depends on the version of the client. */
export interface Registry {
    registerTranslations?(source: (locale: string) => Record<string, string>): void;
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
    registerWebSocketEventHandler?(event: string, handler: (event: Event) => void): void;
    registerSlashCommandWillBePostedHook?(hook: (message: string, args: unknown) => Command): void;
}

/** The globals that the client defines for plugins. */
export interface HostWindow {
    registerPlugin(id: string, plugin: {initialize(registry: Registry, store: Store): void}): void;
    PostUtils?: {
        formatText?(text: string, options?: object): string;
        messageHtmlToComponent?(html: string, options?: object): ReactNode;
    };
    /** Defined only in the desktop app. */
    desktopAPI?: unknown;
}

/** The client's globals. */
export const host = window as unknown as HostWindow;

/** The user who is signed in. */
export function currentUser(state: State): User | undefined {
    const users = state.entities?.users;
    return users?.profiles?.[users.currentUserId ?? ''];
}

/** The path of the server's site URL, without a trailing slash; empty at the root of a host. */
export function basePath(state: State): string {
    try {
        const site = state.entities?.general?.config?.SiteURL || window.location.origin;
        return new URL(site).pathname.replace(/\/+$/, '');
    } catch {
        return '';
    }
}

/** The ID of this client's websocket connection; empty while there is none. */
export function connectionId(state: State): string {
    return state.websocket?.connectionId ?? '';
}

/** Where a meeting is posted. */
export interface Place {
    channelId: string;
    /** The first post of a thread; empty for the channel itself. */
    rootId: string;
}

/** The channel, or its thread that is open in the right-hand sidebar. */
export function placeIn(state: State, channelId: string): Place {
    const rhs = state.views?.rhs;
    const selected = rhs?.isSidebarOpen === false ? '' : (rhs?.selectedPostId ?? '');
    const post = state.entities?.posts?.posts?.[selected];
    // An ephemeral post can be open there too, but it cannot have replies.
    const open = post !== undefined && post.channel_id === channelId && !isEphemeral(post);
    return {channelId, rootId: open ? post.root_id || post.id : ''};
}

function isEphemeral(post: Post): boolean {
    return post.type === 'system_ephemeral';
}

/** The selected thread in the list of threads; empty if that list is not shown. */
export function selectedThread(state: State): string {
    // The thread stays selected while another page, such as the drafts, is shown. Older clients do not name the page.
    const page = state.views?.lhs?.currentStaticPageId;
    if (page !== undefined && page !== '' && page !== 'threads') {
        return '';
    }
    const team = state.entities?.teams?.currentTeamId ?? '';
    return state.views?.threads?.selectedThreadIdInTeam?.[team] ?? '';
}

/** Whether the user prefers a 24-hour clock. */
export function usesMilitaryTime(state: State): boolean {
    const preferences = state.entities?.preferences?.myPreferences;
    return preferences?.['display_settings--use_military_time']?.value === 'true';
}

/** The user's time zone; `undefined` for the browser's time zone. */
export function timeZone(state: State): string | undefined {
    const zone = currentUser(state)?.timezone;
    const automatic = String(zone?.useAutomaticTimezone ?? 'true') === 'true';
    return (automatic ? zone?.automaticTimezone : zone?.manualTimezone) || undefined;
}
