// The values that an administrator enters in the Zoom app. The plugin sends the secret in the URLs only on request.
import React from 'react';

import {copyText} from '../clipboard';
import {type MessageKey, useT} from '../i18n';
import type {AdminApi, SecretUrls, Status} from './api';

import {type Announce, useProblem, useUntilSaved} from './hooks';

/** The part of a URL that is hidden. */
const HIDDEN = '?secret=••••••••';

/** A label with its content, like a setting of the System Console. */
export function Row({label, children}: {label: string; children: React.ReactNode}) {
    return (
        <div className="form-group zoom-admin-row" role="group" aria-label={label}>
            <div className="control-label col-sm-4" aria-hidden="true">
                {label}
            </div>
            <div className="col-sm-8">{children}</div>
        </div>
    );
}

function CopyButton({name, text, announce}: {name: string; text: string; announce: Announce}) {
    const t = useT();
    const copy = async () => {
        const isCopied = await copyText(text);
        announce(isCopied ? t('adminCopied', {name}) : t('adminCopyFailed'));
    };
    return (
        <button
            type="button"
            className="btn btn-tertiary zoom-button zoom-admin-small"
            aria-label={t('adminCopyName', {name})}
            onClick={() => void copy()}
        >
            {t('adminCopy')}
        </button>
    );
}

function Value({name, text, announce}: {name: string; text: string; announce: Announce}) {
    return (
        <div className="zoom-admin-value">
            <code>{text}</code>
            <CopyButton name={name} text={text} announce={announce} />
        </div>
    );
}

/** A URL with a secret, which is shown after a click. */
function SecretUrl({
    label,
    url,
    secretUrl,
    hasSecret,
    show,
    announce,
}: {
    label: string;
    url: string;
    secretUrl: string | undefined;
    hasSecret: boolean;
    show: () => void;
    announce: Announce;
}) {
    const t = useT();
    if (secretUrl !== undefined) {
        return <Value name={label} text={secretUrl} announce={announce} />;
    }
    return (
        <div className="zoom-admin-value">
            <code>{url + HIDDEN}</code>
            {hasSecret ? (
                <button
                    type="button"
                    className="btn btn-tertiary zoom-button zoom-admin-small"
                    aria-label={t('adminShowName', {name: label})}
                    onClick={show}
                >
                    {t('adminShow')}
                </button>
            ) : (
                <span className="zoom-admin-note">{t('adminNoSecret')}</span>
            )}
        </div>
    );
}

const SECRET_URLS: readonly {key: keyof SecretUrls; label: MessageKey}[] = [
    {key: 'webhook', label: 'adminWebhook'},
    {key: 'deauthorization', label: 'adminDeauthorization'},
];

/** The URLs and the scopes, each with a button that copies it. */
export function Values({
    status,
    api,
    announce,
}: {
    status: Status;
    api: AdminApi;
    announce: Announce;
}) {
    const t = useT();
    const problem = useProblem();
    const [secretUrls, setSecretUrls] = useUntilSaved<SecretUrls | undefined>(undefined);
    const show = async () => {
        try {
            setSecretUrls(await api.reveal());
        } catch (error) {
            announce(problem(error));
        }
    };
    const {urls} = status;
    // In server-to-server mode, nobody comes back from Zoom.
    const isRedirected = status.mode !== 'server-to-server';
    return (
        <>
            {urls && (
                <>
                    {isRedirected && (
                        <Row label={t('adminRedirect')}>
                            <Value
                                name={t('adminRedirect')}
                                text={urls.redirect}
                                announce={announce}
                            />
                        </Row>
                    )}
                    {SECRET_URLS.map(({key, label}) => (
                        <Row key={key} label={t(label)}>
                            <SecretUrl
                                label={t(label)}
                                url={urls[key]}
                                secretUrl={secretUrls?.[key]}
                                hasSecret={status.has_secret}
                                show={() => void show()}
                                announce={announce}
                            />
                        </Row>
                    ))}
                </>
            )}
            <Row label={t('adminScopes')}>
                <ul className="zoom-admin-list">
                    {status.scopes.map(({name, optional}) => (
                        <li key={name}>
                            <Value name={name} text={name} announce={announce} />
                            {optional && (
                                <span className="zoom-admin-note">{t('adminOptional')}</span>
                            )}
                        </li>
                    ))}
                </ul>
            </Row>
        </>
    );
}
