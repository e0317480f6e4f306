// A button that copies the link of a meeting. The button confirms for a moment, and the live region of the page announces
// the confirmation to screen readers.
import React from 'react';

import {useT} from '../i18n';
import type {MeetingStarter} from '../meeting-starter';

/** How long the button confirms that the link was copied. */
const CONFIRMATION_MS = 3_000;

/** The button. */
export function CopyLink({url, starter}: {url: string; starter: MeetingStarter}) {
    const t = useT();
    const [isCopied, setCopied] = React.useState(false);
    React.useEffect(() => {
        if (!isCopied) {
            return undefined;
        }
        const timer = setTimeout(() => setCopied(false), CONFIRMATION_MS);
        return () => {
            clearTimeout(timer);
            starter.clearAnnouncement();
        };
    }, [isCopied, starter]);
    const copy = async () => {
        if (!isCopied) {
            setCopied(await starter.copyLink(url));
        }
    };
    return (
        <button
            type="button"
            className={`btn btn-tertiary zoom-button ${isCopied ? 'zoom-glyph-check' : 'zoom-glyph-link'}`}
            onClick={() => void copy()}
        >
            {t(isCopied ? 'copied' : 'copyLink')}
        </button>
    );
}
