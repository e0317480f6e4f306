// Message attachments, as the client renders them below a post.
import type {Post} from '@mattermost/types/posts';
import React from 'react';

import {clientWindow} from '../../src/mattermost';

/** A button of an attachment. */
export interface AttachmentAction {
    id: string;
    name: string;
    /** Identifies the action of an ephemeral post, which the server does not store. */
    cookie: string;
}

/** Sends a click on a button to the server. */
export const ActionContext = React.createContext<(post: Post, action: AttachmentAction) => void>(
    () => undefined,
);

function asObject(value: unknown): Record<string, unknown> {
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function asList(value: unknown): Record<string, unknown>[] {
    return Array.isArray(value) ? value.map(asObject) : [];
}

function asText(value: unknown): string {
    return typeof value === 'string' ? value : '';
}

/** A text of a person or an integration, formatted as Markdown. */
export function Formatted({text}: {text: string}) {
    const {formatText, messageHtmlToComponent} = clientWindow.PostUtils ?? {};
    return <>{messageHtmlToComponent?.(formatText?.(text, {}) ?? '', {})}</>;
}

/** All attachments of a post. */
export function Attachments({post}: {post: Post}) {
    const onAction = React.useContext(ActionContext);
    return (
        <>
            {asList(post.props?.attachments).map((attachment, index) => (
                <div key={index} className="attachment">
                    <Formatted text={asText(attachment.pretext)} />
                    <div className="attachment__content">
                        {asText(attachment.title) && (
                            <strong className="attachment__title">
                                {asText(attachment.title)}
                            </strong>
                        )}
                        <Formatted text={asText(attachment.text)} />
                        <div className="attachment__actions">
                            {asList(attachment.actions).map((action) => (
                                <button
                                    key={asText(action.id)}
                                    type="button"
                                    className="btn btn-tertiary"
                                    onClick={() =>
                                        onAction(post, {
                                            id: asText(action.id),
                                            name: asText(action.name),
                                            cookie: asText(action.cookie),
                                        })
                                    }
                                >
                                    {asText(action.name)}
                                </button>
                            ))}
                        </div>
                    </div>
                </div>
            ))}
        </>
    );
}
