import React from 'react';

import {useObservable} from '../observable';
import type {Starter} from '../meeting-starter';
import {Spinner} from './icons';

/** The icon of the button in the channel header. Mattermost gives the button its name. */
export function HeaderIcon({starter}: {starter: Starter}) {
    const busy = useObservable(starter.busy);
    return busy.length > 0 ? (
        <Spinner />
    ) : (
        <i className="icon icon-brand-zoom" aria-hidden="true" />
    );
}
