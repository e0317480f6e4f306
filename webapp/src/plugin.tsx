// What the plugin registers with the client.
//
// Registries differ from version to version. A method that is missing, or that fails, is named in the
// console and costs what it was for; everything else is registered all the same.
import React from 'react';
import {FormattedMessage} from 'react-intl';

import {ChatPost, TranscriptPost} from './components/ReplyPost';
import {HeaderIcon} from './components/HeaderIcon';
import {MeetingPost} from './components/MeetingPost';
import {NoticeArea} from './components/NoticeArea';
import type {Channel, Registry, Store} from './host';
import {PLUGIN_ID, basePath} from './host';
import {Starter} from './starter';
import {addStyles} from './styles';
import {messageId, text, translations} from './text';

type Registered = Required<Registry>;

/** Registers one thing. Answers whether that went well. */
function attempt(
    registry: Registry,
    method: keyof Registry,
    register: (registry: Registered) => void,
): boolean {
    if (!registry[method]) {
        console.warn(`zoom: this Mattermost has no ${method}, so that part is left out`);
        return false;
    }
    try {
        register(registry as Registered);
        return true;
    } catch (error) {
        console.error(`zoom: ${method} failed`, error);
        return false;
    }
}

/** Registers everything. */
export function initialize(registry: Registry, store: Store): void {
    const starter = new Starter(store);
    // Mattermost makes the buttons' names for screen readers from this, which it only can of a string or of
    // a message of its own kind; and only of the latter in the reader's language.
    const label = <FormattedMessage id={messageId('start')} defaultMessage={text('en', 'start')} />;
    addStyles();
    attempt(registry, 'registerTranslations', (to) => to.registerTranslations(translations));
    attempt(registry, 'registerChannelHeaderButtonAction', (to) => {
        const icon = <HeaderIcon starter={starter} />;
        const start = (channel: Channel) => void starter.inChannel(channel);
        to.registerChannelHeaderButtonAction(icon, start, label, label);
    });
    attempt(registry, 'registerAppBarComponent', (to) => {
        const icon = `${basePath(store.getState())}/plugins/${PLUGIN_ID}/public/app-bar-icon.png`;
        to.registerAppBarComponent(icon, (channel) => void starter.fromAppBar(channel), label);
    });
    attempt(registry, 'registerWebSocketEventHandler', (to) => {
        const event = `custom_${PLUGIN_ID}_meeting_started`;
        to.registerWebSocketEventHandler(event, (started) => void starter.onStarted(started));
    });
    attempt(registry, 'registerPostTypeComponent', (to) => {
        to.registerPostTypeComponent('custom_zoom', (props) => (
            <MeetingPost {...props} starter={starter} />
        ));
        to.registerPostTypeComponent('custom_zoom_transcript', TranscriptPost);
        to.registerPostTypeComponent('custom_zoom_chat', ChatPost);
    });
    const shows = attempt(registry, 'registerRootComponent', (to) =>
        to.registerRootComponent(() => <NoticeArea starter={starter} />),
    );
    if (shows) {
        starter.showNotices();
    }
    const hears = attempt(registry, 'registerSlashCommandWillBePostedHook', (to) =>
        to.registerSlashCommandWillBePostedHook((message, args) => {
            starter.onCommand(message);
            return {message, args};
        }),
    );
    if (hears) {
        starter.tabs.hearCommands();
    }
}
