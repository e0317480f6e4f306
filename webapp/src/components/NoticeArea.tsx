// The corner of the page with the starts in progress, and with a link if the browser blocked the tab.
//
// The element is always on the page, because screen readers announce only changes in existing elements.
import React from 'react';

import {useObservable} from '../observable';
import type {Notice, Starter} from '../meeting-starter';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {Spinner} from './icons';
import {useText} from './useText';

/** The corner of the page. */
export function NoticeArea({starter}: {starter: Starter}) {
    const say = useText();
    const starting = useObservable(starter.busy).at(-1);
    const notice = useObservable(starter.notice);
    return (
        <div className="zoom-notices" role="status" aria-live="polite">
            {starting && (
                <div className="zoom-notice">
                    <Spinner />
                    {say(starting.rootId === '' ? 'starting' : 'startingInThread')}
                </div>
            )}
            {notice && <NoticeBox notice={notice} starter={starter} />}
        </div>
    );
}

function NoticeBox({notice, starter}: {notice: NonNullable<Notice>; starter: Starter}) {
    const say = useText();
    const close = () => {
        starter.dismiss();
        // The focused button is gone. Move the focus to the message input.
        document.getElementById('post_textbox')?.focus();
    };
    return (
        <div className="zoom-notice">
            {notice.kind === 'said' ? notice.sentence : say('blocked')}
            {notice.kind === 'blocked' && (
                <Blocked meetingUrl={notice.meetingUrl} starter={starter} />
            )}
            <button type="button" className="zoom-close" aria-label={say('close')} onClick={close}>
                <span aria-hidden="true">×</span>
            </button>
        </div>
    );
}

function Blocked({meetingUrl, starter}: {meetingUrl: string; starter: Starter}) {
    const say = useText();
    const link = useSafeLink(starter, meetingUrl);
    return link ? (
        <MeetingLink say={say} link={link} label={say('open')} onFollow={() => starter.dismiss()} />
    ) : null;
}
