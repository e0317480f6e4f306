// Opening a meeting in a tab, once, on the client that asked for it.
//
// The answer to our own request and the event over the websocket come in any order, and one of them may
// be lost or come late: the first opens the tab and the other finds it open. The same one again is another
// start, whose link may be the same. Meetings that began without a request of
// this client (`/zoom start`, the question which meeting id to use, connecting first) come as an event
// only. Where the server knows the client, the event is for it alone; where it does not, the event goes to
// all clients of the user, and opens only where the command was typed.
import type {Event} from './host';
import {host} from './host';
import {safeLink} from './links';

/** A start whose answer and event are further apart than this has lost one of them. */
const PAIR_MS = 10_000;
/** How long the second of them may still be on its way: a laptop was closed, a network was down. */
const STRAY_MS = 600_000;
/** From a typed command to its meeting, with connecting and a question between: the life of an OAuth state. */
const ASKED_MS = 300_000;

/** What told of a meeting: the answer to our own request, or an event of the server. */
export type Source = 'answer' | 'event';

/** What becomes of a meeting that is to be opened. */
export type Opened = 'opened' | 'already' | 'blocked' | 'unsafe';

/** The tabs of one client. */
export class Tabs {
    /** The links that were opened: when, and what has told of them since. */
    private readonly opened = new Map<string, {at: number; by: Set<Source>}>();
    private asked = -Infinity;
    private hearsCommands = false;

    constructor(
        private readonly connection: () => string,
        private readonly now: () => number = Date.now,
    ) {}

    /** Commands that are typed here will be told. */
    hearCommands(): void {
        this.hearsCommands = true;
    }

    /** The user of this client asked for a meeting that only an event will tell of. */
    ask(): void {
        this.asked = this.now();
        // What is told from now on may be of this start, though the link be the same: a personal room's is.
        this.forget(PAIR_MS);
    }

    /** The user has what was asked for, or will not get it: the next event is not for this client. */
    answered(): void {
        this.asked = -Infinity;
    }

    /** Whether an event is for this client. */
    isForUs(event: Event): boolean {
        const target = event.broadcast?.connection_id ?? '';
        if (target !== '') {
            const ours = this.connection();
            return ours === '' || ours === target;
        }
        // Older clients do not tell of commands, so there every client of the user opens the meeting.
        return !this.hearsCommands || this.now() - this.asked < ASKED_MS;
    }

    /** Opens a meeting that the server told of, unless it is the second time that it tells. */
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

/** Opens a tab that knows nothing of this one. Answers whether the browser allowed it. */
function openTab(href: string): boolean {
    if (host.desktopAPI !== undefined) {
        // The desktop app hands the link to the browser and has no window to show for it.
        window.open(href, '_blank', 'noopener,noreferrer');
        return true;
    }
    // With `noopener` the answer is null whether or not the tab opened, and a blocked one would go
    // unnoticed. So the new tab's way back is cut here, before its page is there.
    const tab = window.open(href, '_blank');
    if (tab === null) {
        return false;
    }
    tab.opener = null;
    return true;
}
