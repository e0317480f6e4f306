// The plugin's tab in the user settings: the connection, and the meeting ID for new meetings.
//
// The server holds the settings. The tab loads them when it opens and when the user comes back from the tab with Zoom.
import React from 'react';

import {type Answer, type ApiClient, textField} from '../api';
import {type Translate, useT} from '../i18n';
import {openTab} from '../meeting-tabs';
import {MEETING_IDS, type MeetingId, type UserSettings, readSettings} from '../user-settings';
import {Markdown} from './Markdown';
import {Spinner} from './icons';

/** What the user reads below a part of the settings. */
interface Feedback {
    part: 'account' | 'meetingId';
    text: string;
    /** A link that the browser did not open. */
    url?: string;
}

/** A sentence about a request that did not succeed. */
function failure(t: Translate, answer: Answer): string {
    switch (answer.kind) {
        case 'refused':
            return answer.reason;
        case 'unreachable':
            return t('settingsUnreachable');
        default:
            return t('settingsFailed');
    }
}

/** The state of the tab, and its requests. */
function useSettings(api: ApiClient) {
    const t = useT();
    const [settings, setSettings] = React.useState<UserSettings>();
    const [failed, setFailed] = React.useState<Answer>();
    const [feedback, setFeedback] = React.useState<Feedback>();
    const [isBusy, setBusy] = React.useState(false);
    const isMounted = React.useRef(false);

    const load = React.useCallback(async () => {
        const answer = await api.send('GET', '/settings');
        if (!isMounted.current) {
            return;
        }
        const loaded = readSettings(answer);
        setSettings((previous) => loaded ?? previous);
        setFailed(loaded ? undefined : answer);
    }, [api]);
    React.useEffect(() => {
        isMounted.current = true;
        const reload = () => void load();
        reload();
        window.addEventListener('focus', reload);
        return () => {
            isMounted.current = false;
            window.removeEventListener('focus', reload);
        };
    }, [load]);

    /** Sends a change. `succeed` returns what the user reads, and `undefined` if the answer makes no sense. */
    const change = async (
        part: Feedback['part'],
        path: string,
        body: object,
        succeed: (answer: Answer) => Omit<Feedback, 'part'> | undefined,
    ) => {
        if (isBusy) {
            return;
        }
        setBusy(true);
        setFeedback(undefined);
        const answer = await api.send('POST', path, body);
        if (!isMounted.current) {
            return;
        }
        setBusy(false);
        const changed = readSettings(answer);
        if (changed) {
            setSettings(changed);
        }
        const result = answer.kind === 'ok' ? succeed(answer) : undefined;
        setFeedback({part, ...(result ?? {text: failure(t, answer)})});
    };

    return {
        settings,
        error: failed ? failure(t, failed) : '',
        feedback,
        isBusy,
        load,
        connect: () =>
            change('account', '/settings/connect', {}, (answer) => {
                const url = answer.kind === 'ok' ? textField(answer.json, 'url') : '';
                if (!/^https?:\/\//.test(url)) {
                    return undefined;
                }
                return openTab(url)
                    ? {text: t('settingsContinue')}
                    : {text: t('settingsBlocked'), url};
            }),
        disconnect: () =>
            change('account', '/settings/disconnect', {}, (answer) => {
                const text = readSettings(answer)?.message;
                return text === undefined ? undefined : {text};
            }),
        chooseMeetingId: (id: MeetingId) =>
            change(
                'meetingId',
                '/settings/meeting_id',
                {meeting_id: id},
                (answer) => readSettings(answer) && {text: t('settingsSaved')},
            ),
    };
}

type State = ReturnType<typeof useSettings>;

/** The result of the last change. The element is always there, so that screen readers announce changes. */
function Result({state, part}: {state: State; part: Feedback['part']}) {
    const t = useT();
    const feedback = state.feedback?.part === part ? state.feedback : undefined;
    return (
        <div className="zoom-settings-result" role="status">
            {feedback && <Markdown text={feedback.text} />}
            {feedback?.url !== undefined && (
                <a
                    className="btn btn-primary btn-sm zoom-button"
                    href={feedback.url}
                    target="_blank"
                    rel="noopener noreferrer"
                >
                    {t('settingsOpen')}
                </a>
            )}
        </div>
    );
}

