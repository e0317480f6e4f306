import {expect, it} from 'vitest';

import {needsZoomUrl, safeLink} from '../src/links';

it.each([
    ['https://zoom.us/j/1', '', 'https://zoom.us/j/1', ''],
    ['https://us05web.zoom.us/j/1?pwd=a', '', 'https://us05web.zoom.us/j/1?pwd=a', ''],
    ['https://agency.zoomgov.com/j/1', '', 'https://agency.zoomgov.com/j/1', ''],
    ['https://notzoom.us/j/1', '', 'https://notzoom.us/j/1', 'notzoom.us'],
    [
        'https://meet.example.com:8443/j/1',
        '',
        'https://meet.example.com:8443/j/1',
        'meet.example.com:8443',
    ],
    [
        'https://meet.example.com/j/1',
        'https://meet.example.com/base',
        'https://meet.example.com/j/1',
        '',
    ],
    ['http://zoom.internal/j/1', 'http://zoom.internal', 'http://zoom.internal/j/1', ''],
])('d27 %s is linked (configured: %s)', (link, zoomUrl, href, foreignHost) => {
    expect(safeLink(link, zoomUrl)).toEqual({href, foreignHost});
});

it.each([
    ['http://zoom.us/j/1', ''],
    ['http://zoom.internal/j/1', 'https://zoom.internal'],
    ['http://zoom.internal:81/j/1', 'http://zoom.internal'],
    ['http://internal/j/1', 'http://zoom.internal'],
    ['ftp://zoom.us/', ''],
    ['zoommtg://zoom.us/join', ''],
    ['javascript:alert(1)', ''],
    ['https://zoom.us:pw@evil.example/', ''],
    ['/j/1', ''],
])('f10 d27 %s is not linked (configured: %s)', (link, zoomUrl) => {
    expect(safeLink(link, zoomUrl)).toBeUndefined();
});

it('a value that is not text is not a link', () => {
    for (const value of [undefined, null, 7, {}, []]) {
        expect(safeLink(value, '')).toBeUndefined();
        expect(needsZoomUrl(value)).toBe(false);
    }
});

it('the plugin asks for the configured Zoom URL only if the link needs it', () => {
    expect(needsZoomUrl('https://us05web.zoom.us/j/1')).toBe(false);
    expect(needsZoomUrl('https://meet.example.com/j/1')).toBe(true);
    expect(needsZoomUrl('http://zoom.us/j/1')).toBe(true);
    expect(needsZoomUrl('javascript:alert(1)')).toBe(false);
});
