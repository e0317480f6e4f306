// Registers the plugin's parts with the client.
//
// The registry differs between versions of the client, and Mattermost 12 removes a plugin whose `initialize` throws. So
// the plugin registers every part separately. If a method is missing or throws, a message on the console names the
// method, only its part is missing, and `initialize` returns normally.
import type {Channel} from '@mattermost/types/channels';
import React from 'react';
import {FormattedMessage} from 'react-intl';

import {AdminApi} from './admin/api';
import {StatusSection} from './admin/StatusSection';
import adminCss from './admin/style.css?inline';
import {HeaderIcon} from './components/HeaderIcon';
import {MeetingPost} from './components/MeetingPost';
import {NoticeArea} from './components/NoticeArea';
import {ChatPost, TranscriptPost} from './components/ReplyPost';
import {UserSettingsTab} from './components/UserSettings';
import {message, translations} from './i18n';
import {type ClientStore, PLUGIN_ID, type Registry} from './mattermost';
import {MeetingStarter} from './meeting-starter';
import {basePath} from './selectors';
import {reducer} from './state';
import css from './style.css?inline';

type CompleteRegistry = Required<Registry>;

/** Runs one step. Returns whether the step succeeded. */
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
    registerPart: (registry: CompleteRegistry) => void,
): boolean {
    let isRegistered = false;
    attempt(method, () => {
        if (registry[method]) {
            registerPart(registry as CompleteRegistry);
            isRegistered = true;
        } else {
            console.warn(`zoom: this version of Mattermost has no ${method}`);
        }
    });
    return isRegistered;
}

/** Adds the styles to the page, once. The plugin is a single script, so the styles are a text in it. */
function addStyles(): void {
    const id = 'zoom-plugin-styles';
    // After an upgrade of the plugin, the page may still have the styles of the old version.
    const style = document.getElementById(id) ?? document.createElement('style');
    style.id = id;
    style.textContent = css + adminCss;
    document.head.append(style);
}

/** Registers all parts. Never throws. */
export function initialize(registry: Registry, store: ClientStore): void {
    const starter = new MeetingStarter(store);
    const startInChannel = (channel: Channel) => void starter.startInChannel(channel);
    const startFromAppBar = (channel?: Channel) => void starter.startFromAppBar(channel);
    // Mattermost makes the accessible name of a button from this. It accepts a string or a `FormattedMessage`, and
    // only the latter is in the reader's language.
    const label = <FormattedMessage {...message('start')} />;
    const iconUrl = () =>
        `${basePath(store.getState())}/plugins/${PLUGIN_ID}/public/app-bar-icon.png`;
    attempt('addStyles', addStyles);
    register(registry, 'registerTranslations', (to) => to.registerTranslations(translations));
    const hasReducer = register(registry, 'registerReducer', (to) => to.registerReducer(reducer));
    register(registry, 'registerChannelHeaderButtonAction', (to) => {
        to.registerChannelHeaderButtonAction(<HeaderIcon />, startInChannel, label, label);
    });
    register(registry, 'registerAppBarComponent', (to) => {
        to.registerAppBarComponent(iconUrl(), startFromAppBar, label);
    });
    register(registry, 'registerWebSocketEventHandler', (to) => {
        const event = `custom_${PLUGIN_ID}_meeting_started`;
        to.registerWebSocketEventHandler(event, (data) => void starter.handleMeetingStarted(data));
    });
    register(registry, 'registerPostTypeComponent', (to) => {
        to.registerPostTypeComponent('custom_zoom', (props) => (
            <MeetingPost {...props} starter={starter} />
        ));
        to.registerPostTypeComponent('custom_zoom_transcript', TranscriptPost);
        to.registerPostTypeComponent('custom_zoom_chat', ChatPost);
    });
    const hasNotices = register(registry, 'registerRootComponent', (to) =>
        to.registerRootComponent(() => <NoticeArea starter={starter} />),
    );
    if (hasReducer && hasNotices) {
        starter.enableNotices();
    }
    register(registry, 'registerUserSettings', (to) =>
        to.registerUserSettings({
            id: PLUGIN_ID,
            uiName: 'Zoom',
            icon: iconUrl(),
            sections: [{title: 'Zoom', component: () => <UserSettingsTab api={starter.api} />}],
        }),
    );
    register(registry, 'registerAdminConsoleCustomSection', (to) => {
        const api = new AdminApi(() => store.getState());
        to.registerAdminConsoleCustomSection('status', (props) => (
            <StatusSection {...props} api={api} />
        ));
    });
    const reportsCommands = register(registry, 'registerSlashCommandWillBePostedHook', (to) =>
        to.registerSlashCommandWillBePostedHook((command, args) => {
            starter.handleCommand(command);
            return {message: command, args};
        }),
    );
    if (reportsCommands) {
        starter.tabs.enableCommandReports();
    }
}
