// What the Mattermost client offers a plugin, as far as it is used here.
//
// Nothing of it can be taken for granted. The client is of another version than the one this was
// written against; its state is its own affair and its registry grows and shrinks. So every part of the
// state is optional, reading it never throws, and what is missing has a sensible stand-in.
import type {ComponentType, ReactElement, ReactNode} from 'react';

/** The plugin's id, in every address and name. */
export const PLUGIN_ID = 'zoom';

/** A value from outside. */
export type Json = string | number | boolean | null | undefined | Json[] | {[key: string]: Json};

/** A post, as the client keeps it. */
export interface Post {
    id: string;
    channel_id: string;
    root_id: string;
    user_id: string;
    message: string;
    type: string;
    /** Milliseconds since 1970. */
    create_at: number;
    /** Milliseconds since 1970; 0 for what was never changed. */
    update_at: number;
    /** Written by a plugin, or by anybody: any user can set any property. */
    props?: {[name: string]: Json};
}

/** What the client gives a component that draws a post. */
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
    is_bot?: boolean;
    locale?: string;
    timezone?: {
        useAutomaticTimezone?: string | boolean;
        automaticTimezone?: string;
        manualTimezone?: string;
    };
}

/** The parts of the client's state that are read. */
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
        /** What stands in the middle instead of a channel: `threads`, `drafts` and the like. */
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

/** An event from the server. */
export interface Event {
    data?: {[name: string]: Json};
    broadcast?: {connection_id?: string};
}

/** What a hook that sees slash commands answers: the command goes on as it is. */
export interface Command {
    message: string;
    args: unknown;
}

/** Where a plugin says what it has. Every method may be missing, for it depends on the version. */
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

/** What the client puts on the window for plugins. */
export interface HostWindow {
    registerPlugin(id: string, plugin: {initialize(registry: Registry, store: Store): void}): void;
    PostUtils?: {
        formatText?(text: string, options?: object): string;
        messageHtmlToComponent?(html: string, options?: object): ReactNode;
    };
    /** Only in the desktop app. */
    desktopAPI?: unknown;
}

/** The window, as the client has prepared it. */
export const host = window as unknown as HostWindow;

/** The user who is signed in, or nobody. */
export function currentUser(state: State): User | undefined {
    const users = state.entities?.users;
    return users?.profiles?.[users.currentUserId ?? ''];
}

/** The path of a server that is not at the root of its host, without a slash at its end. */
export function basePath(state: State): string {
    try {
        const site = state.entities?.general?.config?.SiteURL || window.location.origin;
        return new URL(site).pathname.replace(/\/+$/, '');
    } catch {
        return '';
    }
}

/** The id of this client's websocket, or nothing while there is none. */
export function connectionId(state: State): string {
    return state.websocket?.connectionId ?? '';
}

/** Where a meeting is wanted. */
export interface Place {
    channelId: string;
    /** The first post of a thread, or nothing for the channel itself. */
    rootId: string;
}

/** The channel, or the thread of it that stands open beside it. */
export function placeIn(state: State, channelId: string): Place {
    const rhs = state.views?.rhs;
    const selected = rhs?.isSidebarOpen === false ? '' : (rhs?.selectedPostId ?? '');
    const post = state.entities?.posts?.posts?.[selected];
    // An ephemeral message can be opened too and is nothing that can be replied to.
    const open = post !== undefined && post.channel_id === channelId && !isEphemeral(post);
    return {channelId, rootId: open ? post.root_id || post.id : ''};
}

function isEphemeral(post: Post): boolean {
    return post.type === 'system_ephemeral';
}

/** The thread that is open in the list of threads, or nothing where that list is not shown. */
export function selectedThread(state: State): string {
    // It stays selected while drafts are looked at. Older clients do not say what is shown.
    const page = state.views?.lhs?.currentStaticPageId;
    if (page !== undefined && page !== '' && page !== 'threads') {
        return '';
    }
    const team = state.entities?.teams?.currentTeamId ?? '';
    return state.views?.threads?.selectedThreadIdInTeam?.[team] ?? '';
}

/** Whether the user reads times on a 24-hour clock. */
export function usesMilitaryTime(state: State): boolean {
    const preferences = state.entities?.preferences?.myPreferences;
    return preferences?.['display_settings--use_military_time']?.value === 'true';
}

/** The user's time zone, or none for the one of the machine. */
export function timeZone(state: State): string | undefined {
    const zone = currentUser(state)?.timezone;
    const automatic = String(zone?.useAutomaticTimezone ?? 'true') === 'true';
    return (automatic ? zone?.automaticTimezone : zone?.manualTimezone) || undefined;
}
