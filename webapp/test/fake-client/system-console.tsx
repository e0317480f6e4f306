// The page of the System Console with the plugin's settings, like that of Mattermost 10.7 to 11.
//
// The section with the switch comes first, then the sections of the manifest. A custom section gets its settings as
// rendered elements; while no plugin has registered it, the client shows a warning. All sections are in one form, and a
// change of the saved settings replaces `entities.admin.config` in the state.
import React from 'react';
import {useSelector} from 'react-redux';

import type {State} from '../../src/mattermost';
import {Formatted} from './attachments';
import type {RegisteredParts} from './registry';
import './system-console.css';

/** A setting of a manifest. */
export interface ManifestSetting {
    key: string;
    type: string;
    display_name?: string;
    help_text?: string;
    regenerate_help_text?: string;
    placeholder?: string;
    default?: unknown;
    options?: {display_name: string; value: string}[];
}

/** A section of a manifest. */
export interface ManifestSection {
    key: string;
    title?: string;
    subtitle?: string;
    header?: string;
    footer?: string;
    custom?: boolean;
    settings: ManifestSetting[];
}

/** The part of a manifest that the System Console shows. */
export interface Manifest {
    id: string;
    name: string;
    settings_schema: {header?: string; footer?: string; sections: ManifestSection[]};
}

type Values = Record<string, unknown>;

const NOTHING: Values = {};

/** The saved settings of a plugin. The server stores keys in lower case. */
export function savedValues(state: State, pluginId: string): Values {
    const config = state.entities?.admin?.config as
        {PluginSettings?: {Plugins?: Record<string, Values>}} | undefined;
    return config?.PluginSettings?.Plugins?.[pluginId] ?? NOTHING;
}

function randomText(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    return btoa(String.fromCharCode(...bytes))
        .replaceAll('+', '-')
        .replaceAll('/', '_');
}

function Input({
    setting,
    value,
    change,
}: {
    setting: ManifestSetting;
    value: unknown;
    change: (value: unknown) => void;
}) {
    const {key, type, options = [], placeholder} = setting;
    if (type === 'bool') {
        return (
            <>
                {[true, false].map((choice) => (
                    <label key={String(choice)} className="radio-inline">
                        <input
                            type="radio"
                            name={key}
                            checked={(value === true || value === 'true') === choice}
                            onChange={() => change(choice)}
                        />
                        {choice ? 'True' : 'False'}
                    </label>
                ))}
            </>
        );
    }
    if (type === 'dropdown') {
        return (
            <select
                id={key}
                className="form-control"
                value={String(value ?? setting.default)}
                onChange={({target}) => change(target.value)}
            >
                {options.map((option) => (
                    <option key={option.value} value={option.value}>
                        {option.display_name}
                    </option>
                ))}
            </select>
        );
    }
    return (
        <input
            id={key}
            className="form-control"
            value={String(value ?? '')}
            placeholder={placeholder}
            disabled={type === 'generated'}
            onChange={({target}) => change(target.value)}
        />
    );
}

function Setting({
    setting,
    value,
    change,
}: {
    setting: ManifestSetting;
    value: unknown;
    change: (value: unknown) => void;
}) {
    return (
        <div className="form-group">
            <label className="control-label col-sm-4" htmlFor={setting.key}>
                {setting.display_name}
            </label>
            <div className="col-sm-8">
                <Input setting={setting} value={value} change={change} />
                <div className="help-text">
                    <Formatted text={setting.help_text ?? ''} />
                </div>
                {setting.type === 'generated' && (
                    <>
                        <button
                            type="button"
                            className="btn btn-tertiary"
                            onClick={() => change(randomText())}
                        >
                            Regenerate
                        </button>
                        <div className="help-text">
                            <Formatted text={setting.regenerate_help_text ?? ''} />
                        </div>
                    </>
                )}
            </div>
        </div>
    );
}

function Banner({text}: {text: string | undefined}) {
    return text ? (
        <div className="banner">
            <Formatted text={text} />
        </div>
    ) : null;
}

function Section({
    section,
    parts,
    settings,
}: {
    section: ManifestSection;
    parts: RegisteredParts;
    settings: React.ReactNode[];
}) {
    const Custom = section.custom && parts.adminSections.get(section.key.toLowerCase());
    if (Custom) {
        return <Custom settingsList={settings} />;
    }
    return (
        <div className="config-section">
            <div className="section-header">
                <div className="section-title">{section.title}</div>
                {section.subtitle && <div className="section-subtitle">{section.subtitle}</div>}
            </div>
            <div className="section-body">
                <Banner text={section.header} />
                {section.custom ? (
                    <div className="banner warning">
                        In order to view this section, enable the plugin and click Save.
                    </div>
                ) : (
                    settings
                )}
                <Banner text={section.footer} />
            </div>
        </div>
    );
}

/** The page. `save` sends the changed settings to the server and updates the state. */
export function SystemConsole({
    manifest,
    parts,
    save,
}: {
    manifest: Manifest;
    parts: RegisteredParts;
    save: (values: Values) => Promise<void>;
}) {
    const saved = useSelector((state: State) => savedValues(state, manifest.id));
    const [changes, setChanges] = React.useState<Values>({});
    const schema = manifest.settings_schema;
    const submit = async (event: React.FormEvent) => {
        event.preventDefault();
        await save(changes);
        setChanges({});
    };
    return (
        <div className="admin-console">
            <header className="admin-console__header">
                <h1>{manifest.name}</h1>
            </header>
            <div className="admin-console__content">
                <form className="form-horizontal" onSubmit={(event) => void submit(event)}>
                    <Banner text={schema.header} />
                    <Setting
                        setting={{
                            key: 'Enable',
                            type: 'bool',
                            display_name: 'Enable Plugin: ',
                            help_text: 'When true, this plugin is enabled.',
                        }}
                        value={true}
                        change={() => undefined}
                    />
                    <Banner text={schema.footer} />
                    {schema.sections.map((section) => (
                        <Section
                            key={section.key}
                            section={section}
                            parts={parts}
                            settings={section.settings.map((setting) => {
                                const key = setting.key.toLowerCase();
                                return (
                                    <Setting
                                        key={key}
                                        setting={setting}
                                        value={key in changes ? changes[key] : saved[key]}
                                        change={(value) => setChanges({...changes, [key]: value})}
                                    />
                                );
                            })}
                        />
                    ))}
                    <div className="admin-console-save">
                        <button
                            type="submit"
                            className="btn btn-primary"
                            disabled={Object.keys(changes).length === 0}
                        >
                            Save
                        </button>
                    </div>
                </form>
            </div>
        </div>
    );
}
