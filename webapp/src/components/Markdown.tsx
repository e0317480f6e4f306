import React from 'react';

import {host} from '../host';

/** What has no mark in it needs no formatting, and most messages have none. */
const PLAIN = /^[\p{L}\p{N}\p{Zs},.;!?'’"“”…()–—-]*$/u;
/** What begins a list, a numbered one, or a rule. */
const BLOCK = /^\s*(?:[-–—]|\d+[.)])/;

/** A text of people, formatted as Mattermost formats theirs. */
export const Markdown = React.memo(function Markdown({text}: {text: string}) {
    const {formatText, messageHtmlToComponent} = host.PostUtils ?? {};
    if ((PLAIN.test(text) && !BLOCK.test(text)) || !formatText || !messageHtmlToComponent) {
        return <>{text}</>;
    }
    const html = formatText(text, {atMentions: true});
    return <>{messageHtmlToComponent(html, {mentionHighlight: false})}</>;
});
