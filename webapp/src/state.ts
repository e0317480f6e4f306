// The plugin's part of the client's state: `state['plugins-zoom']`.
import type {State} from './mattermost';

/** The place where a meeting is posted. */
export interface MeetingLocation {
    channelId: string;
    /** The first post of a thread; empty for the channel itself. */
    rootId: string;
}

/** A notice in the corner, in addition to the starts in progress. */
export type Notice = {kind: 'blocked'; meetingUrl: string} | {kind: 'text'; text: string};

/** The progress of "Start a new meeting" in a warning. */
export type NewMeetingStatus = 'starting' | 'started';

/** The plugin's part of the state. */
export interface PluginState {
    /** The locations of the starts in progress; the latest is last. */
    starts: readonly MeetingLocation[];
    notice: Notice | undefined;
    /** A sentence for screen readers only. */
    announcement: string;
    /** By the ID of the warning. The client unmounts posts that are out of view and mounts them again later. */
    newMeetings: Readonly<Record<string, NewMeetingStatus | undefined>>;
}

/** The changes of the plugin's state. */
export type Action =
    | {type: 'zoom/START_BEGAN'; location: MeetingLocation}
    | {type: 'zoom/START_ENDED'; location: MeetingLocation}
    | {type: 'zoom/NOTICE_CHANGED'; notice: Notice | undefined}
    | {type: 'zoom/ANNOUNCED'; text: string}
    | {type: 'zoom/NEW_MEETING_CHANGED'; postId: string; status: NewMeetingStatus | undefined};

const INITIAL: PluginState = {
    starts: [],
    notice: undefined,
    announcement: '',
    newMeetings: {},
};

/** Whether two locations are the same channel or thread. */
export function isSameLocation(a: MeetingLocation, b: MeetingLocation): boolean {
    return a.channelId === b.channelId && a.rootId === b.rootId;
}

/** The reducer of the plugin's state. */
export function reducer(state: PluginState | undefined = INITIAL, action: Action): PluginState {
    switch (action.type) {
        case 'zoom/START_BEGAN':
            return {...state, starts: [...state.starts, action.location]};
        case 'zoom/START_ENDED':
            return {
                ...state,
                starts: state.starts.filter((start) => !isSameLocation(start, action.location)),
            };
        case 'zoom/NOTICE_CHANGED':
            return {...state, notice: action.notice};
        case 'zoom/ANNOUNCED':
            return {...state, announcement: action.text};
        case 'zoom/NEW_MEETING_CHANGED':
            return {
                ...state,
                newMeetings: {...state.newMeetings, [action.postId]: action.status},
            };
        // The client sends its own actions to every reducer.
        default:
            return state;
    }
}

/** The locations of the starts in progress; the latest is last. */
export function selectStarts(state: State): readonly MeetingLocation[] {
    return state['plugins-zoom']?.starts ?? INITIAL.starts;
}

/** The notice in the corner. */
export function selectNotice(state: State): Notice | undefined {
    return state['plugins-zoom']?.notice;
}

/** The sentence for screen readers. */
export function selectAnnouncement(state: State): string {
    return state['plugins-zoom']?.announcement ?? '';
}

/** The progress of "Start a new meeting" in a warning. */
export function selectNewMeeting(state: State, postId: string): NewMeetingStatus | undefined {
    return state['plugins-zoom']?.newMeetings[postId];
}
