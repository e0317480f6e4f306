// Starts a meeting: from the click to the tab, or to an error message.
//
// A click is ignored while a start in the same location is in progress, and so is the second click of a double click.
// Errors are shown as an ephemeral message in the channel or the thread of the click.
import type {Channel} from '@mattermost/types/channels';
import type {Post} from '@mattermost/types/posts';

import {ApiClient} from './api';
import {copyText} from './clipboard';
import {type MessageKey, intlOf, message} from './i18n';
import type {ClientStore, WebSocketMessage} from './mattermost';
import {type LinkSource, MeetingTabs} from './meeting-tabs';
import {connectionId, openLocation, selectedThread} from './selectors';
import {
    type Action,
    type MeetingLocation,
    type NewMeetingStatus,
    isSameLocation,
    selectNewMeeting,
    selectStarts,
} from './state';

/** A click this soon after a start is the second click of a double click. */
const DOUBLE_CLICK_MS = 1_000;

/** The result of a click: a meeting, a question of the plugin, an error, or nothing. */
export type Outcome = 'started' | 'pending' | 'failed' | 'ignored';

/** Starts meetings in one client. */
export class MeetingStarter {
    readonly api: ApiClient;
    readonly tabs: MeetingTabs;
    private lastStart: {location: MeetingLocation; endedAt: number} | undefined;
    private messageCount = 0;
    /** Whether the client shows notices. Otherwise, messages are shown instead. */
    private showsNotices = false;

    constructor(
        private readonly store: ClientStore,
        private readonly now: () => number = Date.now,
    ) {
        this.api = new ApiClient(store);
        this.tabs = new MeetingTabs(() => connectionId(store.getState()), now);
    }

    /** The client shows notices. */
    enableNotices(): void {
        this.showsNotices = true;
    }

    /** Handles a click on the button in the channel header. */
    startInChannel(channel: Channel): Promise<Outcome> {
        return this.start(openLocation(this.store.getState(), channel.id));
    }

    /** Handles a click on the button in the app bar, which is also there while no channel is shown. */
    async startFromAppBar(channel?: Channel): Promise<Outcome> {
        if (channel?.id) {
            return this.startInChannel(channel);
        }
        const rootId = selectedThread(this.store.getState());
        const channelId = rootId === '' ? '' : await this.api.channelOfPost(rootId);
        if (channelId === '') {
            await this.showMessage(undefined, this.text(rootId === '' ? 'noChannel' : 'failed'));
            return 'failed';
        }
        return this.start({channelId, rootId});
    }

    /** Handles a click on "Start a new meeting" in a warning. */
    async startNewMeeting(warning: Post, topic: string): Promise<void> {
        if (selectNewMeeting(this.store.getState(), warning.id) !== undefined) {
            return;
        }
        const setStatus = (status: NewMeetingStatus | undefined) =>
            this.dispatch({type: 'zoom/NEW_MEETING_CHANGED', postId: warning.id, status});
        setStatus('starting');
        const location = {channelId: warning.channel_id, rootId: warning.root_id};
        const outcome = await this.start(location, topic, true);
        setStatus(outcome === 'started' ? 'started' : undefined);
    }

    /** Starts a meeting. */
    async start(location: MeetingLocation, topic = '', force = false): Promise<Outcome> {
        const starts = selectStarts(this.store.getState());
        const isInProgress = starts.some((start) => isSameLocation(start, location));
        if (isInProgress || (!force && this.isDoubleClick(location))) {
            return 'ignored';
        }
        this.dispatch({type: 'zoom/START_BEGAN', location});
        this.tabs.expectMeeting();
        // Load the bot's ID now, because an error message needs it.
        void this.api.botId();
        const result = await this.api.startMeeting(location, topic, force);
        this.dispatch({type: 'zoom/START_ENDED', location});
        this.lastStart = {location, endedAt: this.now()};
        if (result.kind !== 'pending') {
            this.tabs.stopExpecting();
        }
        switch (result.kind) {
            case 'started':
                await this.open(result.meetingUrl, 'response', location);
                return 'started';
            case 'pending':
                return 'pending';
            case 'refused':
                await this.showMessage(location, result.reason);
                return 'failed';
            default:
                await this.showMessage(location, this.text(result.kind));
                return 'failed';
        }
    }

