// The dialog with the user settings, with the tab of a plugin.
import React from 'react';

import type {PluginUserSettings} from '../../src/mattermost';
import type {RegisteredParts} from './registry';

const PLUGIN_ID = 'zoom';

/**
 * The settings as the client stores them: with the ID of the plugin, and without invalid sections. `undefined` if there
 * is no name, if the icon is not a text, or if no section is left.
 */
export function extractUserSettings(settings: unknown): PluginUserSettings | undefined {
    const {uiName, icon, sections} = (settings ?? {}) as Record<string, unknown>;
    if (typeof uiName !== 'string' || uiName === '' || !Array.isArray(sections)) {
        return undefined;
    }
    if (icon !== undefined && typeof icon !== 'string') {
        return undefined;
    }
    const valid = sections.filter((section: unknown) => {
        const {title, component} = (section ?? {}) as Record<string, unknown>;
        return typeof title === 'string' && title !== '' && typeof component === 'function';
    }) as PluginUserSettings['sections'];
    if (valid.length === 0) {
        return undefined;
    }
    return {id: PLUGIN_ID, uiName, ...(icon && {icon}), sections: valid};
}

/** The dialog, opened at the tab of the plugin. */
export function UserSettingsDialog({
    parts,
    onClose,
}: {
    parts: RegisteredParts;
    onClose: () => void;
}) {
    const settings = parts.userSettings;
    if (!settings) {
        return null;
    }
    return (
        <div
            className="settings-modal"
            role="dialog"
            aria-modal="true"
            aria-labelledby="settings-modal-title"
        >
            <div className="settings-modal__header">
                <h2 id="settings-modal-title">Settings</h2>
                <button type="button" aria-label="Close settings" onClick={onClose}>
                    <span aria-hidden="true">×</span>
                </button>
            </div>
            <div className="settings-modal__body">
                <div className="settings-modal__tabs" role="tablist" aria-orientation="vertical">
                    <button
                        type="button"
                        role="tab"
                        id={`${settings.id}Button`}
                        aria-selected="true"
                        aria-controls={`${settings.id}Settings`}
                    >
                        {settings.icon && <img src={settings.icon} alt="" />}
                        {settings.uiName}
                    </button>
                </div>
                <div
                    className="user-settings"
                    id={`${settings.id}Settings`}
                    role="tabpanel"
                    aria-labelledby={`${settings.id}Button`}
                >
                    <h3 className="tab-header">{settings.uiName} Settings</h3>
                    <div className="divider-dark" />
                    {settings.sections.map(({title, component: Section}) => (
                        <React.Fragment key={title}>
                            <Section />
                            <div className="divider-light" />
                        </React.Fragment>
                    ))}
                    <div className="divider-dark" />
                </div>
            </div>
        </div>
    );
}
