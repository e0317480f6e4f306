// Registers the plugin's parts with the client.
//
// The registry differs between versions of the client, and Mattermost 12 removes a plugin whose `initialize` throws. So
// every part is registered on its own: if a method is missing or throws, the console names it, only its part is
// missing, and `initialize` returns normally.
import React from 'react';
import {FormattedMessage} from 'react-intl';

import {ChatPost, TranscriptPost} from './components/ReplyPost';
import {HeaderIcon} from './components/HeaderIcon';
import {MeetingPost} from './components/MeetingPost';
import {NoticeArea} from './components/NoticeArea';
import type {Channel, Registry, Store} from './mattermost';
import {PLUGIN_ID, basePath} from './mattermost';
import {Starter} from './meeting-starter';
import {addStyles} from './styles';
import {messageId, text, translations} from './i18n';

type Registered = Required<Registry>;

/** Does one step. Returns whether the step succeeded. */
function attempt(name: string, step: () => void): boolean {
    try {
        step();
        return true;
    } catch (error) {
        console.error(`zoom: ${name} failed`, error);
        return false;
    }
}

/** Registers one part. Returns whether it is registered. */
function register(
    registry: Registry,
    method: keyof Registry,
    part: (registry: Registered) => void,
): boolean {
    let registered = false;
    attempt(method, () => {
        if (registry[method]) {
            part(registry as Registered);
            registered = true;
        } else {
            console.warn(`zoom: this version of Mattermost has no ${method}`);
        }
    });
    return registered;
}

/** Registers all parts. Never throws. */
export function initialize(registry: Registry, store: Store): void {
    const starter = new Starter(store);
    // Mattermost makes the accessible name of a button from this. It accepts a string or a message of this kind, and
    // only the message is in the reader's language.
    const label = <FormattedMessage id={messageId('start')} defaultMessage={text('en', 'start')} />;
    attempt('addStyles', addStyles);
    register(registry, 'registerTranslations', (to) => to.registerTranslations(translations));
    register(registry, 'registerChannelHeaderButtonAction', (to) => {
        const icon = <HeaderIcon starter={starter} />;
        const start = (channel: Channel) => void starter.inChannel(channel);
        to.registerChannelHeaderButtonAction(icon, start, label, label);
    });
    register(registry, 'registerAppBarComponent', (to) => {
        const icon = `${basePath(store.getState())}/plugins/${PLUGIN_ID}/public/app-bar-icon.png`;
        to.registerAppBarComponent(icon, (channel) => void starter.fromAppBar(channel), label);
    });
    register(registry, 'registerWebSocketEventHandler', (to) => {
        const event = `custom_${PLUGIN_ID}_meeting_started`;
        to.registerWebSocketEventHandler(event, (started) => void starter.onStarted(started));
    });
    register(registry, 'registerPostTypeComponent', (to) => {
        to.registerPostTypeComponent('custom_zoom', (props) => (
            <MeetingPost {...props} starter={starter} />
        ));
        to.registerPostTypeComponent('custom_zoom_transcript', TranscriptPost);
        to.registerPostTypeComponent('custom_zoom_chat', ChatPost);
    });
    const shows = register(registry, 'registerRootComponent', (to) =>
        to.registerRootComponent(() => <NoticeArea starter={starter} />),
    );
    if (shows) {
        starter.showNotices();
    }
    const hears = register(registry, 'registerSlashCommandWillBePostedHook', (to) =>
        to.registerSlashCommandWillBePostedHook((message, args) => {
            starter.onCommand(message);
            return {message, args};
        }),
    );
    if (hears) {
        starter.tabs.hearCommands();
    }
}
