// The smallest webapp that is of use: a button in the channel header that starts a meeting, and the
// tab that opens for the person who started it. Meeting posts are drawn by Mattermost from their
// attachments, so nothing else is needed to join one.
//
// Mattermost loads this file as a classic script; `window.React` is Mattermost's own.
(function () {
    'use strict';

    const ID = 'zoom';
    const LABEL = 'Start Zoom Meeting';

    // The path of a server that is not at the root of its host, without a trailing slash.
    function basePath(store) {
        const site = store.getState().entities.general.config.SiteURL || window.location.origin;
        try {
            return new URL(site).pathname.replace(/\/+$/, '');
        } catch (_) {
            return '';
        }
    }

    // The server takes a request with a session cookie as signed in only when it carries this token.
    function csrfToken() {
        const cookie = document.cookie.split('; ').find((pair) => pair.startsWith('MMCSRF='));
        return cookie ? cookie.slice('MMCSRF='.length) : '';
    }

    // Shows a text to this user alone, in the channel, until they reload.
    function tell(store, channelId, message) {
        const now = Date.now();
        store.dispatch({
            type: 'RECEIVED_NEW_POST',
            data: {
                id: 'zoomPlugin' + now,
                create_at: now,
                update_at: 0,
                edit_at: 0,
                delete_at: 0,
                is_pinned: false,
                user_id: '',
                channel_id: channelId,
                root_id: '',
                parent_id: '',
                original_id: '',
                message,
                type: 'system_ephemeral',
                props: {},
                hashtags: '',
                pending_post_id: '',
            },
            channelId,
        });
    }

    async function startMeeting(store, channelId) {
        const websocket = store.getState().websocket || {};
        const failed = 'The meeting could not be started. Please try again in a moment.';
        try {
            const response = await fetch(basePath(store) + '/plugins/' + ID + '/api/v1/meetings', {
                method: 'POST',
                credentials: 'same-origin',
                headers: {
                    'Content-Type': 'application/json',
                    'X-Requested-With': 'XMLHttpRequest',
                    'X-CSRF-Token': csrfToken(),
                },
                body: JSON.stringify({
                    channel_id: channelId,
                    root_id: '',
                    connection_id: websocket.connectionId || '',
                }),
            });
            const answer = await response.json().catch(() => ({}));
            if (answer.error) {
                tell(store, channelId, answer.error);
            } else if (!response.ok) {
                tell(store, channelId, answer.message || failed);
            }
        } catch (_) {
            tell(store, channelId, failed);
        }
    }

    // The address comes from the server, and still only a web address may be opened.
    function openMeeting(message) {
        try {
            const address = new URL(message.data.meeting_url);
            if (address.protocol === 'https:') {
                window.open(address.href, '_blank', 'noopener,noreferrer');
            }
        } catch (_) {
            // Not an address: there is nothing to open, and the post has a button to join.
        }
    }

    window.registerPlugin(ID, {
        initialize(registry, store) {
            const icon = window.React.createElement('i', {
                className: 'icon icon-video-outline',
                'aria-hidden': true,
            });
            const start = (channel) => startMeeting(store, channel.id);
            registry.registerChannelHeaderButtonAction(icon, start, LABEL, LABEL);
            registry.registerWebSocketEventHandler('custom_' + ID + '_meeting_started', openMeeting);
        },
    });
})();
