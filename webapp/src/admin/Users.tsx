// The connected users: a page of all of them, or those whose name matches.
import React from 'react';

import {useTimeFormat} from '../components/useTimeFormat';
import {type MessageKey, useT} from '../i18n';
import type {AdminApi, ConnectedUser} from './api';
import {type Announce, useAnswer, useProblem} from './hooks';

/** How long typing pauses before a search starts, in milliseconds. */
const PAUSE_MS = 300;

const OUTCOMES: Readonly<Record<string, MessageKey>> = {
    disconnected: 'adminDisconnected',
    not_revoked: 'adminNotRevoked',
};

function UserRow({
    user,
    isAsked,
    ask,
    cancel,
    disconnect,
}: {
    user: ConnectedUser;
    /** Whether the administrator has to confirm. */
    isAsked: boolean;
    ask: () => void;
    cancel: () => void;
    disconnect: () => void;
}) {
    const t = useT();
    const {time} = useTimeFormat();
    const name = `@${user.username}`;
    const question = t('adminConfirm', {user: name});
    const cancelOnEscape = ({key}: React.KeyboardEvent) => {
        if (key === 'Escape') {
            cancel();
        }
    };
    const cancelButton = React.useRef<HTMLButtonElement>(null);
    const askButton = React.useRef<HTMLButtonElement>(null);
    const wasAsked = React.useRef(false);
    React.useEffect(() => {
        // The button that had the focus is gone.
        if (isAsked) {
            cancelButton.current?.focus();
        } else if (wasAsked.current) {
            askButton.current?.focus();
        }
        wasAsked.current = isAsked;
    }, [isAsked]);
    return (
        <tr>
            <th scope="row">
                {name}
                {user.deactivated && (
                    <span className="zoom-admin-note"> {t('adminDeactivated')}</span>
                )}
            </th>
            <td>{user.connected_at > 0 ? time(user.connected_at) : '–'}</td>
            <td>
                {isAsked ? (
                    <div role="group" aria-label={question} className="zoom-admin-confirm">
                        <span>{question}</span>
                        <button
                            type="button"
                            className="btn btn-danger zoom-button zoom-admin-small zoom-admin-danger"
                            onClick={disconnect}
                            onKeyDown={cancelOnEscape}
                        >
                            {t('adminDisconnect')}
                        </button>
                        <button
                            type="button"
                            ref={cancelButton}
                            className="btn btn-tertiary zoom-button zoom-admin-small"
                            onClick={cancel}
                            onKeyDown={cancelOnEscape}
                        >
                            {t('cancel')}
                        </button>
                    </div>
                ) : (
                    <button
                        type="button"
                        ref={askButton}
                        className="btn btn-tertiary zoom-button zoom-admin-small"
                        aria-label={t('adminDisconnectName', {user: name})}
                        onClick={ask}
                    >
                        {t('adminDisconnect')}
                    </button>
                )}
            </td>
        </tr>
    );
}

/** The number of connected users, a search, and a table. */
export function Users({api, announce}: {api: AdminApi; announce: Announce}) {
    const t = useT();
    const problem = useProblem();
    const [term, setTerm] = React.useState('');
    const [page, setPage] = React.useState(0);
    const [asked, setAsked] = React.useState('');
    const search = React.useRef<HTMLInputElement>(null);
    const name = term.trim();
    const load = React.useCallback(
        () => (name === '' ? api.users(page) : api.search(name)),
        [api, name, page],
    );
    const {value: users, error, reload} = useAnswer(load, {delay: name === '' ? 0 : PAUSE_MS});
    const disconnect = async ({id, username}: ConnectedUser) => {
        // The row will be gone.
        search.current?.focus();
        setAsked('');
        try {
            const {outcome} = await api.disconnect(id);
            announce(t(OUTCOMES[outcome] ?? 'adminNotConnected', {user: `@${username}`}));
        } catch (failure) {
            announce(problem(failure));
        }
        reload();
    };
    if (!users) {
        return error === undefined ? null : <p>{problem(error)}</p>;
    }
    return (
        <>
            <p>{t('adminUserCount', {count: users.count})}</p>
            {(users.count > 0 || term !== '') && (
                <input
                    type="search"
                    ref={search}
                    className="form-control zoom-admin-search"
                    aria-label={t('adminSearch')}
                    placeholder={t('adminSearch')}
                    value={term}
                    onChange={({target}) => {
                        setTerm(target.value);
                        setPage(0);
                        setAsked('');
                    }}
                    // The section is in the form with the settings. Enter would save them.
                    onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
                />
            )}
            {users.users.length > 0 && (
                <table className="zoom-admin-table">
                    <thead>
                        <tr>
                            <th scope="col">{t('adminUser')}</th>
                            <th scope="col">{t('adminConnected')}</th>
                            <th scope="col">
                                <span className="zoom-admin-hidden">{t('adminDisconnect')}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        {users.users.map((user) => (
                            <UserRow
                                key={user.id}
                                user={user}
                                isAsked={asked === user.id}
                                ask={() => setAsked(user.id)}
                                cancel={() => setAsked('')}
                                disconnect={() => void disconnect(user)}
                            />
                        ))}
                    </tbody>
                </table>
            )}
            {users.users.length === 0 && term !== '' && <p>{t('adminNoMatch')}</p>}
            {users.pages > 1 && (
                <nav className="zoom-admin-value" aria-label={t('adminUsers')}>
                    <button
                        type="button"
                        className="btn btn-tertiary zoom-button zoom-admin-small"
                        disabled={users.page === 0}
                        onClick={() => setPage(users.page - 1)}
                    >
                        {t('adminPrevious')}
                    </button>
                    <span>{t('adminPage', {page: users.page + 1, pages: users.pages})}</span>
                    <button
                        type="button"
                        className="btn btn-tertiary zoom-button zoom-admin-small"
                        disabled={users.page + 1 >= users.pages}
                        onClick={() => setPage(users.page + 1)}
                    >
                        {t('adminNext')}
                    </button>
                </nav>
            )}
        </>
    );
}
