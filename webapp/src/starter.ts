// Starting a meeting: from the click to the tab, or to the reason why not.
//
// A second click while the first is under way does nothing, and neither does the second half of a double
// click. What went wrong is said as a message where the click was, in the channel or in the thread.
import type {Channel, Event, Place, Post, Store} from './host';
import {connectionId, placeIn, selectedThread} from './host';
import {Client} from './client';
import {Observable} from './observable';
import {type Source, Tabs} from './tabs';
import {type Key, localeOf, text} from './text';

/** A click this soon after a start is the second half of a double click. */
const DOUBLE_CLICK_MS = 1_000;

function nameOf(place: Place): string {
    return `${place.channelId} ${place.rootId}`;
}

/** What stands in the corner beside the starts that are under way. */
export type Notice =
    {kind: 'blocked'; meetingUrl: string} | {kind: 'said'; sentence: string} | undefined;

/** How a click on "start" ended: with a meeting, with a question, with a reason why not, or unheard. */
export type Outcome = 'started' | 'asked' | 'failed' | 'unheard';

/** What has become of "start anyway" under a warning. */
export type Anyway = 'busy' | 'done' | undefined;

/** The meetings that one client starts. */
export class Starter {
    /** Where starts are under way, the latest last. */
    readonly busy = new Observable<readonly Place[]>([]);
    readonly notice = new Observable<Notice>(undefined);
    /** By the id of the warning. A post that is scrolled away and back is drawn anew. */
    readonly anyway = new Observable<Readonly<Record<string, Anyway>>>({});
    readonly tabs: Tabs;
    readonly client: Client;
    private settled = {place: '', at: -Infinity};
    private messages = 0;
    /** Whether notices are shown. Where they are not, messages take their place. */
    private shows = false;

    constructor(
        readonly store: Store,
        private readonly now: () => number = Date.now,
    ) {
        this.client = new Client(store);
        this.tabs = new Tabs(() => connectionId(store.getState()), now);
    }

    /** Notices are shown from now on. */
    showNotices(): void {
        this.shows = true;
    }

    /** The button in a channel's header. */
    inChannel(channel: Channel): Promise<Outcome> {
        return this.start(placeIn(this.store.getState(), channel.id));
    }

    /** The button at the side: it is there also where no channel is. */
    async fromAppBar(channel?: Channel): Promise<Outcome> {
        if (channel?.id) {
            return this.inChannel(channel);
        }
        const thread = selectedThread(this.store.getState());
        const channelId = thread === '' ? '' : await this.client.channelOf(thread);
        if (channelId === '') {
            await this.say(undefined, this.sentence(thread === '' ? 'noThread' : 'failed'));
            return 'failed';
        }
        return this.start({channelId, rootId: thread});
    }

    /** "Start anyway", under a warning. */
    async startAnyway(warning: Post, topic: string): Promise<void> {
        if (this.anyway.value[warning.id] !== undefined) {
            return;
        }
        const become = (state: Anyway) =>
            this.anyway.set({...this.anyway.value, [warning.id]: state});
        become('busy');
        const place = {channelId: warning.channel_id, rootId: warning.root_id};
        const outcome = await this.start(place, topic, true);
        become(outcome === 'started' ? 'done' : undefined);
    }

    /** Starts a meeting. */
    async start(place: Place, topic = '', force = false): Promise<Outcome> {
        const name = nameOf(place);
        const doubled =
            this.settled.place === name && this.now() - this.settled.at < DOUBLE_CLICK_MS;
        if (this.busy.value.some((other) => nameOf(other) === name) || (doubled && !force)) {
            return 'unheard';
        }
        this.busy.set([...this.busy.value, place]);
        this.tabs.ask();
        // So that it is known when something has to be said.
        void this.client.botId();
        const answer = await this.client.start(place, topic, force);
        this.busy.set(this.busy.value.filter((other) => other !== place));
        this.settled = {place: name, at: this.now()};
        if (answer.kind !== 'asked') {
            this.tabs.answered();
        }
        switch (answer.kind) {
            case 'started':
                await this.open(answer.meetingUrl, 'answer', place);
                return 'started';
            case 'asked':
                return 'asked';
            case 'refused':
                await this.say(place, answer.reason);
                return 'failed';
            default:
                await this.say(place, this.sentence(answer.kind));
                return 'failed';
        }
    }

    /** The server says that a meeting began. */
    async onStarted(event: Event): Promise<void> {
        const meetingUrl = event.data?.meeting_url;
        if (typeof meetingUrl === 'string' && this.tabs.isForUs(event)) {
            this.tabs.answered();
            await this.open(meetingUrl, 'event', undefined);
        }
    }

    /** A command is about to be sent from here. */
    onCommand(message: string): void {
        if (/^\/zoom\s+(start|connect)\b/i.test(message.trim())) {
            this.tabs.ask();
        }
    }

    /** The notice is no longer wanted. */
    dismiss(): void {
        this.notice.set(undefined);
    }

    private async open(
        meetingUrl: string,
        source: Source,
        place: Place | undefined,
    ): Promise<void> {
        // Waiting would cost the click's right to open a tab, so it is done only where it must be.
        const zoomUrl = meetingUrl.startsWith('http:') ? await this.client.zoomUrl() : '';
        switch (this.tabs.open(meetingUrl, zoomUrl, source)) {
            case 'blocked':
                return this.sayBlocked(place, meetingUrl);
            case 'unsafe':
                return this.say(place, this.sentence('unsafe'));
            default:
        }
    }

    private async sayBlocked(place: Place | undefined, meetingUrl: string): Promise<void> {
        if (this.shows) {
            this.notice.set({kind: 'blocked', meetingUrl});
            return;
        }
        const link = meetingUrl.replace(/\(/g, '%28').replace(/\)/g, '%29');
        const sentence = this.sentence('blocked');
        await this.say(place, `${sentence} [${this.sentence('openMeeting')}](${link})`);
    }

    private sentence(key: Key): string {
        return text(localeOf(this.store.getState()), key);
    }

    /**
     * Shows a message to this user alone: where the click was, until the page is loaded anew, or in the
     * corner, where the click was nowhere. A client without corners shows it in the channel last seen.
     */
    private async say(where: Place | undefined, message: string): Promise<void> {
        if (where === undefined && this.shows) {
            this.notice.set({kind: 'said', sentence: message});
            return;
        }
        const seen = this.store.getState().entities?.channels?.currentChannelId ?? '';
        const place = where ?? {channelId: seen, rootId: ''};
        if (place.channelId === '') {
            console.warn(`zoom: ${message}`);
            return;
        }
        const author = await this.client.botId();
        const now = this.now();
        this.messages += 1;
        const id = `zoomPlugin${now}${this.messages}`;
        this.store.dispatch({
            type: 'RECEIVED_NEW_POST',
            data: {
                id,
                create_at: now,
                update_at: 0,
                edit_at: 0,
                delete_at: 0,
                is_pinned: false,
                user_id: author,
                channel_id: place.channelId,
                root_id: place.rootId,
                parent_id: '',
                original_id: '',
                message,
                type: 'system_ephemeral',
                props: {},
                hashtags: '',
                pending_post_id: '',
            },
            channelId: place.channelId,
        });
    }
}