function AccountButtons({settings, state}: {settings: UserSettings; state: State}) {
    const t = useT();
    const [isConfirming, setConfirming] = React.useState(false);
    if (!settings.isConnected) {
        return (
            <button
                type="button"
                className="btn btn-primary btn-sm zoom-button"
                aria-disabled={state.isBusy}
                onClick={() => void state.connect()}
            >
                {state.isBusy && <Spinner />}
                {t('settingsConnect')}
            </button>
        );
    }
    const disconnect = () => {
        setConfirming(false);
        void state.disconnect();
    };
    if (isConfirming) {
        return (
            <>
                <p className="zoom-settings-note">{t('settingsConfirm')}</p>
                <button
                    type="button"
                    className="btn btn-danger btn-sm zoom-button"
                    onClick={disconnect}
                >
                    {t('settingsDisconnectAll')}
                </button>
                <button
                    type="button"
                    className="btn btn-tertiary btn-sm zoom-button"
                    onClick={() => setConfirming(false)}
                >
                    {t('cancel')}
                </button>
            </>
        );
    }
    return (
        <button
            type="button"
            className="btn btn-tertiary btn-sm zoom-button"
            aria-disabled={state.isBusy}
            onClick={() => (settings.isForEverybody ? setConfirming(true) : disconnect())}
        >
            {state.isBusy && <Spinner />}
            {t('settingsDisconnect')}
        </button>
    );
}

function Account({settings, state}: {settings: UserSettings; state: State}) {
    const t = useT();
    const {isConnected, isForEverybody, mayConnect, zoomEmail} = settings;
    const status = !isConnected
        ? t('settingsNotConnected')
        : zoomEmail === ''
          ? t('settingsConnected')
          : t('settingsConnectedAs', {email: zoomEmail});
    return (
        <section className="zoom-settings-part" aria-labelledby="zoom-settings-account">
            <h4 className="zoom-settings-title" id="zoom-settings-account">
                {t('settingsAccount')}
            </h4>
            <div>
                <span
                    className={isConnected ? 'zoom-dot zoom-dot-active' : 'zoom-dot'}
                    aria-hidden="true"
                />
                {status}
            </div>
            {isForEverybody && (
                <p className="zoom-settings-note">
                    {t(mayConnect ? 'settingsForEverybody' : 'settingsManaged')}
                </p>
            )}
            {settings.problem !== '' && (
                <div className="zoom-settings-note">
                    <Markdown text={settings.problem} />
                </div>
            )}
            {mayConnect && (
                <div className="zoom-actions">
                    <AccountButtons settings={settings} state={state} />
                </div>
            )}
            <Result state={state} part="account" />
        </section>
    );
}

const MEETING_ID_KEYS = {
    personal: 'settingsPersonal',
    unique: 'settingsUnique',
    ask: 'settingsAsk',
} as const;

function MeetingIds({settings, state}: {settings: UserSettings; state: State}) {
    const t = useT();
    return (
        <fieldset className="zoom-settings-part">
            <legend className="zoom-settings-title">{t('settingsMeetingId')}</legend>
            {MEETING_IDS.map((id) => (
                <label key={id} className="zoom-settings-choice">
                    <input
                        type="radio"
                        name="zoom-meeting-id"
                        checked={settings.meetingId === id}
                        onChange={() => void state.chooseMeetingId(id)}
                    />
                    {t(MEETING_ID_KEYS[id])}
                </label>
            ))}
            <Result state={state} part="meetingId" />
        </fieldset>
    );
}

/** The tab. */
export function UserSettingsTab({api}: {api: ApiClient}) {
    const t = useT();
    const state = useSettings(api);
    const {settings, error} = state;
    return (
        <div className="zoom-settings">
            <div role="status">
                {!settings && error === '' && (
                    <span className="zoom-settings-loading">
                        <Spinner />
                        {t('settingsLoading')}
                    </span>
                )}
                {error !== '' && <Markdown text={error} />}
            </div>
            {error !== '' && (
                <button
                    type="button"
                    className="btn btn-tertiary btn-sm zoom-button zoom-settings-retry"
                    onClick={() => void state.load()}
                >
                    {t('tryAgain')}
                </button>
            )}
            {settings && (
                <>
                    <Account settings={settings} state={state} />
                    <MeetingIds settings={settings} state={state} />
                </>
            )}
        </div>
    );
}
