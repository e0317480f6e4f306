import React from 'react';

import {type Link, needsZoomUrl, safeLink} from '../links';
import type {Starter} from '../starter';
import {CameraIcon} from './icons';
import {useText} from './useText';

/** The link in a post, or nothing if it must not be followed. */
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

/** A link that looks like a button and opens the meeting in a tab of its own. */
export function MeetingLink({
    link,
    label,
    kind = 'primary',
}: {
    link: Link;
    label: string;
    kind?: 'primary' | 'tertiary';
}) {
    const say = useText();
    return (
        <>
            <a
                className={`btn btn-${kind} zoom-button`}
                href={link.href}
                target="_blank"
                rel="noopener noreferrer"
            >
                <CameraIcon />
                {label}
                <span className="zoom-sr-only">, {say('newTab')}</span>
            </a>
            {link.foreignHost !== '' && (
                <span className="zoom-foreign">{say('leadsTo', {host: link.foreignHost})}</span>
            )}
        </>
    );
}
