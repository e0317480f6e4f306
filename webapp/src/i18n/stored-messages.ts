// Messages that the plugin writes into stored posts.
//
// The plugin stores these messages in one language: English, or the default language of the server. The webapp
// recognizes them and shows the same message in the reader's language. Any other message was written by a person and
// is not changed.
import {type MessageKey, catalogs} from './catalogs';

/** Messages of posts with a meeting card. */
const CARD = [
    'haveStarted',
    'meetingStarted',
    'hasEnded',
    'notStarted',
] as const satisfies MessageKey[];
/** Messages of replies with a file. */
const REPLY = ['chatIntro', 'transcriptIntro'] as const satisfies MessageKey[];

export type CardMessage = (typeof CARD)[number];
export type ReplyMessage = (typeof REPLY)[number];

/** Messages of earlier versions that differ from today's. */
const EARLIER: readonly (readonly [string, CardMessage | ReplyMessage])[] = [
    ["Here's the chat of the Zoom meeting:", 'chatIntro'],
    ["Here's the transcription of the Zoom meeting:", 'transcriptIntro'],
];

function keysByText<K extends CardMessage | ReplyMessage>(
    keys: readonly K[],
): ReadonlyMap<string, K> {
    const current = Object.values(catalogs).flatMap((catalog) =>
        keys.map((key) => [catalog[key], key] as const),
    );
    const earlier = EARLIER.flatMap(([text, earlierKey]) =>
        keys.filter((key) => key === earlierKey).map((key) => [text, key] as const),
    );
    return new Map([...current, ...earlier]);
}

/** The keys of the plugin's messages in posts with a meeting card, by their text in any language. */
export const cardMessages = keysByText(CARD);
/** The keys of the plugin's messages in replies with a file, by their text in any language. */
export const replyMessages = keysByText(REPLY);
