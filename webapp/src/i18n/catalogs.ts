// The message catalogs: flat JSON files in `i18n`, with ICU messages like Mattermost's own catalogs.
//
// English defines the keys. A catalog with a missing or an extra key does not compile.
import de from '../../i18n/de.json';
import en from '../../i18n/en.json';
import es from '../../i18n/es.json';
import fr from '../../i18n/fr.json';
import ja from '../../i18n/ja.json';
import zhCN from '../../i18n/zh-CN.json';

/** The key of a message. */
export type MessageKey = keyof typeof en;
/** All messages in one language. */
export type Catalog = Readonly<Record<MessageKey, string>>;

/** Accepts only a catalog with all keys and no others. */
export function complete<T extends Catalog>(
    catalog: T & Readonly<Record<Exclude<keyof T, MessageKey>, never>>,
): Catalog {
    return catalog;
}

/** The catalogs by the names that Mattermost gives the languages. */
export const catalogs: Readonly<Record<string, Catalog>> = {
    en,
    de: complete(de),
    es: complete(es),
    fr: complete(fr),
    ja: complete(ja),
    'zh-CN': complete(zhCN),
};

/** The English catalog. */
export const english: Catalog = en;
