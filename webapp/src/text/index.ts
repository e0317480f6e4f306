// The sentences, in the reader's language.
//
// One way for all of them: `text` looks a sentence up and fills in its names. What Mattermost shows for
// us (the tooltips of the buttons) it looks up itself, in the same catalogue: see `translations`.
import type {State} from '../host';
import {currentUser} from '../host';
import {de} from './de';
import {en, type Catalogue, type Key} from './en';
import {es} from './es';
import {fr} from './fr';
import {ja} from './ja';
import {zhCN} from './zh-CN';

export type {Key} from './en';

/** The languages, by the names that Mattermost gives them. */
export const catalogues: Readonly<Record<string, Catalogue>> = {
    en,
    de,
    es,
    fr,
    ja,
    'zh-CN': zhCN,
};

/**
 * The language of the reader, as a name of the web's own formatters; English for a language that has no
 * sentences here, so that sentences and dates are of one language.
 */
export function localeOf(state: State): string {
    const locale = (currentUser(state)?.locale || 'en').replace('_', '-');
    try {
        const name = Intl.getCanonicalLocales(locale)[0] ?? 'en';
        return name in catalogues || languageOf(name) in catalogues ? name : 'en';
    } catch {
        return 'en';
    }
}

function languageOf(locale: string): string {
    return locale.split('-')[0] ?? '';
}

function catalogue(locale: string): Catalogue {
    return catalogues[locale] ?? catalogues[languageOf(locale)] ?? en;
}

/** A sentence. `{name}` in it becomes the value of that name. */
export function text(
    locale: string,
    key: Key,
    values: Readonly<Record<string, string>> = {},
): string {
    return catalogue(locale)[key].replace(
        /\{(\w+)\}/g,
        (whole, name: string) => values[name] ?? whole,
    );
}

/** The id under which Mattermost knows a sentence. */
export function messageId(key: Key): string {
    return `zoom.${key}`;
}

/** All sentences of a language, as Mattermost wants them from a plugin. */
export function translations(locale: string): Record<string, string> {
    const entries = Object.entries(catalogue(locale));
    return Object.fromEntries(entries.map(([key, sentence]) => [`zoom.${key}`, sentence]));
}
