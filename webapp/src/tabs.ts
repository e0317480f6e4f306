// Opening a meeting in a tab, once, on the client that asked for it.
//
// The answer to our own request and the event over the websocket come in any order, and one of them may
// be lost: the first opens the tab and the second finds it open. Meetings that began without a request of
// this client (`/zoom start`, the question which meeting id to use, connecting first) come as an event
// only. Where the server knows the client, the event is for it alone; where it does not, the event goes to
// all clients of the user, and opens only where the command was typed.
import type {Event} from './host';
import {host} from './host';
import {safeLink} from './links';

/** The answer and the event of one start are never further apart. */
const PAIR_MS = 10_000;
/** From a typed command to its meeting, with connecting and a question between: the OAuth state's life, twice. */
const ASKED_MS = 600_000;

/** What becomes of a meeting that is to be opened. */
export type Opened = 'opened' | 'already' | 'blocked' | 'unsafe';

/** The tabs of one client. */
export class Tabs {
    private readonly opened = new Map<string, number>();
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

    /** Opens a meeting that the server told of, unless that has just been done. */
    open(meetingUrl: string, zoomUrl: string): Opened {
        const link = safeLink(meetingUrl, zoomUrl);
        if (link === undefined) {
            return 'unsafe';
        }
        const now = this.now();
        const before = this.opened.get(link.href);
        if (before !== undefined && now - before < PAIR_MS) {
            return 'already';
        }
        this.opened.clear();
        this.opened.set(link.href, now);
        return openTab(link.href) ? 'opened' : 'blocked';
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
