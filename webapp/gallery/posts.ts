// All states of the plugin's posts, for the gallery and the tests.
import type {Post} from '@mattermost/types/posts';

const CREATED = Date.UTC(2026, 7, 6, 13, 50);
const CHANNEL = 'c'.repeat(26);

/** The fields of a post that a test sets. Plugins have types of their own, which Mattermost's type does not list. */
type PostFields = Partial<Omit<Post, 'type'> & {type: string}>;

/** A post. */
export function makePost(fields: PostFields): Post {
    return {
        id: '',
        create_at: CREATED,
        update_at: CREATED,
        edit_at: 0,
        delete_at: 0,
        is_pinned: false,
        user_id: 'ada',
        channel_id: CHANNEL,
        root_id: '',
        original_id: '',
        message: '',
        type: '',
        props: {},
        hashtags: '',
        pending_post_id: '',
        reply_count: 0,
        metadata: {embeds: [], emojis: [], files: [], images: {}},
        ...fields,
    } as Post;
}

/** A post about a meeting in progress, with some properties and fields replaced. */
export function meetingPost(props: Post['props'] = {}, fields: PostFields = {}): Post {
    return makePost({
        id: 'started',
        message: 'I have started a meeting',
        type: 'custom_zoom',
        ...fields,
        props: {
            meeting_id: 85746065432,
            meeting_uuid: 'a/b==',
            meeting_link: 'https://zoom.us/j/85746065432?pwd=abc.1',
            meeting_status: 'STARTED',
            meeting_personal: false,
            meeting_topic: 'Standup',
            meeting_creator_username: 'ada',
            meeting_provider: 'Zoom',
            ...props,
        },
    });
}

/** The additional properties of a meeting that has ended. */
export const ENDED = {
    meeting_status: 'ENDED',
    meeting_start_time: CREATED,
    meeting_end_time: CREATED + 27.5 * 60_000,
};

/** The warning that the channel has a recent meeting, as the plugin sends it. */
export function warningPost(props: Post['props'] = {}, fields: PostFields = {}): Post {
    return makePost({
        id: 'recently-created',
        user_id: 'zoom',
        message: 'A meeting was started in this channel recently: [Release](https://zoom.us/j/1)',
        type: 'system_ephemeral',
        create_at: CREATED + 20_000,
        update_at: 0,
        ...fields,
        props: {
            type: 'custom_zoom',
            meeting_status: 'RECENTLY_CREATED',
            meeting_provider: 'Zoom',
            meeting_link: 'https://zoom.us/j/85746065432?pwd=abc.1',
            meeting_topic: 'Release of 2.0',
            meeting_creator_username: 'bob',
            meeting_start_time: CREATED,
            requested_topic: 'Standup',
            ...props,
        },
    });
}

function replyPost(id: string, type: string, message: string): Post {
    return meetingPost(
        {captions: [{file_id: 'f'.repeat(26)}]},
        {id, type, message, user_id: 'zoom'},
    );
}

/** One post for each state, by the name of its screenshot. */
export const POSTS: Readonly<Record<string, Post>> = {
    started: meetingPost(),
    'started-personal': meetingPost(
        {meeting_personal: true, meeting_id: 3141592653, meeting_topic: ''},
        {id: 'started-personal'},
    ),
    'started-formatted': meetingPost(
        {
            meeting_topic:
                'Release :star: of **2.0**, with a topic that is long enough to need a second line on a narrow screen',
        },
        {id: 'started-formatted', message: 'Come and *join* us, @bob! :heart:'},
    ),
    'started-by-bot': meetingPost({from_bot: 'true'}, {id: 'started-by-bot', user_id: 'zoom'}),
    'started-followed': meetingPost(
        {},
        {id: 'started-followed', user_id: 'zoom', message: 'A meeting has started'},
    ),
    'started-self-hosted': meetingPost(
        {meeting_link: 'https://meet.example.com/j/85746065432'},
        {id: 'started-self-hosted'},
    ),
    'started-unsafe': meetingPost({meeting_link: 'javascript:alert(1)'}, {id: 'started-unsafe'}),
    ended: meetingPost(ENDED, {id: 'ended', message: 'The meeting has ended.'}),
    'not-started': meetingPost(
        {meeting_status: 'NOT_STARTED', meeting_personal: true, meeting_id: 3141592653},
        {id: 'not-started', message: 'The meeting was not started.'},
    ),
    'recently-created': warningPost(),
    'recently-created-other': warningPost(
        {meeting_provider: 'Jitsi', meeting_link: '', meeting_topic: ''},
        {id: 'recently-created-other'},
    ),
    'recently-created-linked': warningPost(
        {meeting_provider: 'BigBlueButton', meeting_link: 'https://bbb.example.com/release'},
        {id: 'recently-created-linked'},
    ),
    error: meetingPost(
        {},
        {
            id: 'error',
            type: 'system_ephemeral',
            user_id: 'zoom',
            message: 'Zoom could not be reached. Please try again in a moment.',
            props: {},
        },
    ),
    chat: replyPost('chat', 'custom_zoom_chat', 'Here is the chat of the Zoom meeting:'),
    transcript: replyPost(
        'transcript',
        'custom_zoom_transcript',
        'Here is the transcript of the Zoom meeting:',
    ),
};
