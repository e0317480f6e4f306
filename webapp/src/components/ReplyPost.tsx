// The replies with a meeting's chat and transcript: `custom_zoom_chat` and `custom_zoom_transcript`.
// Mattermost shows their files beneath. Where its AI plugin is installed, a button hands the post to it.
import React from 'react';
import {useSelector} from 'react-redux';

import type {Post, PostProps, State} from '../host';
import type {Key} from '../text';
import {en} from '../text/en';
import {Markdown} from './Markdown';
import {Safely} from './Safely';
import {SparklesIcon} from './icons';
import {useText} from './useText';

/** What the plugin writes, to be said in the language of whoever reads it. */
const OWN_MESSAGES: Readonly<Record<string, Key>> = {
    [en.chatIntro]: 'chatIntro',
    [en.transcriptIntro]: 'transcriptIntro',
};

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
    const own = OWN_MESSAGES[post.message];
    return (
        <Safely message={post.message}>
            <div className="zoom-post" data-testid={name}>
                <div className="zoom-pretext">
                    <Markdown text={own ? say(own) : post.message} />
                </div>
                <AiButton post={post} label={label} />
            </div>
        </Safely>
    );
}

/** What was written in a meeting. */
export function ChatPost({post}: PostProps) {
    return <Reply post={post} label="summarizeChat" name="zoom-post-chat-body" />;
}

/** What was said in a meeting. */
export function TranscriptPost({post}: PostProps) {
    return <Reply post={post} label="summarizeMeeting" name="zoom-post-transcription-body" />;
}
