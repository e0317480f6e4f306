import React from 'react';
import {useSelector} from 'react-redux';

import {Markdown} from '../components/Markdown';
import {type MessageKey, useT} from '../i18n';
import {PLUGIN_ID} from '../mattermost';
import {basePath} from '../selectors';
import type {Check} from './api';

const OUTCOMES: Readonly<Record<Check['outcome'], MessageKey>> = {
    passed: 'adminPassed',
    warning: 'adminWarning',
    failed: 'adminFailed',
    not_run: 'adminNotRun',
};

/** The checks with what was found and what to do next. */
export function Checklist({checks}: {checks: readonly Check[]}) {
    const t = useT();
    const path = useSelector(basePath);
    return (
        <ul className="zoom-admin-list zoom-admin-checks">
            {checks.map(({id, label, outcome, sentence, guide}) => (
                <li key={id} data-check={id}>
                    <span className={`zoom-admin-mark zoom-admin-${outcome}`} aria-hidden="true" />
                    <div>
                        <strong>{label}</strong>
                        <span className="zoom-admin-outcome">{t(OUTCOMES[outcome])}</span>
                        {sentence !== '' && (
                            <div className="zoom-admin-sentence">
                                <Markdown text={sentence} />
                            </div>
                        )}
                        {guide !== null && outcome !== 'passed' && (
                            <a
                                href={`${path}/plugins/${PLUGIN_ID}/public/docs/${guide}`}
                                target="_blank"
                                rel="noopener noreferrer"
                                aria-label={t('adminGuideFor', {name: label})}
                            >
                                {t('adminGuide')}
                            </a>
                        )}
                    </div>
                </li>
            ))}
        </ul>
    );
}
