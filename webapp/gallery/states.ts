// Every state that a post of the plugin can be in, for the gallery and for the tests that look at them.
import type {Post} from '../src/host';

const CREATED = Date.UTC(2026, 7, 6, 13, 50);
const CHANNEL = 'c'.repeat(26);

/** A post about a meeting that goes on, with some of its properties replaced. */
export function meetingPost(props: Post['props'] = {}, fields: Partial<Post> = {}): Post {
    return {
        id: 'started',
        channel_id: CHANNEL,
        root_id: '',
        user_id: 'ada',
        message: 'I have started a meeting',
        type: 'custom_zoom',
        create_at: CREATED,
        update_at: CREATED,
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
    };
}

/** What an ended meeting's post has more. */
export const ENDED = {
    meeting_status: 'ENDED',
    meeting_start_time: CREATED,
    meeting_end_time: CREATED + 27.5 * 60_000,
};

function warning(id: string, props: Post['props']): Post {
    return meetingPost(
        {
            type: 'custom_zoom',
            meeting_status: 'RECENTLY_CREATED',
            meeting_creator_username: 'bob',
            ...props,
        },
        {id, type: 'system_ephemeral', user_id: 'zoom', message: ''},
    );
}

function reply(id: string, type: string, message: string): Post {
    return meetingPost(
        {captions: [{file_id: 'f'.repeat(26)}]},
        {id, type, message, user_id: 'zoom'},
    );
}

/** All states, by the names of their screenshots. */
export const STATES: Readonly<Record<string, Post>> = {
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
    'started-self-hosted': meetingPost(
        {meeting_link: 'https://meet.example.com/j/85746065432'},
        {id: 'started-self-hosted'},
    ),
    'started-unsafe': meetingPost({meeting_link: 'javascript:alert(1)'}, {id: 'started-unsafe'}),
    ended: meetingPost(ENDED, {id: 'ended', message: 'The meeting has ended.'}),
    'recently-created': warning('recently-created', {}),
    'recently-created-other': warning('recently-created-other', {
        meeting_provider: 'Jitsi',
        meeting_link: '',
    }),
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
    chat: reply('chat', 'custom_zoom_chat', "Here's the chat of the Zoom meeting:"),
    transcript: reply(
        'transcript',
        'custom_zoom_transcript',
        "Here's the transcription of the Zoom meeting:",
    ),
};