    /** Handles the event that a meeting was started. */
    async handleMeetingStarted(event: WebSocketMessage): Promise<void> {
        const meetingUrl = event.data?.meeting_url;
        if (typeof meetingUrl === 'string' && this.tabs.isForThisClient(event)) {
            this.tabs.stopExpecting();
            await this.open(meetingUrl, 'event', undefined);
        }
    }

    /** Handles a slash command that the user is about to send. */
    handleCommand(command: string): void {
        if (/^\/zoom\s+(start|connect)\b/i.test(command.trim())) {
            this.tabs.expectMeeting();
        }
    }

    /** Copies the link of a meeting. Returns whether the link was copied. */
    async copyLink(url: string): Promise<boolean> {
        if (!(await copyText(url))) {
            await this.showMessage(undefined, this.text('notCopied'));
            return false;
        }
        this.dispatch({type: 'zoom/ANNOUNCED', text: this.text('linkCopied')});
        return true;
    }

    /** Removes the sentence for screen readers, so that they announce the same sentence again next time. */
    clearAnnouncement(): void {
        this.dispatch({type: 'zoom/ANNOUNCED', text: ''});
    }

    /** Closes the notice. */
    closeNotice(): void {
        this.dispatch({type: 'zoom/NOTICE_CHANGED', notice: undefined});
    }

    private dispatch(action: Action): void {
        this.store.dispatch(action);
    }

    private isDoubleClick(location: MeetingLocation): boolean {
        return (
            this.lastStart !== undefined &&
            isSameLocation(this.lastStart.location, location) &&
            this.now() - this.lastStart.endedAt < DOUBLE_CLICK_MS
        );
    }

    private async open(
        meetingUrl: string,
        source: LinkSource,
        location: MeetingLocation | undefined,
    ): Promise<void> {
        // After a pause the browser may block the tab, so ask the server only if the link needs it.
        const zoomUrl = meetingUrl.startsWith('http:') ? await this.api.zoomUrl() : '';
        switch (this.tabs.open(meetingUrl, zoomUrl, source)) {
            case 'blocked':
                return this.showBlockedTab(location, meetingUrl);
            case 'unsafe':
                return this.showMessage(location, this.text('unsafe'));
            default:
        }
    }

    private async showBlockedTab(
        location: MeetingLocation | undefined,
        meetingUrl: string,
    ): Promise<void> {
        if (this.showsNotices) {
            this.dispatch({type: 'zoom/NOTICE_CHANGED', notice: {kind: 'blocked', meetingUrl}});
            return;
        }
        const escapedUrl = meetingUrl.replace(/\(/g, '%28').replace(/\)/g, '%29');
        const link = `[${this.text('open')}](${escapedUrl})`;
        await this.showMessage(location, `${this.text('blocked')} ${link}`);
    }

    private text(key: MessageKey): string {
        return intlOf(this.store.getState()).formatMessage(message(key));
    }

    /**
     * Shows an ephemeral message in the location of the click. Without a location, shows a notice, or, if the client
     * has no notices, a message in the current channel.
     */
    private async showMessage(
        clicked: MeetingLocation | undefined,
        markdown: string,
    ): Promise<void> {
        if (clicked === undefined && this.showsNotices) {
            this.dispatch({type: 'zoom/NOTICE_CHANGED', notice: {kind: 'text', text: markdown}});
            return;
        }
        const currentChannelId = this.store.getState().entities?.channels?.currentChannelId ?? '';
        const location = clicked ?? {channelId: currentChannelId, rootId: ''};
        if (location.channelId === '') {
            console.warn(`zoom: ${markdown}`);
            return;
        }
        const authorId = await this.api.botId();
        const now = this.now();
        this.messageCount += 1;
        this.store.dispatch({
            type: 'RECEIVED_NEW_POST',
            data: {
                id: `zoomPlugin${now}${this.messageCount}`,
                create_at: now,
                update_at: 0,
                edit_at: 0,
                delete_at: 0,
                is_pinned: false,
                user_id: authorId,
                channel_id: location.channelId,
                root_id: location.rootId,
                parent_id: '',
                original_id: '',
                message: markdown,
                type: 'system_ephemeral',
                props: {},
                hashtags: '',
                pending_post_id: '',
            },
            channelId: location.channelId,
        });
    }
}
