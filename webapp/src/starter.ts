// Starting a meeting: from the click to the tab, or to the reason why not.
//
// A second click while the first is under way does nothing, and neither does the second half of a double
// click. What went wrong is said as a message where the click was, in the channel or in the thread.
import type {Channel, Event, Place, Store} from './host';
import {connectionId, placeIn, selectedThread} from './host';
import {Client} from './client';
import {Observable} from './observable';
import {Tabs} from './tabs';
import {type Key, localeOf, text} from './text';

/** A click this soon after a start is the second half of a double click. */
const DOUBLE_CLICK_MS = 1_000;

/** What stands in the corner, if anything. */
export type Notice =
    | {kind: 'starting'; rootId: string}
    | {kind: 'blocked'; meetingUrl: string}
    | {kind: 'said'; sentence: string}
    | undefined;

/** The meetings that one client starts. */
export class Starter {
    readonly notice = new Observable<Notice>(undefined);
    readonly tabs: Tabs;
    readonly client: Client;
    private readonly busy = new Set<string>();
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
    inChannel(channel: Channel): Promise<boolean> {
        return this.start(placeIn(this.store.getState(), channel.id));
    }

    /** The button at the side: it is there also where no channel is. */
    async fromAppBar(channel?: Channel): Promise<boolean> {
        if (channel?.id) {
            return this.inChannel(channel);
        }
        const thread = selectedThread(this.store.getState());
        const channelId = thread === '' ? '' : await this.client.channelOf(thread);
        if (channelId === '') {
            await this.say(undefined, this.sentence(thread === '' ? 'noThread' : 'failed'));
            return false;
        }
        return this.start({channelId, rootId: thread});
    }

    /** Starts a meeting. Answers whether it began or the user was asked something. */
    async start(place: Place, topic = '', force = false): Promise<boolean> {
        const name = `${place.channelId} ${place.rootId}`;
        const doubled =
            this.settled.place === name && this.now() - this.settled.at < DOUBLE_CLICK_MS;
        if (this.busy.has(name) || (doubled && !force)) {
            return false;
        }
        this.busy.add(name);
        this.notice.set({kind: 'starting', rootId: place.rootId});
        this.tabs.ask();
        const answer = await this.client.start(place, topic, force);
        this.busy.delete(name);
        this.settled = {place: name, at: this.now()};
        if (answer.kind !== 'started' || answer.meetingUrl !== '') {
            this.tabs.answered();
        }
        this.clearNotice('starting');
        switch (answer.kind) {
            case 'started':
                if (answer.meetingUrl !== '') {
                    await this.open(answer.meetingUrl, place);
                }
                return true;
            case 'refused':
                await this.say(place, answer.reason);
                return false;
            default:
                await this.say(place, this.sentence(answer.kind));
                return false;
        }
    }

    /** The server says that a meeting began. */
    async onStarted(event: Event): Promise<void> {
        const meetingUrl = event.data?.meeting_url;
        if (typeof meetingUrl === 'string' && this.tabs.isForUs(event)) {
            this.tabs.answered();
            await this.open(meetingUrl, undefined);
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

    private async open(meetingUrl: string, place: Place | undefined): Promise<void> {
        // Waiting would cost the click's right to open a tab, so it is done only where it must be.
        const zoomUrl = meetingUrl.startsWith('http:') ? await this.client.zoomUrl() : '';
        switch (this.tabs.open(meetingUrl, zoomUrl)) {
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

    private clearNotice(kind: 'starting'): void {
        if (this.busy.size === 0 && this.notice.value?.kind === kind) {
            this.notice.set(undefined);
        }
    }

    private sentence(key: Key): string {
        return text(localeOf(this.store.getState()), key);
    }

    /**
     * Shows a message to this user alone: where the click was, until the page is loaded anew, or in the
     * corner, where the click was nowhere.
     */
    private async say(place: Place | undefined, message: string): Promise<void> {
        if (place === undefined) {
            this.notice.set({kind: 'said', sentence: message});
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
