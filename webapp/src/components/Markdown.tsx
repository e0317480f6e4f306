import React from 'react';

import {clientWindow} from '../mattermost';

/** Text of only letters, digits, and spaces. Formatting it would not change it, but costs time in each card. */
const WORDS = /^[\p{L}\p{N} ]*$/u;

/** A text in Mattermost's Markdown, formatted by the client; `singleline` for titles. */
export const Markdown = React.memo(function Markdown({
    text,
    singleline = false,
}: {
    text: string;
    singleline?: boolean;
}) {
    const {formatText, messageHtmlToComponent} = clientWindow.PostUtils ?? {};
    if (WORDS.test(text) || !formatText || !messageHtmlToComponent) {
        return <>{text}</>;
    }
    const html = formatText(text, {atMentions: true, singleline});
    return <>{messageHtmlToComponent(html, {mentionHighlight: false})}</>;
});
