// The states of the System Console's section, as answers of the plugin and the host.
import type {Check, ConnectedUser, Sandbox, Status} from '../src/admin/api';

const SITE = 'https://chat.example.com/plugins/zoom';

function check(id: string, label: string, fields: Partial<Check> = {}): Check {
    return {id, label, outcome: 'passed', sentence: '', guide: null, ...fields};
}

const PASSED: Check[] = [
    check('settings', 'Settings'),
    check('site_url', 'Site URL'),
    check('encryption_key', 'Encryption key'),
    check('email_verification', 'Email verification'),
    check('webhook', 'Webhooks', {sentence: 'Zoom validated the URL on Aug 6, 2026, 1:50 PM.'}),
];

/** The state of a plugin that works. */
export const WORKING: Status = {
    mode: 'user-managed',
    urls: {
        redirect: `${SITE}/oauth2/complete`,
        webhook: `${SITE}/webhook`,
        deauthorization: `${SITE}/deauthorization`,
    },
    has_secret: true,
    scopes: [
        {name: 'meeting:read:meeting', optional: false},
        {name: 'meeting:write:meeting', optional: false},
        {name: 'user:read:user', optional: false},
        {name: 'cloud_recording:read:recording', optional: true},
    ],
    checks: PASSED,
    connection: null,
};

/** The state after the installation. */
export const UNCONFIGURED: Status = {
    ...WORKING,
    has_secret: false,
    checks: [
        check('settings', 'Settings', {
            outcome: 'failed',
            sentence:
                '**Zoom OAuth client ID** is empty. Enter the client ID of your Zoom app.\n**Webhook URL secret** is empty. Select Regenerate to create a secret, then enter the new webhook URL in your Zoom app.',
            guide: 'settings.html#missing-or-invalid-settings',
        }),
        check('site_url', 'Site URL'),
        check('encryption_key', 'Encryption key', {
            outcome: 'warning',
            sentence: 'The key has only 16 bytes.',
            guide: 'settings.html',
        }),
        check('webhook', 'Webhooks', {
            outcome: 'not_run',
            sentence: 'This needs complete settings.',
        }),
    ],
};

/** The checks that only a test runs, of which one fails. */
export const TESTED: Check[] = [
    ...PASSED,
    check('account', 'Connection to Zoom', {
        outcome: 'failed',
        sentence: 'Zoom did not accept the client secret. Copy it from the page App Credentials.',
        guide: 'troubleshooting.html#invalid-client',
    }),
];

function user(number: number, fields: Partial<ConnectedUser> = {}): ConnectedUser {
    return {
        id: String(number).padStart(26, 'u'),
        username: ['ada', 'bob', 'chandra', 'dmitri'][number] ?? `person-${number}`,
        deactivated: false,
        connected_at: Date.UTC(2026, 7, 6, 13, 50 - number),
        ...fields,
    };
}

/** Connected users. */
export const USERS = [user(0), user(1), user(2, {deactivated: true}), user(3, {connected_at: 0})];

/** The host's limits. */
export const SANDBOX: Sandbox = {
    allowed_hosts: [
        {rule: 'https://zoom.us', url: 'https://zoom.us'},
        {rule: 'https://*.zoom.us', url: 'https://*.zoom.us'},
        {rule: 'setting:ZoomURL', url: null},
    ],
    confinement: [
        {name: 'seccomp', active: true, reason: null},
        {name: 'landlock', active: false, reason: 'The kernel has no Landlock.'},
    ],
    component: {sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'},
    wasmtime_version: '48.0.9',
};

/** The answers by path. */
export type Answers = Record<string, unknown>;

/** The answers of a plugin that works, with some replaced. */
export function answers(replaced: Answers = {}): Answers {
    return {
        '/plugins/zoom/api/v1/admin/status': WORKING,
        '/plugins/zoom/api/v1/admin/reveal': {
            webhook: `${SITE}/webhook?secret=Jh7_kQ2-example`,
            deauthorization: `${SITE}/deauthorization?secret=Jh7_kQ2-example`,
        },
        '/plugins/zoom/api/v1/admin/test': {checks: TESTED},
        '/plugins/zoom/api/v1/admin/users': {count: 43, page: 0, pages: 3, users: USERS},
        '/plugins/zoom/api/v1/admin/disconnect': {outcome: 'disconnected'},
        '/plugins/zoom/_host/sandbox': SANDBOX,
        '/api/v4/users/search': USERS.map(({id}) => ({id})),
        ...replaced,
    };
}

/** A state of the section: the answers, and the name of the button that is clicked. */
export interface ConsoleScene {
    answers: Answers;
    click?: string;
    /** The text that the state shows after the click. */
    text: string;
}

/** The states by the names of their screenshots. */
export const CONSOLE: Readonly<Record<string, ConsoleScene>> = {
    console: {answers: answers(), text: '43 users are connected.'},
    'console-unconfigured': {
        answers: answers({
            '/plugins/zoom/api/v1/admin/status': UNCONFIGURED,
            '/plugins/zoom/api/v1/admin/users': {count: 0, page: 0, pages: 0, users: []},
        }),
        text: '0 users are connected.',
    },
    'console-revealed': {
        answers: answers(),
        click: 'Show Event notification endpoint URL',
        text: '?secret=Jh7_kQ2-example',
    },
    'console-tested': {
        answers: answers(),
        click: 'Test connection',
        text: '5 of 6 checks passed.',
    },
    'console-disconnect': {
        answers: answers(),
        click: 'Disconnect @bob',
        text: 'Disconnect @bob from Zoom?',
    },
    'console-sandbox': {answers: answers(), click: 'Sandbox', text: 'not active'},
    'console-everyone': {
        answers: answers({
            '/plugins/zoom/api/v1/admin/status': {
                ...WORKING,
                mode: 'admin-managed',
                connection: {by: 'ada', at: Date.UTC(2026, 7, 6, 13, 50)},
            },
            '/plugins/zoom/api/v1/admin/users': {count: 0, page: 0, pages: 0, users: []},
        }),
        text: '@ada connected Zoom for everyone',
    },
    'console-no-response': {answers: {}, text: 'The plugin did not respond.'},
};
