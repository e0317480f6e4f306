// The sentences in the reader's language.
//
// `text` formats a sentence for our own components. Mattermost formats the labels of the buttons itself, from the
// same catalogs: see `translations`.
import {type IntlShape, createIntl} from 'react-intl';

import type {State} from '../mattermost';
import {currentUser} from '../mattermost';
import {type Catalog, type Key, catalogs, english} from './catalogs';

export type {Key} from './catalogs';

/** The values of a sentence's placeholders. */
export type Values = Readonly<Record<string, string | number>>;

/**
 * The reader's locale, canonical for `Intl`. English if there is no catalog for the reader's language, so that
 * sentences and dates are in the same language.
 */
export function localeOf(state: State): string {
    const locale = (currentUser(state)?.locale || 'en').replace('_', '-');
    try {
        const name = Intl.getCanonicalLocales(locale)[0] ?? 'en';
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

const formatters = new Map<string, IntlShape>();

function formatterOf(locale: string): IntlShape {
    let formatter = formatters.get(locale);
    if (formatter === undefined) {
        formatter = createIntl({locale, messages: catalogOf(locale)});
        formatters.set(locale, formatter);
    }
    return formatter;
}

/** A sentence in a language. */
export function text(locale: string, key: Key, values: Values = {}): string {
    const sentence = catalogOf(locale)[key];
    // Most sentences have no placeholder, and formatting costs time in a channel with hundreds of cards.
    return sentence.includes('{') ? formatterOf(locale).formatMessage({id: key}, values) : sentence;
}

/** The ID under which Mattermost knows a sentence. */
export function messageId(key: Key): string {
    return `zoom.${key}`;
}

/** All sentences of a language, for Mattermost's own formatter. */
export function translations(locale: string): Record<string, string> {
    return Object.fromEntries(
        Object.entries(catalogOf(locale)).map(([key, sentence]) => [
            messageId(key as Key),
            sentence,
        ]),
    );
}
