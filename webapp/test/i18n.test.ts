// The catalogs, and the stored messages that the webapp recognizes.
import {readFileSync} from 'node:fs';

import {createIntl} from 'react-intl';
import {expect, it} from 'vitest';

import {type MessageKey, message, messageId, supportedLocale, translations} from '../src/i18n';
import {catalogs, complete, english} from '../src/i18n/catalogs';
import {cardMessages, replyMessages} from '../src/i18n/stored-messages';

const keys = Object.keys(english) as MessageKey[];
const others = Object.keys(catalogs).filter((locale) => locale !== 'en');
const VALUES = {
    user: '@ada',
    provider: 'Jitsi',
    host: 'zoom.example.com',
    email: 'ada@example.com',
    count: 28,
    name: 'Scopes',
    date: 'today',
    passed: 27,
    page: 1,
    pages: 2,
};

/** Formats a message as a component does: Mattermost's `IntlProvider` has the plugin's translations. */
function format(locale: string, key: MessageKey, values: Record<string, string | number> = {}) {
    const intl = createIntl({locale, messages: translations(locale)});
    return intl.formatMessage(message(key), values);
}

/** The names of the placeholders in an ICU message. */
function placeholders(sentence: string): string[] {
    return [...sentence.matchAll(/\{(\w+)[,}]/g)].map((match) => match[1] ?? '').toSorted();
}

it('d36 there are six languages, in flat files', () => {
    expect(Object.keys(catalogs).toSorted()).toEqual(['de', 'en', 'es', 'fr', 'ja', 'zh-CN']);
    for (const [locale, catalog] of Object.entries(catalogs)) {
        const file: unknown = JSON.parse(readFileSync(`i18n/${locale}.json`, 'utf8'));
        expect(file).toEqual(catalog);
        expect(new Set(Object.values(catalog).map((sentence) => typeof sentence))).toEqual(
            new Set(['string']),
        );
    }
});

it('d36 a catalog with a missing or an extra key does not compile', () => {
    const {join: _, ...incomplete} = english;
    // @ts-expect-error -- `join` is missing
    complete(incomplete);
    // @ts-expect-error -- English has no such key
    complete({...english, another: 'Another'});
    expect(complete({...english})).toEqual(english);
});

it('d36 a message that is not in the English catalog does not compile', () => {
    // @ts-expect-error -- English has no such key
    expect(message('another').defaultMessage).toBeUndefined();
});

/** Messages that are the same as in English. */
const SAME: Readonly<Record<string, MessageKey[]>> = {
    de: ['meeting', 'host'],
};

it.each(others)('d36 zm134 %s has the same keys and placeholders as English', (locale) => {
    const catalog = catalogs[locale];
    expect(Object.keys(catalog ?? {})).toEqual(keys);
    for (const key of keys) {
        const sentence = catalog?.[key] ?? '';
        expect(sentence.trim(), key).not.toBe('');
        expect(placeholders(sentence), key).toEqual(placeholders(english[key]));
    }
    const same = keys.filter((key) => catalog?.[key] === english[key]);
    expect(same).toEqual(SAME[locale] ?? []);
});

it.each(Object.keys(catalogs))(
    'd36 %s has no apostrophe that ICU would read as a quote',
    (locale) => {
        for (const [key, sentence] of Object.entries(catalogs[locale] ?? {})) {
            expect(sentence, key).not.toContain("'");
        }
    },
);

it.each(Object.keys(catalogs))('d36 %s has a form for every plural category', (locale) => {
    const {pluralCategories} = new Intl.PluralRules(locale).resolvedOptions();
    // `many` is for millions in French and Spanish, which `other` covers.
    for (const category of pluralCategories.filter((name) => name !== 'many')) {
        // English is also shown with the plural rules of languages that have no catalog.
        const selector = locale === 'en' && category === 'one' ? '=1' : category;
        expect(catalogs[locale]?.minutes).toContain(`${selector} {`);
    }
});

