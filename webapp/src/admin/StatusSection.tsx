// The section "Setup and status" of the System Console.
//
// The System Console renders it within the form of the settings, after the switch that enables the plugin. The section
// loads its state again when the administrator saves settings, and every few seconds while it is visible.
import React from 'react';
import {useSelector} from 'react-redux';

import {useTimeFormat} from '../components/useTimeFormat';
import {useT} from '../i18n';
import type {AdminApi, Check, Status} from './api';
import {Checklist} from './Checklist';
import {type Announce, savedSettings, useAnswer, useProblem, useUntilSaved} from './hooks';
import {SandboxPanel} from './SandboxPanel';
import {Users} from './Users';
import {Values} from './Values';

/** The time between two requests for the state, in milliseconds. */
const INTERVAL_MS = 15_000;

/** The checks of the state, and those that only a test runs. */
function merged(local: readonly Check[], tested: readonly Check[]): Check[] {
    const ids = new Set(local.map(({id}) => id));
    return [...local, ...tested.filter(({id}) => !ids.has(id))];
}

function Checks({status, api, announce}: {status: Status; api: AdminApi; announce: Announce}) {
    const t = useT();
    const problem = useProblem();
    const [tested, setTested] = useUntilSaved<readonly Check[]>([]);
    const [isTesting, setTesting] = React.useState(false);
    const test = async () => {
        setTesting(true);
        announce(t('adminTesting'));
        try {
            const {checks} = await api.test();
            const passed = checks.filter(({outcome}) => outcome === 'passed').length;
            setTested(checks);
            announce(t('adminTested', {passed, count: checks.length}));
        } catch (error) {
            announce(problem(error));
        }
        setTesting(false);
    };
    return (
        <>
            <Checklist checks={merged(status.checks, tested)} />
            <button
                type="button"
                className="btn btn-primary zoom-button"
                aria-disabled={isTesting}
                onClick={() => !isTesting && void test()}
            >
                {isTesting ? t('adminTesting') : t('adminTest')}
            </button>
        </>
    );
}

function Connections({status, api, announce}: {status: Status; api: AdminApi; announce: Announce}) {
    const t = useT();
    const {time} = useTimeFormat();
    const {mode, connection} = status;
    return (
        <>
            {mode === 'server-to-server' && <p>{t('adminNobodyConnects')}</p>}
            {connection && (
                <p>
                    {t('adminEveryone', {
                        user: connection.by === '' ? '–' : `@${connection.by}`,
                        date: connection.at > 0 ? time(connection.at) : '–',
                    })}
                </p>
            )}
            <Users api={api} announce={announce} />
        </>
    );
}

/** A part of the section, with a line below it for the results of clicks, which screen readers read aloud. */
function Part({
    id,
    title,
    children,
}: {
    id: string;
    title: string;
    children: (announce: Announce) => React.ReactNode;
}) {
    const [announcement, setAnnouncement] = React.useState('');
    return (
        <section className="zoom-admin-part" aria-labelledby={id}>
            <h3 id={id} className="zoom-admin-heading">
                {title}
            </h3>
            {children(setAnnouncement)}
            <div className="zoom-admin-result" role="status">
                {announcement}
            </div>
        </section>
    );
}

/** The section. */
export function StatusSection({
    api,
    settingsList,
}: {
    api: AdminApi;
    settingsList?: React.ReactNode;
}) {
    const t = useT();
    const problem = useProblem();
    const settings = useSelector(savedSettings);
    const load = React.useCallback(() => api.status(), [api]);
    const answer = useAnswer(load, {interval: INTERVAL_MS, since: settings});
    const {value: status, error, reload} = answer;
    return (
        <div className="config-section zoom-admin">
            <div className="section-header">
                <h2 className="section-title">{t('adminTitle')}</h2>
                <div className="section-subtitle">{t('adminSubtitle')}</div>
            </div>
            <div className="section-body">
                {settingsList}
                {error !== undefined && (
                    <div className="zoom-admin-value zoom-admin-problem" role="alert">
                        <span>{problem(error)}</span>
                        <button
                            type="button"
                            className="btn btn-tertiary zoom-button zoom-admin-small"
                            onClick={reload}
                        >
                            {t('tryAgain')}
                        </button>
                    </div>
                )}
                {!status && error === undefined && <p>{t('adminLoading')}</p>}
                {status && (
                    <>
                        <Part id="zoom-admin-values" title={t('adminValues')}>
                            {(announce) => <Values {...{status, api, announce}} />}
                        </Part>
                        <Part id="zoom-admin-checks" title={t('adminChecks')}>
                            {(announce) => <Checks {...{status, api, announce}} />}
                        </Part>
                        <Part id="zoom-admin-users" title={t('adminUsers')}>
                            {(announce) => <Connections {...{status, api, announce}} />}
                        </Part>
                    </>
                )}
                <SandboxPanel api={api} />
            </div>
        </div>
    );
}
