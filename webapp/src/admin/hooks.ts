// What the parts of the section share.
import React from 'react';
import {useSelector} from 'react-redux';

import {useT} from '../i18n';
import type {State} from '../mattermost';
import {Refused} from './api';

/** Tells the reader about a result, also with a screen reader. */
export type Announce = (text: string) => void;

/** The settings of the server. The System Console replaces the object whenever it loads or saves settings. */
export const savedSettings = (state: State): unknown => state.entities?.admin?.config;

/** Returns the sentence for an error. */
export function useProblem(): (error: unknown) => string {
    const t = useT();
    return (error) => (error instanceof Refused && error.message) || t('adminNoResponse');
}

/** A value that returns to the initial one when the administrator saves settings. */
export function useUntilSaved<T>(initial: T): [T, (value: T) => void] {
    const settings = useSelector(savedSettings);
    const [held, hold] = React.useState({settings, value: initial});
    return [held.settings === settings ? held.value : initial, (value) => hold({settings, value})];
}

/** The last answer, and the error of the last request if it failed. */
interface Answer<T> {
    value?: T | undefined;
    error?: unknown;
    /** The value of the option `since` when the request was sent. */
    since?: unknown;
}

/**
 * Loads something, and loads it again when `load` or `since` changes, after `reload`, and every `interval` milliseconds
 * while the page is visible. The first request starts after `delay` milliseconds. An answer that is out of date is
 * ignored.
 */
export function useAnswer<T>(
    load: () => Promise<T>,
    {delay = 0, interval, since}: {delay?: number; interval?: number; since?: unknown} = {},
): Answer<T> & {reload: () => void} {
    const [answer, setAnswer] = React.useState<Answer<T>>({});
    const reload = React.useRef(() => {});
    React.useEffect(() => {
        let latest = 0;
        const run = async () => {
            const request = (latest += 1);
            let next: Answer<T>;
            try {
                next = {value: await load(), error: undefined, since};
            } catch (error) {
                next = {error, since};
            }
            if (request === latest) {
                setAnswer((last) => ({...last, ...next}));
            }
        };
        reload.current = () => void run();
        const start = setTimeout(() => void run(), delay);
        const repeat =
            interval &&
            setInterval(() => document.visibilityState === 'visible' && void run(), interval);
        return () => {
            clearTimeout(start);
            clearInterval(repeat);
            latest += 1;
        };
    }, [load, since, delay, interval]);
    return {...answer, reload: () => reload.current()};
}
