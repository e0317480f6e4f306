// The corner of the page with the starts in progress, and with a link if the browser blocked the tab.
//
// The element is always on the page, because screen readers announce only changes in existing elements.
import React from 'react';
import {useSelector} from 'react-redux';

import {useT} from '../i18n';
import type {MeetingStarter} from '../meeting-starter';
import {type Notice, selectAnnouncement, selectNotice, selectStarts} from '../state';
import {MeetingLink, useSafeLink} from './MeetingLink';
import {Spinner} from './icons';

/** The corner of the page. */
export function NoticeArea({starter}: {starter: MeetingStarter}) {
    const t = useT();
    const latestStart = useSelector(selectStarts).at(-1);
    const notice = useSelector(selectNotice);
    const announcement = useSelector(selectAnnouncement);
    return (
        <div className="zoom-notices" role="status" aria-live="polite">
            {latestStart && (
                <div className="zoom-notice zoom-notice-busy">
                    <Spinner />
                    <p>{t(latestStart.rootId === '' ? 'starting' : 'startingInThread')}</p>
                </div>
            )}
            <span className="zoom-announcement">{announcement}</span>
            {notice && <NoticeBox notice={notice} starter={starter} />}
        </div>
    );
}

function NoticeBox({notice, starter}: {notice: Notice; starter: MeetingStarter}) {
    const t = useT();
    const close = () => {
        starter.closeNotice();
        // The focused button is gone. Move the focus to the message input.
        document.getElementById('post_textbox')?.focus();
    };
    return (
        <div className="zoom-notice">
            {notice.kind === 'blocked' ? (
                <BlockedMeeting meetingUrl={notice.meetingUrl} starter={starter} />
            ) : (
                <p>{notice.text}</p>
            )}
            <button
                type="button"
                className="zoom-notice-close"
                aria-label={t('close')}
                onClick={close}
            >
                <span aria-hidden="true">×</span>
            </button>
        </div>
    );
}

function BlockedMeeting({meetingUrl, starter}: {meetingUrl: string; starter: MeetingStarter}) {
    const t = useT();
    const link = useSafeLink(starter.api, meetingUrl);
    return (
        <>
            <p>{t('blocked')}</p>
            {link && (
                <div className="zoom-notice-actions">
                    <MeetingLink
                        link={link}
                        label={t('open')}
                        onClick={() => starter.closeNotice()}
                    />
                </div>
            )}
        </>
    );
}
