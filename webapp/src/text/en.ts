/** All that a person reads, in English. The other languages have the same names. */
export const en = {
    start: 'Start Zoom Meeting',
    starting: 'Starting a Zoom meeting…',
    startingInThread: 'Starting a Zoom meeting in the thread…',
    failed: 'The meeting could not be started, because the server did not answer as it should. Please try again in a moment.',
    unreachable:
        'The meeting could not be started, because the server could not be reached. Please check your connection and try again.',
    noThread: 'Please open a channel or a thread first: the meeting is posted there.',
    blocked: 'Your browser did not allow the meeting to open in a new tab.',
    unsafe: 'The meeting was started, but its link is not safe to open. Please ask your administrator to check the address of Zoom in the settings.',
    close: 'Close',
    openMeeting: 'Open the meeting',
    newTab: 'opens in a new tab',
    someone: 'Someone',
    haveStarted: 'I have started a meeting',
    hasStarted: '{user} has started a meeting',
    hasEnded: 'The meeting has ended.',
    title: 'Zoom Meeting',
    meetingId: 'Meeting ID: {id}',
    personalId: 'Personal meeting ID (PMI): {id}',
    join: 'Join meeting',
    leadsTo: 'This link leads to {host}',
    unsafeLink: 'The link of this post is not shown: it does not lead to a secure address.',
    summary: 'Meeting summary',
    date: 'Date',
    length: 'Length',
    ended: 'Ended',
    inProgress: 'In progress',
    recent: '{user} has started a meeting in this channel a moment ago. Do you want to join it, or start one of your own?',
    recentOther:
        '{user} has started a {provider} meeting in this channel a moment ago. Do you want to join it, or start one of your own?',
    joinExisting: 'Join existing meeting',
    startAnyway: 'Start a new meeting',
    startedAnyway: 'A new meeting was started.',
    chatIntro: "Here's the chat of the Zoom meeting:",
    transcriptIntro: "Here's the transcription of the Zoom meeting:",
    summarizeChat: 'Summarize chat history',
    summarizeMeeting: 'Create meeting summary',
};

/** The names of the sentences. */
export type Key = keyof typeof en;
/** A language has every sentence; one that is missing does not compile. */
export type Catalogue = Readonly<Record<Key, string>>;
