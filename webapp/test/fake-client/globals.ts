// The globals that the Mattermost client defines for plugins, built from the same packages.
//
// There is one build for each version of React (see vite.fake-client.config.ts). All tests run on the built files: the
// tests of components, of the gallery, and of the page in a real browser.
import {createRoot, globals} from '#react-version';
import {Parser as HtmlToReactParser} from 'html-to-react';
import {marked} from 'marked';
import React from 'react';
import ReactDOM from 'react-dom';
import * as ReactIntl from 'react-intl';
import * as ReactRedux from 'react-redux';
import * as Redux from 'redux';

const EMOJI: Readonly<Record<string, string>> = {star: '★', heart: '♥'};

/** Converts Markdown to HTML, with HTML in the text escaped, mentions marked, and emoji shown. */
function formatText(text: string, {singleline = false} = {}): string {
    const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
    const options = {headerIds: false, mangle: false, breaks: true};
    const html = singleline
        ? `<p class="markdown__paragraph-inline">${marked.parseInline(escaped, options)}</p>`
        : marked.parse(escaped, options);
    return html
        .replace(/:(\w+):/g, (whole: string, name: string) => EMOJI[name] ?? whole)
        .replace(/(^|[\s>])@(\w[\w.-]*)/g, '$1<span data-mention="$2">@$2</span>');
}

function messageHtmlToComponent(html: string): React.ReactNode {
    return html === '' ? null : new HtmlToReactParser().parse(`<div>${html}</div>`);
}

Object.assign(window, {
    ...globals,
    // Not for plugins: the fake client renders itself with this.
    fakeClient: {createRoot},
    React,
    ReactDOM,
    ReactIntl,
    ReactRedux,
    Redux,
    PostUtils: {formatText, messageHtmlToComponent},
});
