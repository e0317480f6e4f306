import React from 'react';
import {useSelector} from 'react-redux';

import {selectStarts} from '../state';
import {Spinner} from './icons';

/** The icon of the button in the channel header. Mattermost gives the button its name. */
export function HeaderIcon() {
    const isStarting = useSelector(selectStarts).length > 0;
    return isStarting ? (
        <Spinner />
    ) : (
        <span className="zoom-header-icon zoom-glyph-camera" aria-hidden="true" />
    );
}
