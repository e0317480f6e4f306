// Which links a person may be led to.
//
// The link of a meeting stands in a post's properties, and any user can write such a post. So only
// `https` is linked at all, and where a link leads to a host that is not Zoom's the host is named beside
// it. A self-hosted Zoom is as good as Zoom's own, even on `http` if the administrator configured it so;
// the server is asked for its address only when a link is met that needs the answer.

/** Where Zoom lives. Subdomains are companies' own addresses. */
const ZOOM = ['zoom.us', 'zoom.com', 'zoomgov.com'];

/** A link that may be followed. */
export interface Link {
    href: string;
    /** Named to the reader where it is not Zoom's; otherwise empty. */
    foreignHost: string;
}

function parse(text: unknown): URL | undefined {
    if (typeof text !== 'string') {
        return undefined;
    }
    try {
        const url = new URL(text);
        // A name and a password before the host only serve to disguise the host.
        return url.username === '' && url.password === '' ? url : undefined;
    } catch {
        return undefined;
    }
}

function isWithin(hostname: string, domain: string): boolean {
    return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Whether it takes the configured address of Zoom to judge this link. */
export function needsZoomUrl(text: unknown): boolean {
    const url = parse(text);
    const web = url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:');
    return (
        web && !(url.protocol === 'https:' && ZOOM.some((domain) => isWithin(url.hostname, domain)))
    );
}

/** The link in a text, or nothing if it must not be followed. */
export function safeLink(text: unknown, zoomUrl: string): Link | undefined {
    const url = parse(text);
    if (url === undefined) {
        return undefined;
    }
    const secure = url.protocol === 'https:';
    const zoom = parse(zoomUrl);
    const configured =
        zoom !== undefined &&
        zoom.protocol === url.protocol &&
        zoom.port === url.port &&
        isWithin(url.hostname, zoom.hostname);
    if (!secure && !(configured && url.protocol === 'http:')) {
        return undefined;
    }
    const known = configured || ZOOM.some((domain) => isWithin(url.hostname, domain));
    return {href: url.href, foreignHost: known ? '' : url.host};
}
