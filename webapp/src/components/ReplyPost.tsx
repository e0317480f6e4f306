// The replies with the chat and the transcript of a meeting: `custom_zoom_chat` and `custom_zoom_transcript`.
// Mattermost shows their files below. If the AI plugin is installed, a button passes the post to it.
import React from 'react';
import {useSelector} from 'react-redux';

import type {Post, PostProps, State} from '../mattermost';
import type {Key} from '../i18n';
import {replyMessages} from '../i18n/stored-messages';
import {Markdown} from './Markdown';
import {Safely} from './ErrorBoundary';
import {SparklesIcon} from './icons';
import {useText} from './useText';

function summarizer(state: State): ((post: Post) => void) | undefined {
    const installed = state.plugins?.plugins?.['mattermost-ai'];
    const click = state['plugins-mattermost-ai']?.callsPostButtonClickedTranscription;
    return installed && typeof click === 'function' ? (post) => void click(post) : undefined;
}

function AiButton({post, label}: {post: Post; label: Key}) {
    const say = useText();
    const state = useSelector((all: State) => all['plugins-mattermost-ai']);
    const plugins = useSelector((all: State) => all.plugins);
    const click = React.useMemo(
        () =>
            summarizer({
                ...(plugins && {plugins}),
                ...(state && {'plugins-mattermost-ai': state}),
            }),
        [plugins, state],
    );
    if (!click) {
        return null;
    }
    return (
        <button type="button" className="zoom-ai" onClick={() => click(post)}>
            <SparklesIcon />
            {say(label)}
        </button>
    );
}

function Reply({post, label, name}: {post: Post; label: Key; name: string}) {
    const say = useText();
    const known = replyMessages.get(post.message);
    return (
        <Safely message={post.message}>
            <div className="zoom-post" data-testid={name}>
                <div className="zoom-pretext">
                    <Markdown text={known ? say(known) : post.message} />
                </div>
                <AiButton post={post} label={label} />
            </div>
        </Safely>
    );
}

/** A reply with the chat of a meeting. */
export function ChatPost({post}: PostProps) {
    return <Reply post={post} label="summarizeChat" name="zoom-post-chat-body" />;
}

/** A reply with the transcript of a meeting. */
export function TranscriptPost({post}: PostProps) {
    return <Reply post={post} label="summarizeMeeting" name="zoom-post-transcription-body" />;
}
