// The plugin's messages for react-intl.
//
// Mattermost adds the plugin's messages to its own (see `translations`). Components format them with Mattermost's
// `intl`: `const t = useT(); t('join')`. Code outside of components uses `intlOf`.
import {type IntlShape, createIntl, useIntl} from 'react-intl';

import type {State} from '../mattermost';
import {currentUser} from '../selectors';
import {type Catalog, type MessageKey, catalogs, english} from './catalogs';

export type {MessageKey} from './catalogs';

/** The ID under which Mattermost knows a message. */
export function messageId(key: MessageKey): string {
    return `zoom.${key}`;
}

/** A message for react-intl. It is in English if Mattermost does not have the plugin's messages. */
export function message(key: MessageKey): {id: string; defaultMessage: string} {
    return {id: messageId(key), defaultMessage: english[key]};
}

/** Formats a message in the reader's language. */
export type Translate = (key: MessageKey, values?: Record<string, string | number>) => string;

/** Returns a function that formats messages in the reader's language. */
export function useT(): Translate {
    const intl = useIntl();
    return (key, values) => intl.formatMessage(message(key), values);
}

/** A locale, or English if there is no catalog for its language. Dates use this, so that they match the messages. */
export function supportedLocale(locale: string): string {
    try {
        const name = Intl.getCanonicalLocales(locale.replace('_', '-'))[0] ?? 'en';
        return name in catalogs || languageOf(name) in catalogs ? name : 'en';
    } catch {
        return 'en';
    }
}

function languageOf(locale: string): string {
    return locale.split('-')[0] ?? '';
}

function catalogOf(locale: string): Catalog {
    return catalogs[locale] ?? catalogs[languageOf(locale)] ?? english;
}

/** All messages of a language by the IDs under which Mattermost knows them; English if there is no catalog. */
export function translations(locale: string): Record<string, string> {
    return Object.fromEntries(
        Object.entries(catalogOf(locale)).map(([key, text]) => [
            messageId(key as MessageKey),
            text,
        ]),
    );
}

/** Formats messages in the user's language outside of components. */
export function intlOf(state: State): IntlShape {
    const locale = supportedLocale(currentUser(state)?.locale || 'en');
    return createIntl({locale, messages: translations(locale)});
}
