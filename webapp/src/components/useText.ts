import React from 'react';
import {useSelector} from 'react-redux';

import {type State, timeZone, usesMilitaryTime} from '../host';
import {type Key, localeOf, text} from '../text';

/** Says a sentence in the reader's language. */
export type Say = (key: Key, values?: Readonly<Record<string, string>>) => string;

/** The reader's language, for sentences. */
export function useText(): Say {
    const locale = useSelector((state: State) => localeOf(state));
    return React.useCallback<Say>((key, values) => text(locale, key, values), [locale]);
}

/** The reader's way to write times and spans. */
export interface Times {
    /** A moment in the reader's zone, on the reader's clock. */
    moment(ms: number): string;
    /** A number of minutes. */
    minutes(count: number): string;
}

/** The reader's way to write times and spans. */
export function useTimes(): Times {
    const locale = useSelector((state: State) => localeOf(state));
    const zone = useSelector((state: State) => timeZone(state));
    const military = useSelector((state: State) => usesMilitaryTime(state));
    return React.useMemo(() => times(locale, zone, military), [locale, zone, military]);
}

function times(locale: string, zone: string | undefined, military: boolean): Times {
    const options: Intl.DateTimeFormatOptions = {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: 'numeric',
        minute: '2-digit',
        hourCycle: military ? 'h23' : 'h12',
    };
    return {
        moment: (ms) => new Intl.DateTimeFormat(locale, withZone(options, zone)).format(ms),
        minutes: (count) =>
            new Intl.NumberFormat(locale, {
                style: 'unit',
                unit: 'minute',
                unitDisplay: 'long',
            }).format(count),
    };
}

/** A zone that this browser does not know is no reason to show no time. */
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
