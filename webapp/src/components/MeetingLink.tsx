import React from 'react';

import {type Link, needsZoomUrl, safeLink} from '../links';
import type {Starter} from '../meeting-starter';
import type {Say} from './useText';

/** The link of a post, or `undefined` if it must not be followed. */
export function useSafeLink(starter: Starter, text: unknown): Link | undefined {
    const asks = needsZoomUrl(text);
    const [zoomUrl, setZoomUrl] = React.useState('');
    React.useEffect(() => {
        let wanted = asks;
        if (asks) {
            void starter.client.zoomUrl().then((url) => wanted && setZoomUrl(url));
        }
        return () => {
            wanted = false;
        };
    }, [asks, starter]);
    return React.useMemo(() => safeLink(text, zoomUrl), [text, zoomUrl]);
}

/** A link that looks like a button and opens the meeting in a new tab. */
export function MeetingLink({
    say,
    link,
    label,
    onFollow,
}: {
    say: Say;
    link: Link;
    label: string;
    onFollow?: () => void;
}) {
    return (
        <>
            <a
                className="btn btn-primary zoom-button zoom-camera"
                href={link.href}
                target="_blank"
                rel="noopener noreferrer"
                aria-label={`${label}, ${say('newTab')}`}
                onClick={onFollow}
            >
                {label}
            </a>
            {link.foreignHost !== '' && (
                <span className="zoom-foreign">{say('leadsTo', {host: link.foreignHost})}</span>
            )}
        </>
    );
}
