// Decides which links are safe to follow.
//
// The link of a meeting is a property of a post, and any member can write such a post. So only `https` links are
// shown, and the host is named next to the link unless it belongs to Zoom. A self-hosted Zoom counts as Zoom, even
// with `http` if the administrator configured it so. The plugin asks the server for the configured URL only if a
// link needs it.

/** Zoom's domains. Companies have subdomains of their own. */
const ZOOM = ['zoom.us', 'zoom.com', 'zoomgov.com'];

/** A link that is safe to follow. */
export interface Link {
    href: string;
    /** The host, if it does not belong to Zoom; otherwise empty. */
    foreignHost: string;
}

function parse(text: unknown): URL | undefined {
    if (typeof text !== 'string') {
        return undefined;
    }
    try {
        const url = new URL(text);
        // A user name and a password before the host only disguise the host.
        return url.username === '' && url.password === '' ? url : undefined;
    } catch {
        return undefined;
    }
}

function isWithin(hostname: string, domain: string): boolean {
    return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Whether `safeLink` needs the configured Zoom URL for this link. */
export function needsZoomUrl(text: unknown): boolean {
    const url = parse(text);
    const web = url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:');
    return (
        web && !(url.protocol === 'https:' && ZOOM.some((domain) => isWithin(url.hostname, domain)))
    );
}

/** The link, or `undefined` if it is not safe. */
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
