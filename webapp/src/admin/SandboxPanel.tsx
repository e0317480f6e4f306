import React from 'react';

import {useT} from '../i18n';
import type {AdminApi} from './api';
import {useAnswer} from './hooks';
import {Row} from './Values';

/** What the host allows the plugin. Without an answer of the host, nothing is shown. */
export function SandboxPanel({api}: {api: AdminApi}) {
    const t = useT();
    const load = React.useCallback(() => api.sandbox(), [api]);
    const {value: sandbox} = useAnswer(load);
    if (!sandbox) {
        return null;
    }
    return (
        <details className="zoom-admin-part">
            <summary>
                <h3 className="zoom-admin-heading">{t('adminSandbox')}</h3>
            </summary>
            <Row label={t('adminHosts')}>
                <ul className="zoom-admin-list">
                    {sandbox.allowed_hosts.map(
                        ({rule, url}) =>
                            url !== null && (
                                <li key={rule}>
                                    <code>{url}</code>
                                </li>
                            ),
                    )}
                </ul>
            </Row>
            <Row label={t('adminConfinement')}>
                <ul className="zoom-admin-list">
                    {sandbox.confinement.map(({name, active, reason}) => (
                        <li key={name}>
                            <code>{name}</code>
                            <span>{t(active ? 'adminActive' : 'adminInactive')}</span>
                            {reason !== null && <span className="zoom-admin-note">{reason}</span>}
                        </li>
                    ))}
                </ul>
            </Row>
            {sandbox.component.sha256 !== null && (
                <Row label={t('adminComponent')}>
                    <code>{sandbox.component.sha256}</code>
                </Row>
            )}
            <Row label="wasmtime">{sandbox.wasmtime_version}</Row>
        </details>
    );
}
