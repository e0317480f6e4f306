import {createIntl} from 'react-intl';
import {expect, it} from 'vitest';

import {catalogues, localeOf, messageId, text, translations, type Key} from '../src/text';
import {en} from '../src/text/en';

const keys = Object.keys(en) as Key[];
const others = Object.keys(catalogues).filter((locale) => locale !== 'en');

function names(sentence: string): string[] {
    return [...sentence.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').toSorted();
}

it('d36 there are six languages', () => {
    expect(Object.keys(catalogues).toSorted()).toEqual(['de', 'en', 'es', 'fr', 'ja', 'zh-CN']);
});

it.each(others)('d36 zm134 %s says everything, with the same names in it', (locale) => {
    for (const key of keys) {
        const sentence = catalogues[locale]?.[key] ?? '';
        expect(sentence.trim(), key).not.toBe('');
        expect(names(sentence), key).toEqual(names(en[key]));
    }
    const same = keys.filter((key) => catalogues[locale]?.[key] === en[key]);
    // A date is a date in French, too.
    expect(same.filter((key) => key !== 'date')).toEqual([]);
});

it.each(Object.keys(catalogues))(
    'zm134 Mattermost reads the sentences of %s as we do',
    (locale) => {
        const values = {user: '@ada', provider: 'Jitsi', id: '123', host: 'zoom.example.com'};
        const intl = createIntl({locale, messages: translations(locale)});
        for (const key of keys) {
            expect(intl.formatMessage({id: messageId(key)}, values)).toBe(
                text(locale, key, values),
            );
        }
    },
);

it('d36 a language that is not there is English, and a variant is its language', () => {
    expect(text('tlh', 'join')).toBe(en.join);
    expect(text('de-AT', 'join')).toBe(catalogues.de?.join);
    expect(text('zh-TW', 'join')).toBe(en.join);
    expect(text('', 'join')).toBe(en.join);
});

it('a name without a value stays what it is, and a value is not read again', () => {
    expect(text('en', 'meetingId')).toContain('{id}');
    expect(text('en', 'hasStarted', {user: '{id}'})).toContain('{id}');
});

it('d36 a language that the browser cannot read is English, and an underscore is forgiven', () => {
    const of = (locale: string) =>
        localeOf({entities: {users: {currentUserId: 'a', profiles: {a: {id: 'a', locale}}}}});
    expect([of('en_US'), of('x_?'), of(''), of('zh-CN')]).toEqual(['en-US', 'en', 'en', 'zh-CN']);
});
