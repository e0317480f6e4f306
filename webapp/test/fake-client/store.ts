// The part of the client's state that the plugin reads, and the actions that change it.
import {legacy_createStore as createStore, type Store as ReduxStore} from 'redux';

import type {Post, State, Store, User} from '../../src/mattermost';

/** What a client knows when it has just loaded. */
export interface Setting {
    user: User;
    siteUrl: string;
    teamId: string;
    militaryTime?: boolean;
    users?: User[];
    ai?: (post: Post) => void;
}

interface Action {
    type: string;
    data?: Post;
    post?: Post;
    value?: string;
    id?: string;
    users?: User[];
}

/** The state of a client that has just loaded. */
export function initialState(setting: Setting): State {
    const users = [setting.user, ...(setting.users ?? [])];
    const state: State = {
        entities: {
            general: {config: {SiteURL: setting.siteUrl}},
            posts: {posts: {}},
            preferences: {
                myPreferences: {
                    'display_settings--use_military_time': {
                        value: String(setting.militaryTime ?? false),
                    },
                },
            },
            teams: {currentTeamId: setting.teamId},
            users: {
                currentUserId: setting.user.id,
                profiles: Object.fromEntries(users.map((user) => [user.id, user])),
            },
        },
        plugins: {plugins: {zoom: {}}},
        views: {
            rhs: {selectedPostId: '', selectedChannelId: '', isSidebarOpen: false},
            threads: {selectedThreadIdInTeam: {}},
        },
        websocket: {connectionId: ''},
    };
    if (setting.ai) {
        state.plugins = {plugins: {zoom: {}, 'mattermost-ai': {}}};
        state['plugins-mattermost-ai'] = {callsPostButtonClickedTranscription: setting.ai};
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
            const known = entities.users?.profiles;
            const received = action.users?.map((user) => [user.id, user]) ?? [];
            const profiles = {...known, ...Object.fromEntries(received)};
            return {...state, entities: {...entities, users: {...entities.users, profiles}}};
        }
        case 'CONNECTED':
            return {...state, websocket: {connectionId: action.value ?? ''}};
        case 'THREAD_OPENED': {
            const rhs = {selectedPostId: action.id ?? '', isSidebarOpen: Boolean(action.id)};
            return {...state, views: {...state.views, rhs}};
        }
        case 'THREADS_SELECTED': {
            const team = entities.teams?.currentTeamId ?? '';
            const threads = {selectedThreadIdInTeam: {[team]: action.id ?? ''}};
            return {...state, views: {...state.views, threads}};
        }
        case 'CHANNEL_SEEN':
            return {
                ...state,
                entities: {...entities, channels: {currentChannelId: action.id ?? ''}},
            };
        case 'PAGE_SHOWN': {
            const lhs = {currentStaticPageId: action.id ?? ''};
            return {...state, views: {...state.views, lhs}};
        }
        case 'LANGUAGE': {
            const users = entities.users ?? {};
            const me = users.profiles?.[users.currentUserId ?? ''];
            const changed: User = {...me, id: me?.id ?? '', locale: action.value ?? 'en'};
            const profiles = {...users.profiles, [changed.id]: changed};
            return {...state, entities: {...entities, users: {...users, profiles}}};
        }
        default:
            return state;
    }
}

/** The client's store. */
export function makeStore(setting: Setting): Store & ReduxStore {
    const initial = initialState(setting);
    return createStore((state: State | undefined, action: Action) =>
        reduce(state ?? initial, action),
    ) as unknown as Store & ReduxStore;
}
