// The plugin's part of the user settings, as the server describes it.
import {type Answer, textField} from './api';

/** The kinds of meeting IDs for new meetings. */
export const MEETING_IDS = ['personal', 'unique', 'ask'] as const;
export type MeetingId = (typeof MEETING_IDS)[number];

/** The settings of a user. */
export interface UserSettings {
    /** Whether one connection serves everyone on this server. */
    isForEverybody: boolean;
    /** Whether the user may connect and disconnect. */
    mayConnect: boolean;
    isConnected: boolean;
    /** The email address of the connected Zoom user; empty if it is unknown. */
    zoomEmail: string;
    /** The reason why the user cannot use the connection; empty if there is none. Markdown. */
    problem: string;
    meetingId: MeetingId;
    /** The result of the request; empty if there is none. Markdown. */
    message: string;
}

/** Reads the settings in an answer; `undefined` if the answer has none. */
export function readSettings(answer: Answer): UserSettings | undefined {
    if (answer.kind !== 'ok' || typeof answer.json !== 'object' || answer.json === null) {
        return undefined;
    }
    const json = answer.json as Record<string, unknown>;
    const meetingId = MEETING_IDS.find((id) => id === json.meeting_id);
    if (meetingId === undefined) {
        return undefined;
    }
    return {
        isForEverybody: json.for_everybody === true,
        mayConnect: json.may_connect === true,
        isConnected: json.connected === true,
        zoomEmail: textField(json, 'zoom_email'),
        problem: textField(json, 'problem'),
        meetingId,
        message: textField(json, 'message'),
    };
}
