// Messages that the plugin writes into stored posts.
//
// The plugin stores these messages in one language: English, or the default language of the server. The
// webapp recognizes them and shows the same sentence in the reader's language. Everything else was written by
// a person and is shown as it is.
import {type Key, catalogs} from './catalogs';

/** Messages of posts with a meeting card. */
const CARD = ['haveStarted', 'meetingStarted', 'hasEnded', 'notStarted'] as const satisfies Key[];
/** Messages of replies with a file. */
const REPLY = ['chatIntro', 'transcriptIntro'] as const satisfies Key[];

export type CardMessage = (typeof CARD)[number];
export type ReplyMessage = (typeof REPLY)[number];

/** Messages of earlier versions that differ from today's. */
const EARLIER: readonly (readonly [string, CardMessage | ReplyMessage])[] = [
    ["Here's the chat of the Zoom meeting:", 'chatIntro'],
    ["Here's the transcription of the Zoom meeting:", 'transcriptIntro'],
];

function lookup<K extends CardMessage | ReplyMessage>(keys: readonly K[]): ReadonlyMap<string, K> {
    const current = Object.values(catalogs).flatMap((catalog) =>
        keys.map((key) => [catalog[key], key] as const),
    );
    const earlier = EARLIER.flatMap(([message, of]) =>
        keys.filter((key) => key === of).map((key) => [message, key] as const),
    );
    return new Map([...current, ...earlier]);
}

/** The plugin's messages in posts with a meeting card, in all languages. */
export const cardMessages = lookup(CARD);
/** The plugin's messages in replies with a file, in all languages. */
export const replyMessages = lookup(REPLY);
