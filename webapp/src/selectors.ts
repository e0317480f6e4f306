// Selectors for the client's state. They never throw: a missing part of the state has a default.
import type {UserProfile} from '@mattermost/types/users';

import type {State} from './mattermost';
import type {MeetingLocation} from './state';

/** The user who is signed in. */
export function currentUser(state: State): UserProfile | undefined {
    const users = state.entities?.users;
    return users?.profiles?.[users.currentUserId ?? ''];
}

/** The path of the server's site URL, without a trailing slash; empty at the root of a host. */
export function basePath(state: State): string {
    try {
        const siteUrl = state.entities?.general?.config?.SiteURL || window.location.origin;
        return new URL(siteUrl).pathname.replace(/\/+$/, '');
    } catch {
        return '';
    }
}

/** The ID of this client's websocket connection; empty while there is none. */
export function connectionId(state: State): string {
    return state.websocket?.connectionId ?? '';
}

/** The channel, or its thread that is open in the right-hand sidebar. */
export function openLocation(state: State, channelId: string): MeetingLocation {
    const rhs = state.views?.rhs;
    const selectedId = rhs?.isSidebarOpen === false ? '' : (rhs?.selectedPostId ?? '');
    const post = state.entities?.posts?.posts?.[selectedId];
    // The sidebar can also show an ephemeral post, which cannot have replies.
    const isThread = post?.channel_id === channelId && post.type !== 'system_ephemeral';
    return {channelId, rootId: isThread ? post.root_id || post.id : ''};
}

/** The selected thread in the list of threads; empty if that list is not shown. */
export function selectedThread(state: State): string {
    // The thread stays selected while another page, such as the drafts, is shown. Older clients do not name the page.
    const page = state.views?.lhs?.currentStaticPageId;
    if (page !== undefined && page !== '' && page !== 'threads') {
        return '';
    }
    const teamId = state.entities?.teams?.currentTeamId ?? '';
    return state.views?.threads?.selectedThreadIdInTeam?.[teamId] ?? '';
}

/** Whether the user prefers a 24-hour clock. */
export function usesMilitaryTime(state: State): boolean {
    const preferences = state.entities?.preferences?.myPreferences;
    return preferences?.['display_settings--use_military_time']?.value === 'true';
}

/** The user's time zone; `undefined` for the browser's time zone. */
export function timeZone(state: State): string | undefined {
    const timezone = currentUser(state)?.timezone;
    const isAutomatic = String(timezone?.useAutomaticTimezone ?? 'true') === 'true';
    return (isAutomatic ? timezone?.automaticTimezone : timezone?.manualTimezone) || undefined;
}
