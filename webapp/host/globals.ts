// What a Mattermost client puts on its window for plugins, made from the same packages.
//
// Built twice, around React 17 and around React 18 (see vite.host.config.ts). The built file is the
// ground of all tests: of components, of the gallery and of the page in a real browser.
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
    React,
    ReactDOM,
    ReactIntl,
    ReactRedux,
    Redux,
    PostUtils: {formatText, messageHtmlToComponent},
});
