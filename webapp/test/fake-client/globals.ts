// The globals that the Mattermost client defines for plugins, made from the same packages.
//
// Built once for each version of React (see vite.fake-client.config.ts). All tests run on the built file: the tests of
// components, of the gallery, and of the page in a real browser.
import {createRoot, globals} from '#react-version';
import {Parser as HtmlToReactParser} from 'html-to-react';
import {marked} from 'marked';
import React from 'react';
import ReactDOM from 'react-dom';
import * as ReactIntl from 'react-intl';
import * as ReactRedux from 'react-redux';
import * as Redux from 'redux';

const EMOJI: Readonly<Record<string, string>> = {star: '★', heart: '♥'};

/** Markdown to HTML, with what people wrote escaped, mentions marked and emoji drawn. */
function formatText(text: string): string {
    const escaped = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
    const html = marked.parse(escaped, {headerIds: false, mangle: false, breaks: true});
    return html
        .replace(/:(\w+):/g, (whole: string, name: string) => EMOJI[name] ?? whole)
        .replace(/(^|[\s>])@(\w[\w.-]*)/g, '$1<span data-mention="$2">@$2</span>');
}

function messageHtmlToComponent(html: string): React.ReactNode {
    return new HtmlToReactParser().parse(`<div>${html}</div>`);
}

Object.assign(window, {
    ...globals,
    // Not for plugins: the fake client draws itself with this.
    fakeClient: {createRoot},
    React,
    ReactDOM,
    ReactIntl,
    ReactRedux,
    Redux,
    PostUtils: {formatText, messageHtmlToComponent},
});
