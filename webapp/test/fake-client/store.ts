// The part of the client's state that the plugin reads, and the actions that change it.
import type {Channel} from '@mattermost/types/channels';
import type {Post} from '@mattermost/types/posts';
import type {UserProfile} from '@mattermost/types/users';
import {legacy_createStore as createStore, type AnyAction, type Reducer, type Store} from 'redux';

import type {State} from '../../src/mattermost';
import type {Action as PluginAction, PluginState} from '../../src/state';

/** A user. */
export function makeUser(id: string, fields: Partial<UserProfile> = {}): UserProfile {
    return {id, username: id, locale: 'en', is_bot: false, ...fields} as UserProfile;
}

/** A channel. */
export function makeChannel(id: string): Channel {
    return {id} as Channel;
}

/** The data of a client that has just loaded. */
export interface ClientOptions {
    user: UserProfile;
    siteUrl: string;
    teamId: string;
    militaryTime?: boolean;
    otherUsers?: UserProfile[];
    /** The function of the AI plugin that summarizes a post. Without it, the AI plugin is not installed. */
    summarize?: (post: Post) => void;
}

interface Action {
    type: string;
    data?: Post;
    value?: string;
    id?: string;
    users?: UserProfile[];
    config?: object;
}

/** The client's store. */
export type FakeStore = Store<State> & {
    /** Adds the reducer of the plugin, as the client's registry does. */
    addPluginReducer(reducer: Reducer<PluginState, PluginAction>): void;
};

function byId(users: UserProfile[]): Record<string, UserProfile> {
    return Object.fromEntries(users.map((user) => [user.id, user]));
}

function initialState(options: ClientOptions): State {
    const state: State = {
        entities: {
            general: {config: {SiteURL: options.siteUrl}},
            posts: {posts: {}},
            preferences: {
                myPreferences: {
                    'display_settings--use_military_time': {
                        user_id: options.user.id,
                        category: 'display_settings',
                        name: 'use_military_time',
                        value: String(options.militaryTime ?? false),
                    },
                },
            },
            teams: {currentTeamId: options.teamId},
            users: {
                currentUserId: options.user.id,
                profiles: byId([options.user, ...(options.otherUsers ?? [])]),
            },
        },
        plugins: {plugins: {zoom: {}}},
        views: {
            rhs: {selectedPostId: '', selectedChannelId: '', isSidebarOpen: false},
            threads: {selectedThreadIdInTeam: {}},
        },
        websocket: {connectionId: ''},
    };
    if (options.summarize) {
        state.plugins = {plugins: {zoom: {}, 'mattermost-ai': {}}};
        state['plugins-mattermost-ai'] = {callsPostButtonClickedTranscription: options.summarize};
    }
    return state;
}

function reduce(state: State, action: Action): State {
    const entities = state.entities ?? {};
    switch (action.type) {
        case 'RECEIVED_NEW_POST':
        case 'RECEIVED_POST': {
            const post = action.data;
            if (!post) {
                return state;
            }
            const posts = {...entities.posts?.posts, [post.id]: post};
            return {...state, entities: {...entities, posts: {posts}}};
        }
        case 'RECEIVED_PROFILES': {
            const profiles = {...entities.users?.profiles, ...byId(action.users ?? [])};
            return {...state, entities: {...entities, users: {...entities.users, profiles}}};
        }
        case 'RECEIVED_CONFIG': {
            const admin = {config: action.config} as typeof entities.admin;
            return {...state, entities: {...entities, ...(admin && {admin})}};
        }
        case 'CONNECTED':
            return {...state, websocket: {connectionId: action.value ?? ''}};
        case 'THREAD_OPENED': {
            const rhs = {selectedPostId: action.id ?? '', isSidebarOpen: Boolean(action.id)};
            return {...state, views: {...state.views, rhs}};
        }
        case 'THREAD_SELECTED': {
            const teamId = entities.teams?.currentTeamId ?? '';
            const threads = {selectedThreadIdInTeam: {[teamId]: action.id ?? ''}};
            return {...state, views: {...state.views, threads}};
        }
        case 'CHANNEL_SELECTED':
            return {
                ...state,
                entities: {...entities, channels: {currentChannelId: action.id ?? ''}},
            };
        case 'PAGE_SHOWN': {
            const lhs = {currentStaticPageId: action.id ?? ''};
            return {...state, views: {...state.views, lhs}};
        }
        case 'LANGUAGE_CHANGED': {
            const {currentUserId = '', profiles = {}} = entities.users ?? {};
            const locale = action.value ?? 'en';
            const user = {...(profiles[currentUserId] ?? makeUser(currentUserId)), locale};
            return {
                ...state,
                entities: {
                    ...entities,
                    users: {...entities.users, profiles: {...profiles, [currentUserId]: user}},
                },
            };
        }
        default:
            return state;
    }
}

/** Creates the client's store. */
export function createFakeStore(options: ClientOptions): FakeStore {
    const initial = initialState(options);
    const reducer = (state: State | undefined, action: AnyAction) =>
        reduce(state ?? initial, action);
    const store = createStore(reducer);
    return {
        ...store,
        addPluginReducer(pluginReducer) {
            store.replaceReducer((state, action) => ({
                ...reducer(state, action),
                'plugins-zoom': pluginReducer(state?.['plugins-zoom'], action as PluginAction),
            }));
        },
    };
}
