import React from 'react';

import {host} from '../host';

/** What has no mark in it needs no formatting, and most messages have none. */
const PLAIN = /^[\p{L}\p{N}\p{Zs},.;!?'’"“”…()–—-]*$/u;
/** What begins a list, a numbered one, or a rule; what is a link, and what a smile. */
const MARKS = /^\s*(?:[-–—]|\d+[.)])|www\.|;-?\)/i;

/** A text of people, formatted as Mattermost formats theirs; in one line, where a title wants that. */
export const Markdown = React.memo(function Markdown({
    text,
    singleline = false,
}: {
    text: string;
    singleline?: boolean;
}) {
    const {formatText, messageHtmlToComponent} = host.PostUtils ?? {};
    if ((PLAIN.test(text) && !MARKS.test(text)) || !formatText || !messageHtmlToComponent) {
        return <>{text}</>;
    }
    const html = formatText(text, {atMentions: true, singleline});
    return <>{messageHtmlToComponent(html, {mentionHighlight: false})}</>;
});
