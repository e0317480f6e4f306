// The catalogs and the messages that the webapp recognizes.
import {existsSync, readFileSync} from 'node:fs';

import {createIntl} from 'react-intl';
import {expect, it} from 'vitest';

import {localeOf, messageId, text, translations, type Key} from '../src/i18n';
import {catalogs, complete, english} from '../src/i18n/catalogs';
import {cardMessages, replyMessages} from '../src/i18n/stored-messages';

const keys = Object.keys(english) as Key[];
const others = Object.keys(catalogs).filter((locale) => locale !== 'en');
const VALUES = {user: '@ada', provider: 'Jitsi', id: '123', host: 'zoom.example.com', count: 28};

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

/** Sentences that are the same as in English. */
const SAME: Readonly<Record<string, Key[]>> = {de: ['meeting', 'host'], fr: ['date', 'minutes']};

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

it.each(Object.keys(catalogs))(
    'd36 %s has a plural for every category of its numbers',
    (locale) => {
        const {pluralCategories} = new Intl.PluralRules(locale).resolvedOptions();
        // `many` is for millions in French and Spanish, which `other` covers.
        for (const category of pluralCategories.filter((name) => name !== 'many')) {
            expect(catalogs[locale]?.minutes).toContain(`${category} {`);
        }
    },
);

it.each([
    ['en', '0 minutes, 1 minute, 28 minutes, 1,000 minutes'],
    ['de', '0 Minuten, 1 Minute, 28 Minuten, 1.000 Minuten'],
    ['es', '0 minutos, 1 minuto, 28 minutos, 1000 minutos'],
    ['ja', '0分, 1分, 28分, 1,000分'],
    ['zh-CN', '0 分钟, 1 分钟, 28 分钟, 1,000 分钟'],
])('d36 minutes are counted in %s', (locale, expected) => {
    const minutes = [0, 1, 28, 1000].map((count) => text(locale, 'minutes', {count}));
    expect(minutes.join(', ')).toBe(expected);
});

it('d36 French has the singular for zero', () => {
    expect(text('fr', 'minutes', {count: 0})).toBe('0 minute');
    expect(text('fr', 'minutes', {count: 2})).toBe('2 minutes');
});

it.each(Object.keys(catalogs))(
    'zm134 Mattermost formats the sentences of %s as we do',
    (locale) => {
        const intl = createIntl({locale, messages: translations(locale)});
        for (const key of keys) {
            const formatted = text(locale, key, VALUES);
            expect(formatted).not.toMatch(/[{}]/);
            expect(intl.formatMessage({id: messageId(key)}, VALUES)).toBe(formatted);
        }
    },
);

it('d36 an unknown language is English, and a regional variant is its language', () => {
    expect(text('tlh', 'join')).toBe(english.join);
    expect(text('de-AT', 'join')).toBe(catalogs.de?.join);
    expect(text('zh-TW', 'join')).toBe(english.join);
    expect(text('', 'join')).toBe(english.join);
});

it('d36 a value is not formatted again', () => {
    expect(text('en', 'hasStarted', {user: '{id}'})).toBe('{id} has started a meeting');
});

it('d36 a locale that the browser cannot read is English, and an underscore is accepted', () => {
    const of = (locale: string) =>
        localeOf({entities: {users: {currentUserId: 'a', profiles: {a: {id: 'a', locale}}}}});
    expect([of('en_US'), of('x_?'), of(''), of('zh-CN')]).toEqual(['en-US', 'en', 'en', 'zh-CN']);
});

it.each([
    ['I have started a meeting', 'haveStarted'],
    ['Ich habe ein Meeting gestartet', 'haveStarted'],
    ['A meeting has started', 'meetingStarted'],
    ['The meeting has ended.', 'hasEnded'],
    ['会议已结束。', 'hasEnded'],
    ['La reunión no se inició.', 'notStarted'],
])('d36 the plugin’s message in a card is recognized: %s', (message, key) => {
    expect(cardMessages.get(message)).toBe(key);
    expect(replyMessages.has(message)).toBe(false);
});

it('d36 the plugin’s messages in replies are recognized, also those of earlier versions', () => {
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

/** The bot's sentences in a language. The bot has its own catalogs. */
function sentencesOfBot(locale: string): string[] {
    const path = `../guest/i18n/${locale}.json`;
    if (existsSync(path)) {
        return Object.values(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>);
    }
    const source = readFileSync('../guest/src/text/en.rs', 'utf8');
    return [...source.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '');
}

it('d36 the messages that the bot writes into posts are recognized', () => {
    const messages = [...cardMessages, ...replyMessages];
    const locales = existsSync('../guest/i18n') ? Object.keys(catalogs) : ['en'];
    for (const locale of locales) {
        const sentences = sentencesOfBot(locale);
        const missing = (
            ['haveStarted', 'meetingStarted', 'hasEnded', 'chatIntro', 'transcriptIntro'] as const
        ).filter(
            (key) => !messages.some(([message, of]) => of === key && sentences.includes(message)),
        );
        // Add the bot's sentences to `src/text/known.ts`.
        expect(missing, `not recognized in ${locale}`).toEqual([]);
    }
});
