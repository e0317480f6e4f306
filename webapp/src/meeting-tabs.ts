// Opens a meeting in a tab, once, in the client that asked for the meeting.
//
// The response to the client's own request and the websocket event arrive in any order, and one of them may be lost
// or late. The first one opens the tab, and the second one finds the tab open. The same source a second time is
// another start, which may have the same link. After `/zoom start`, the question about the meeting ID, and connecting,
// there is only the event.
//
// The server sends an event to all clients of the user who started the meeting. The event names the connection of the
// client that asked, if the plugin knows that connection: then only that client opens the meeting. Otherwise a client
// opens the meeting if its user has just asked for a meeting there.
import {safeLink} from './links';
import {type WebSocketMessage, clientWindow} from './mattermost';

/** If the response and the event of a start are further apart, one of them was lost. */
const PAIR_MS = 10_000;
/** How late the second one may be, for example after the computer slept. */
const MAX_DELAY_MS = 600_000;
/** From a command to its event, with connecting and a question in between: the lifetime of an OAuth state. */
const EXPECTED_MS = 300_000;

/** Where the link of a meeting came from: the response to the client's own request, or an event of the server. */
export type LinkSource = 'response' | 'event';

/** The result of opening a meeting. */
export type OpenResult = 'opened' | 'already open' | 'blocked' | 'unsafe';

/** The tabs that one client opened. */
export class MeetingTabs {
    /** The opened links: when each was opened, and the sources that it was received from. */
    private readonly opened = new Map<string, {openedAt: number; sources: Set<LinkSource>}>();
    private expectedSince = -Infinity;
    private reportsCommands = false;

    constructor(
        private readonly connectionId: () => string,
        private readonly now: () => number = Date.now,
    ) {}

    /** The client calls `expectMeeting` for typed commands. Older clients do not report commands. */
    enableCommandReports(): void {
        this.reportsCommands = true;
    }

    /** The user asked for a meeting in this client. */
    expectMeeting(): void {
        this.expectedSince = this.now();
        // The next link belongs to this start even if it is the same: a personal room keeps its link.
        this.forgetOlderThan(PAIR_MS);
    }

    /** The start is finished or failed, so the next event without a connection is not for this client. */
    stopExpecting(): void {
        this.expectedSince = -Infinity;
    }

    /** Whether an event is for this client. */
    isForThisClient(message: WebSocketMessage): boolean {
        const target = message.data?.connection_id ?? '';
        if (target !== '') {
            return target === this.connectionId();
        }
        // If the client does not report commands, every client of the user opens the meeting.
        return !this.reportsCommands || this.now() - this.expectedSince < EXPECTED_MS;
    }

    /** Opens a meeting, unless the other source has opened it already. */
    open(meetingUrl: string, zoomUrl: string, source: LinkSource): OpenResult {
        const link = safeLink(meetingUrl, zoomUrl);
        if (link === undefined) {
            return 'unsafe';
        }
        this.forgetOlderThan(MAX_DELAY_MS);
        const previous = this.opened.get(link.href);
        if (previous !== undefined && !previous.sources.has(source)) {
            previous.sources.add(source);
            return 'already open';
        }
        if (!openTab(link.href)) {
            return 'blocked';
        }
        this.opened.set(link.href, {openedAt: this.now(), sources: new Set([source])});
        return 'opened';
    }

    private forgetOlderThan(ageMs: number): void {
        const oldest = this.now() - ageMs;
        this.opened.forEach(({openedAt}, href) => openedAt < oldest && this.opened.delete(href));
    }
}

/** Opens a tab that has no access to this one. Returns whether the browser allowed the tab. */
export function openTab(href: string): boolean {
    if (clientWindow.desktopAPI !== undefined) {
        // The desktop app passes the link to the browser and returns no window.
        window.open(href, '_blank', 'noopener,noreferrer');
        return true;
    }
    // With `noopener` the result is always null, so a blocked tab would go unnoticed. Instead, remove the new tab's
    // reference to this one before its page loads.
    const tab = window.open(href, '_blank');
    if (tab === null) {
        return false;
    }
    tab.opener = null;
    return true;
}
