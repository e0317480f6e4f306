import React from 'react';
import {useSelector} from 'react-redux';

import {type State, timeZone, usesMilitaryTime} from '../mattermost';
import {type Key, type Values, localeOf, text} from '../i18n';

/** Returns a sentence in the reader's language. */
export type Say = (key: Key, values?: Values) => string;

/** Sentences in the reader's language. */
export function useText(): Say {
    const locale = useSelector((state: State) => localeOf(state));
    return React.useCallback<Say>((key, values) => text(locale, key, values), [locale]);
}

/** Formats a time (milliseconds since 1970) in the reader's language, time zone, and clock. */
export function useTime(): (ms: number) => string {
    const locale = useSelector((state: State) => localeOf(state));
    const zone = useSelector((state: State) => timeZone(state));
    const military = useSelector((state: State) => usesMilitaryTime(state));
    return React.useMemo(() => formatter(locale, zone, military), [locale, zone, military]);
}

function formatter(
    locale: string,
    zone: string | undefined,
    military: boolean,
): (ms: number) => string {
    const options: Intl.DateTimeFormatOptions = {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: 'numeric',
        minute: '2-digit',
        hourCycle: military ? 'h23' : 'h12',
    };
    const format = new Intl.DateTimeFormat(locale, withZone(options, zone));
    return (ms) => format.format(ms);
}

/** Adds the time zone, unless this browser does not know it. */
function withZone(
    options: Intl.DateTimeFormatOptions,
    zone: string | undefined,
): Intl.DateTimeFormatOptions {
    if (zone === undefined) {
        return options;
    }
    try {
        const zoned = {...options, timeZone: zone};
        new Intl.DateTimeFormat('en', zoned).format(0);
        return zoned;
    } catch {
        return options;
    }
}
