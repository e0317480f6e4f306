import React from 'react';

import type {ApiClient} from '../api';
import {useT} from '../i18n';
import {type Link, needsZoomUrl, safeLink} from '../links';

/** The link of a post, or `undefined` if it is not safe. */
export function useSafeLink(api: ApiClient, text: unknown): Link | undefined {
    const isZoomUrlNeeded = needsZoomUrl(text);
    const [zoomUrl, setZoomUrl] = React.useState('');
    React.useEffect(() => {
        let isMounted = true;
        if (isZoomUrlNeeded) {
            void api.zoomUrl().then((url) => isMounted && setZoomUrl(url));
        }
        return () => {
            isMounted = false;
        };
    }, [isZoomUrlNeeded, api]);
    return React.useMemo(() => safeLink(text, zoomUrl), [text, zoomUrl]);
}

/** A link that looks like a button and opens the meeting in a new tab. */
export function MeetingLink({
    link,
    label,
    onClick,
}: {
    link: Link;
    label: string;
    onClick?: () => void;
}) {
    const t = useT();
    return (
        <>
            <a
                className="btn btn-primary zoom-button zoom-glyph-camera"
                href={link.href}
                target="_blank"
                rel="noopener noreferrer"
                aria-label={`${label}, ${t('newTab')}`}
                onClick={onClick}
            >
                {label}
            </a>
            {link.foreignHost !== '' && (
                <span className="zoom-link-note">{t('leadsTo', {host: link.foreignHost})}</span>
            )}
        </>
    );
}
