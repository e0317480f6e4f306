//! The names of Zoom's webhook events about accounts, apps, meetings, recordings, users, and webinars, and a small
//! payload for each family of events.

use plugin_tests::zoom::{ACCOUNT, Meeting};
use serde_json::{Value, json};

/// The names of all events.
#[rustfmt::skip]
pub const NAMES: [&str; 141] = [
    "account.created", "account.disassociated", "account.lock_settings_updated", "account.settings_updated",
    "account.updated", "account.vanity_url_approved", "account.vanity_url_rejected",
    "app.authorization_request_created", "app_deauthorized", "meeting.ai_companion_assets_deleted",
    "meeting.ai_companion_started", "meeting.ai_companion_stopped", "meeting.aic_transcript_completed",
    "meeting.alert", "meeting.breakout_room_sharing_ended", "meeting.breakout_room_sharing_started",
    "meeting.chat_message_file_downloaded", "meeting.chat_message_file_sent", "meeting.chat_message_sent",
    "meeting.converted_to_webinar", "meeting.created", "meeting.deleted", "meeting.device_tested",
    "meeting.ended", "meeting.invitation_accepted", "meeting.invitation_dispatched",
    "meeting.invitation_rejected", "meeting.invitation_timeout", "meeting.live_streaming_started",
    "meeting.live_streaming_stopped", "meeting.participant_admitted", "meeting.participant_bind",
    "meeting.participant_data", "meeting.participant_data_summary", "meeting.participant_feedback",
    "meeting.participant_jbh_joined", "meeting.participant_jbh_waiting",
    "meeting.participant_jbh_waiting_left", "meeting.participant_joined",
    "meeting.participant_joined_breakout_room", "meeting.participant_joined_waiting_room",
    "meeting.participant_left", "meeting.participant_left_breakout_room",
    "meeting.participant_left_waiting_room", "meeting.participant_phone_callout_accepted",
    "meeting.participant_phone_callout_missed", "meeting.participant_phone_callout_rejected",
    "meeting.participant_phone_callout_ringing", "meeting.participant_put_in_waiting_room",
    "meeting.participant_qos", "meeting.participant_qos_summary", "meeting.participant_role_changed",
    "meeting.participant_room_system_callout_accepted", "meeting.participant_room_system_callout_failed",
    "meeting.participant_room_system_callout_missed", "meeting.participant_room_system_callout_rejected",
    "meeting.participant_room_system_callout_ringing", "meeting.permanently_deleted", "meeting.recovered",
    "meeting.registration_approved", "meeting.registration_cancelled", "meeting.registration_created",
    "meeting.registration_denied", "meeting.risk_alert", "meeting.rtms_concurrency_near_limit",
    "meeting.rtms_interrupted", "meeting.rtms_started", "meeting.rtms_stopped", "meeting.sharing_ended",
    "meeting.sharing_started", "meeting.started", "meeting.summary_completed", "meeting.summary_deleted",
    "meeting.summary_recovered", "meeting.summary_shared", "meeting.summary_trashed",
    "meeting.summary_updated", "meeting.updated", "recording.archive_files_completed",
    "recording.batch_deleted", "recording.batch_recovered", "recording.batch_trashed",
    "recording.cloud_storage_usage_updated", "recording.completed", "recording.deleted", "recording.paused",
    "recording.recovered", "recording.registration_approved", "recording.registration_created",
    "recording.registration_denied", "recording.renamed", "recording.resumed", "recording.started",
    "recording.stopped", "recording.transcript_completed", "recording.trashed", "user.activated",
    "user.created", "user.deactivated", "user.deleted", "user.disassociated", "user.invitation_accepted",
    "user.personal_notes_updated", "user.presence_status_updated", "user.settings_updated", "user.signed_in",
    "user.signed_out", "user.tsp_created", "user.tsp_deleted", "user.tsp_updated", "user.updated",
    "webinar.alert", "webinar.chat_message_file_downloaded", "webinar.chat_message_file_sent",
    "webinar.chat_message_sent", "webinar.converted_to_meeting", "webinar.created", "webinar.deleted",
    "webinar.ended", "webinar.participant_bind", "webinar.participant_data",
    "webinar.participant_data_summary", "webinar.participant_feedback", "webinar.participant_joined",
    "webinar.participant_left", "webinar.participant_qos", "webinar.participant_qos_summary",
    "webinar.participant_role_changed", "webinar.permanently_deleted", "webinar.recovered",
    "webinar.registration_approved", "webinar.registration_cancelled", "webinar.registration_created",
    "webinar.registration_denied", "webinar.rtms_interrupted", "webinar.rtms_started", "webinar.rtms_stopped",
    "webinar.sharing_ended", "webinar.sharing_started", "webinar.started", "webinar.updated",
];