it.each([
    ['en', '0 minutes, 1 minute, 28 minutes, 1,000 minutes'],
    ['de', '0 Minuten, 1 Minute, 28 Minuten, 1.000 Minuten'],
    ['es', '0 minutos, 1 minuto, 28 minutos, 1000 minutos'],
    ['ja', '0分, 1分, 28分, 1,000分'],
    ['zh-CN', '0 分钟, 1 分钟, 28 分钟, 1,000 分钟'],
])('d36 minutes are counted in %s', (locale, expected) => {
    const minutes = [0, 1, 28, 1000].map((count) => format(locale, 'minutes', {count}));
    expect(minutes.join(', ')).toBe(expected);
});

it('d36 French has the singular for zero', () => {
    expect(format('fr', 'minutes', {count: 0})).toBe('0 minute');
    expect(format('fr', 'minutes', {count: 2})).toBe('2 minutes');
});

it.each(['ko', 'ru', 'pt-BR'])('d36 without a catalog for %s, minutes are in English', (locale) => {
    expect([1, 21].map((count) => format(locale, 'minutes', {count}))).toEqual([
        '1 minute',
        '21 minutes',
    ]);
});

it.each(Object.keys(catalogs))('zm134 all messages of %s can be formatted', (locale) => {
    for (const key of keys) {
        const text = format(locale, key, VALUES);
        expect(text).not.toMatch(/[{}]/);
        expect(text).not.toBe(messageId(key));
    }
});

it('zm134 without the translations, messages are in English', () => {
    const intl = createIntl({locale: 'de', onError: () => undefined});
    expect(intl.formatMessage(message('join'))).toBe(english.join);
});

it('d36 an unknown language is English, and a regional variant is its language', () => {
    const join = (locale: string) => translations(locale)[messageId('join')];
    expect(['tlh', 'zh-TW', ''].map(join)).toEqual([english.join, english.join, english.join]);
    expect(join('de-AT')).toBe(catalogs.de?.join);
});

it('d36 a placeholder in a value is not replaced', () => {
    expect(format('en', 'hasStarted', {user: '{id}'})).toBe('{id} has started a meeting');
});

it('d36 dates are in English if there is no catalog or the browser does not know the locale', () => {
    expect(['en_US', 'de-AT', 'zh-CN'].map(supportedLocale)).toEqual(['en-US', 'de-AT', 'zh-CN']);
    expect(['x_?', '', 'zh-TW', 'pt-BR'].map(supportedLocale)).toEqual(['en', 'en', 'en', 'en']);
});

it.each([
    ['I have started a meeting', 'haveStarted'],
    ['Ich habe ein Meeting gestartet', 'haveStarted'],
    ['A meeting has started', 'meetingStarted'],
    ['The meeting has ended.', 'hasEnded'],
    ['会议已结束。', 'hasEnded'],
    ['La reunión no se inició.', 'notStarted'],
])('d36 the plugin’s message in a card is recognized: %s', (text, key) => {
    expect(cardMessages.get(text)).toBe(key);
    expect(replyMessages.has(text)).toBe(false);
});

it('d36 the plugin’s messages in replies are recognized, even those of earlier versions', () => {
    const all = Object.values(catalogs);
    for (const key of ['chatIntro', 'transcriptIntro'] as const) {
        expect(all.map((catalog) => replyMessages.get(catalog[key]))).toEqual(all.map(() => key));
    }
    expect(replyMessages.get("Here's the transcription of the Zoom meeting:")).toBe(
        'transcriptIntro',
    );
});

it('d36 two different messages of the plugin are never the same in a language', () => {
    for (const lookup of [cardMessages, replyMessages]) {
        for (const key of new Set(lookup.values())) {
            for (const [locale, catalog] of Object.entries(catalogs)) {
                expect(lookup.get(catalog[key]), `${key} in ${locale}`).toBe(key);
            }
        }
    }
});

it.each(Object.keys(catalogs))(
    'd36 the messages that the bot writes into posts are recognized in %s',
    (locale) => {
        // The bot has separate catalogs.
        const file = readFileSync(`../guest/i18n/${locale}.json`, 'utf8');
        const botMessages = Object.values(JSON.parse(file) as Record<string, string>);
        const recognized = [...cardMessages, ...replyMessages].filter(([text]) =>
            botMessages.includes(text),
        );
        // If this fails, add the bot's messages to `src/i18n/stored-messages.ts`.
        const expected = new Set([...cardMessages.values(), ...replyMessages.values()]);
        expect(new Set(recognized.map(([, key]) => key))).toEqual(expected);
    },
);
