// Opening a meeting in a tab, once, in the client that asked for it.
//
// The answer to our own request and the websocket event arrive in any order, and one of them may be lost or late:
// the first one opens the tab, and the second one finds the tab open. The same source a second time is another
// start, which may have the same link. For `/zoom start`, for the question about the meeting ID, and after
// connecting there is only the event.
//
// An event goes to all clients of the user who started the meeting. It names the connection of the client that
// asked, if the plugin knows that connection: then only that client opens the meeting. Otherwise a client opens the
// meeting if its user has just asked for one there.
import type {Event} from './mattermost';
import {host} from './mattermost';
import {safeLink} from './links';

/** If the answer and the event of a start are further apart, one of them was lost. */
const PAIR_MS = 10_000;
/** How late the second one may be, for example after the computer slept. */
const STRAY_MS = 600_000;
/** From a command to its event, with connecting and a question in between: the lifetime of an OAuth state. */
const ASKED_MS = 300_000;

/** Where the link of a meeting came from: the answer to our own request, or an event of the server. */
export type Source = 'answer' | 'event';

/** The result of opening a meeting. */
export type Opened = 'opened' | 'already' | 'blocked' | 'unsafe';

/** The tabs of one client. */
export class Tabs {
    /** The opened links: when each was opened, and by which sources it was received. */
    private readonly opened = new Map<string, {at: number; by: Set<Source>}>();
    private asked = -Infinity;
    private hearsCommands = false;

    constructor(
        private readonly connection: () => string,
        private readonly now: () => number = Date.now,
    ) {}

    /** The client calls `ask` for typed commands. Older clients do not report commands. */
    hearCommands(): void {
        this.hearsCommands = true;
    }

    /** The user asked for a meeting in this client. */
    ask(): void {
        this.asked = this.now();
        // The next link belongs to this start even if it is the same: a personal room keeps its link.
        this.forget(PAIR_MS);
    }

    /** The start is finished or failed, so the next event without a connection is not for this client. */
    answered(): void {
        this.asked = -Infinity;
    }

    /** Whether an event is for this client. */
    isForUs(event: Event): boolean {
        const asking = event.data?.connection_id ?? '';
        if (asking !== '') {
            return asking === this.connection();
        }
        // If the client does not report commands, every client of the user opens the meeting.
        return !this.hearsCommands || this.now() - this.asked < ASKED_MS;
    }

    /** Opens a meeting, unless the other source has opened it already. */
    open(meetingUrl: string, zoomUrl: string, source: Source): Opened {
        const link = safeLink(meetingUrl, zoomUrl);
        if (link === undefined) {
            return 'unsafe';
        }
        this.forget(STRAY_MS);
        const before = this.opened.get(link.href);
        if (before !== undefined && !before.by.has(source)) {
            before.by.add(source);
            return 'already';
        }
        if (!openTab(link.href)) {
            return 'blocked';
        }
        this.opened.set(link.href, {at: this.now(), by: new Set([source])});
        return 'opened';
    }

    private forget(age: number): void {
        const oldest = this.now() - age;
        this.opened.forEach(({at}, href) => at < oldest && this.opened.delete(href));
    }
}

/** Opens a tab without access to this one. Returns whether the browser allowed it. */
function openTab(href: string): boolean {
    if (host.desktopAPI !== undefined) {
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
