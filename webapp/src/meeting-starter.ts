// Starting a meeting: from the click to the tab, or to an error message.
//
// A click is ignored while a start in the same place is in progress, and so is the second click of a double click.
// Errors are shown as an ephemeral message in the channel or the thread of the click.
import type {Channel, Event, Place, Post, Store} from './mattermost';
import {connectionId, placeIn, selectedThread} from './mattermost';
import {Client} from './api';
import {Observable} from './observable';
import {type Source, Tabs} from './meeting-tabs';
import {type Key, localeOf, text} from './i18n';

/** A click this soon after a start is the second click of a double click. */
const DOUBLE_CLICK_MS = 1_000;

function nameOf(place: Place): string {
    return `${place.channelId} ${place.rootId}`;
}

/** A notice in the corner, in addition to the starts in progress. */
export type Notice =
    {kind: 'blocked'; meetingUrl: string} | {kind: 'said'; sentence: string} | undefined;

/** The result of a click: a meeting, a question of the plugin, an error, or nothing. */
export type Outcome = 'started' | 'asked' | 'failed' | 'ignored';

/** The state of "Start a new meeting" in a warning. */
export type Forced = 'busy' | 'done' | undefined;

/** Starts meetings in one client. */
export class Starter {
    /** The places where starts are in progress, the latest last. */
    readonly busy = new Observable<readonly Place[]>([]);
    readonly notice = new Observable<Notice>(undefined);
    /** By the ID of the warning. The client removes posts out of sight and draws them again later. */
    readonly forced = new Observable<Readonly<Record<string, Forced>>>({});
    readonly tabs: Tabs;
    readonly client: Client;
    private settled = {place: '', at: -Infinity};
    private messages = 0;
    /** Whether the client shows notices. Otherwise, messages are shown instead. */
    private shows = false;

    constructor(
        readonly store: Store,
        private readonly now: () => number = Date.now,
    ) {
        this.client = new Client(store);
        this.tabs = new Tabs(() => connectionId(store.getState()), now);
    }

    /** The client shows notices. */
    showNotices(): void {
        this.shows = true;
    }

    /** Handles a click on the button in the channel header. */
    inChannel(channel: Channel): Promise<Outcome> {
        return this.start(placeIn(this.store.getState(), channel.id));
    }

    /** Handles a click on the button in the app bar, which is also there while no channel is shown. */
    async fromAppBar(channel?: Channel): Promise<Outcome> {
        if (channel?.id) {
            return this.inChannel(channel);
        }
        const thread = selectedThread(this.store.getState());
        const channelId = thread === '' ? '' : await this.client.channelOf(thread);
        if (channelId === '') {
            await this.say(undefined, this.sentence(thread === '' ? 'noChannel' : 'failed'));
            return 'failed';
        }
        return this.start({channelId, rootId: thread});
    }

    /** Handles a click on "Start a new meeting" in a warning. */
    async startNew(warning: Post, topic: string): Promise<void> {
        if (this.forced.value[warning.id] !== undefined) {
            return;
        }
        const become = (state: Forced) =>
            this.forced.set({...this.forced.value, [warning.id]: state});
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
            return 'ignored';
        }
        this.busy.set([...this.busy.value, place]);
        this.tabs.ask();
        // Load the bot's ID now, because an error message needs it.
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

    /** Handles the event that a meeting was started. */
    async onStarted(event: Event): Promise<void> {
        const meetingUrl = event.data?.meeting_url;
        if (typeof meetingUrl === 'string' && this.tabs.isForUs(event)) {
            this.tabs.answered();
            await this.open(meetingUrl, 'event', undefined);
        }
    }

    /** Handles a slash command that the user is about to send. */
    onCommand(message: string): void {
        if (/^\/zoom\s+(start|connect)\b/i.test(message.trim())) {
            this.tabs.ask();
        }
    }

    /** Closes the notice. */
    dismiss(): void {
        this.notice.set(undefined);
    }

    private async open(
        meetingUrl: string,
        source: Source,
        place: Place | undefined,
    ): Promise<void> {
        // After a pause the browser may block the tab, so ask the server only if the link needs it.
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
        await this.say(place, `${sentence} [${this.sentence('open')}](${link})`);
    }

    private sentence(key: Key): string {
        return text(localeOf(this.store.getState()), key);
    }

    /**
     * Shows an ephemeral message in the place of the click. Without a place, shows a notice, or, if the client has
     * no notices, a message in the current channel.
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
