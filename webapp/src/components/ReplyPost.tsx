// The replies with the chat and the transcript of a meeting: `custom_zoom_chat` and `custom_zoom_transcript`.
// Mattermost shows their files below. If the AI plugin is installed, a button passes the post to it.
import type {Post} from '@mattermost/types/posts';
import React from 'react';
import {useSelector} from 'react-redux';

import {type MessageKey, useT} from '../i18n';
import {replyMessages} from '../i18n/stored-messages';
import type {PostProps, State} from '../mattermost';
import {ErrorBoundary} from './ErrorBoundary';
import {Markdown} from './Markdown';
import {SparklesIcon} from './icons';

function AiButton({post, labelKey}: {post: Post; labelKey: MessageKey}) {
    const t = useT();
    const isInstalled = useSelector((state: State) =>
        Boolean(state.plugins?.plugins?.['mattermost-ai']),
    );
    const summarize = useSelector(
        (state: State) => state['plugins-mattermost-ai']?.callsPostButtonClickedTranscription,
    );
    if (!isInstalled || typeof summarize !== 'function') {
        return null;
    }
    return (
        <button type="button" className="zoom-ai-button" onClick={() => void summarize(post)}>
            <SparklesIcon />
            {t(labelKey)}
        </button>
    );
}

function Reply({post, labelKey, testId}: {post: Post; labelKey: MessageKey; testId: string}) {
    const t = useT();
    const storedMessage = replyMessages.get(post.message);
    return (
        <ErrorBoundary fallback={post.message}>
            <div className="zoom-post" data-testid={testId}>
                <div className="zoom-pretext">
                    {storedMessage ? t(storedMessage) : <Markdown text={post.message} />}
                </div>
                <AiButton post={post} labelKey={labelKey} />
            </div>
        </ErrorBoundary>
    );
}

/** A reply with the chat of a meeting. */
export function ChatPost({post}: PostProps) {
    return <Reply post={post} labelKey="summarizeChat" testId="zoom-post-chat-body" />;
}

/** A reply with the transcript of a meeting. */
export function TranscriptPost({post}: PostProps) {
    return <Reply post={post} labelKey="summarizeMeeting" testId="zoom-post-transcription-body" />;
}
