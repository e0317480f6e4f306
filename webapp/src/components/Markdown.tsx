import React from 'react';

import {host} from '../mattermost';

/** Most messages have none of Markdown's characters and need no formatting. */
const PLAIN = /^[\p{L}\p{N}\p{Zs},.;!?'’"“”…()–—-]*$/u;
/** The exceptions: lists, rules, links without a scheme, and a smiley. */
const MARKS = /^\s*(?:[-–—]|\d+[.)])|www\.|;-?\)/i;

/** A text in Mattermost's Markdown; `singleline` for titles. */
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