/// The payload of an event; events about meetings are about this meeting.
pub fn body(name: &str, meeting: &Meeting, at: i64) -> Value {
    let mut payload = json!({"account_id": ACCOUNT});
    let extra = match name {
        "app_deauthorized" => {
            json!({"user_id": meeting.host_id, "signature": "s", "client_id": "another app",
            "deauthorization_time": "2026-08-06T13:50:00Z"})
        }
        "app.authorization_request_created" => {
            json!({"app_name": "App", "app_scopes": ["meeting:read"]})
        }
        "meeting.rtms_concurrency_near_limit" => json!({"concurrency_limit": 10, "percentage": 90}),
        _ if name.contains(".rtms_") => {
            json!({"meeting_uuid": meeting.uuid, "rtms_stream_id": "stream",
            "server_urls": "wss://rtms.zoom.us", "stop_reason": 6})
        }
        _ => {
            json!({"operator": "ann@example.com", "operator_id": meeting.host_id, "operation": "single",
            "object": object(name, meeting), "old_object": object(name, meeting), "time_stamp": at})
        }
    };
    for (key, value) in extra.as_object().into_iter().flatten() {
        payload[key] = value.clone();
    }
    json!({"event": name, "event_ts": at, "download_token": "token-of-the-event", "payload": payload})
}

fn object(name: &str, meeting: &Meeting) -> Value {
    let family = name.split('.').next().unwrap_or_default();
    match family {
        "account" => {
            json!({"id": ACCOUNT, "owner_email": "ann@example.com", "settings": {"audio": true}})
        }
        "user" => {
            json!({"id": meeting.host_id, "email": "ann@example.com", "type": 2, "presence_status": "Away"})
        }
        _ if name == "recording.cloud_storage_usage_updated" => {
            json!({"free_storage": "1 GB", "storage_used_percentage": 90})
        }
        _ if name.starts_with("recording.batch_") => json!({"meeting_uuids": [meeting.uuid]}),
        "recording" => recording(meeting),
        _ if name.contains("summary") || name.contains(".ai") => json!({"meeting_id": meeting.id,
            "meeting_uuid": meeting.uuid, "meeting_number": meeting.id, "host_id": meeting.host_id}),
        _ => about(meeting),
    }
}

/// The number is a number in some events, and a string in others.
fn about(meeting: &Meeting) -> Value {
    json!({"id": meeting.id.to_string(), "uuid": meeting.uuid, "host_id": meeting.host_id, "topic": meeting.topic,
        "type": 1, "start_time": meeting.start_time, "duration": 30, "timezone": "Europe/Berlin",
        "participant": {"user_id": "16778240", "user_name": "Bob", "join_time": meeting.start_time},
        "registrant": {"id": "r", "email": "bob@example.com"}, "issues": ["Unstable audio quality"],
        "chat_message": {"message_id": "m", "message_content": "hello", "file_ids": ["f"]}})
}

fn recording(meeting: &Meeting) -> Value {
    let file = json!({"id": "file", "recording_start": meeting.start_time, "file_type": "MP4", "file_size": 7,
        "recording_type": "gallery_view", "status": "completed", "play_url": "https://zoom.us/rec/play/file",
        "download_url": "https://zoom.us/rec/download/file"});
    let mut object = about(meeting);
    object["id"] = json!(meeting.id);
    object["recording_count"] = json!(1);
    object["recording_files"] = json!([file]);
    object["archive_files"] = json!([file]);
    object["participant_audio_files"] = json!([file]);
    object
}
