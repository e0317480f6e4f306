import React from 'react';
import {useIntl} from 'react-intl';
import {useSelector} from 'react-redux';

import {supportedLocale} from '../i18n';
import {timeZone, usesMilitaryTime} from '../selectors';

/** Formats times (milliseconds since 1970) in the reader's language, time zone, and clock. */
export interface TimeFormat {
    /** A time. */
    time(ms: number): string;
    /** A start and an end; only the start if the end is not later. */
    range(startMs: number, endMs: number): string;
}

/** The format for the reader. */
export function useTimeFormat(): TimeFormat {
    const locale = supportedLocale(useIntl().locale);
    const zone = useSelector(timeZone);
    const isMilitary = useSelector(usesMilitaryTime);
    return React.useMemo(() => timeFormat(locale, zone, isMilitary), [locale, zone, isMilitary]);
}

function timeFormat(locale: string, zone: string | undefined, isMilitary: boolean): TimeFormat {
    const options: Intl.DateTimeFormatOptions = {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: 'numeric',
        minute: '2-digit',
        hourCycle: isMilitary ? 'h23' : 'h12',
    };
    const format = new Intl.DateTimeFormat(locale, withTimeZone(options, zone));
    return {
        time: (ms) => format.format(ms),
        range: (startMs, endMs) =>
            endMs > startMs ? format.formatRange(startMs, endMs) : format.format(startMs),
    };
}

/** Adds the time zone, unless this browser does not know it. */
function withTimeZone(
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
