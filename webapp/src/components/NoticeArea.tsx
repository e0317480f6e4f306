// The corner in which a start says that it is under way, or that the browser did not let the tab open.
//
// It stands in the page from the beginning, for screen readers only speak of changes in what they know.
import React from 'react';

import {useObservable} from '../observable';
import type {Notice, Starter} from '../starter';
import {useSafeLink} from './MeetingLink';
import {Spinner} from './icons';
import {useText} from './useText';

/** The corner. */
export function NoticeArea({starter}: {starter: Starter}) {
    const notice = useObservable(starter.notice);
    return (
        <div className="zoom-notices" role="status" aria-live="polite">
            {notice && <NoticeBox notice={notice} starter={starter} />}
        </div>
    );
}

function NoticeBox({notice, starter}: {notice: NonNullable<Notice>; starter: Starter}) {
    const say = useText();
    if (notice.kind === 'starting') {
        return (
            <div className="zoom-notice">
                <Spinner />
                {say(notice.rootId === '' ? 'starting' : 'startingInThread')}
            </div>
        );
    }
    return (
        <div className="zoom-notice">
            {notice.kind === 'said' ? notice.sentence : say('blocked')}
            {notice.kind === 'blocked' && (
                <Blocked meetingUrl={notice.meetingUrl} starter={starter} />
            )}
            <button
                type="button"
                className="zoom-close"
                aria-label={say('close')}
                onClick={() => starter.dismiss()}
            >
                <span aria-hidden="true">×</span>
            </button>
        </div>
    );
}

function Blocked({meetingUrl, starter}: {meetingUrl: string; starter: Starter}) {
    const say = useText();
    const link = useSafeLink(starter, meetingUrl);
    return link ? (
        <a
            className="btn btn-primary zoom-button zoom-camera"
            href={link.href}
            target="_blank"
            rel="noopener noreferrer"
            onClick={() => starter.dismiss()}
        >
            {say('openMeeting')}
        </a>
    ) : null;
}
