import React from 'react';
import {useIntl} from 'react-intl';
import {useSelector} from 'react-redux';

import {supportedLocale} from '../i18n';
import {timeZone, usesMilitaryTime} from '../selectors';

/** Formats a time (milliseconds since 1970) in the reader's language, time zone, and clock. */
export function useTimeFormat(): (ms: number) => string {
    const locale = supportedLocale(useIntl().locale);
    const zone = useSelector(timeZone);
    const isMilitary = useSelector(usesMilitaryTime);
    return React.useMemo(() => timeFormat(locale, zone, isMilitary), [locale, zone, isMilitary]);
}

function timeFormat(
    locale: string,
    zone: string | undefined,
    isMilitary: boolean,
): (ms: number) => string {
    const options: Intl.DateTimeFormatOptions = {
        year: 'numeric',
        month: 'short',
        day: 'numeric',
        hour: 'numeric',
        minute: '2-digit',
        hourCycle: isMilitary ? 'h23' : 'h12',
    };
    const format = new Intl.DateTimeFormat(locale, withTimeZone(options, zone));
    return (ms) => format.format(ms);
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
