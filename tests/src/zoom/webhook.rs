//! Webhooks as Zoom sends them.

use ring::hmac;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::account::{Meeting, written};
use super::hex;

/// A webhook, ready to be posted.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// The JSON.
    pub body: String,
    /// When it was signed, in seconds since 1970.
    pub timestamp: i64,
    /// The header `x-zm-signature`.
    pub signature: String,
}

impl Webhook {
    /// Signs a body with a secret, dated now.
    pub fn sign(secret: &str, body: String) -> Webhook {
        Webhook::sign_at(secret, body, OffsetDateTime::now_utc().unix_timestamp())
    }

    /// Signs a body with a secret, dated at any second.
    pub fn sign_at(secret: &str, body: String, timestamp: i64) -> Webhook {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("v0:{timestamp}:{body}").as_bytes());
        let signature = format!("v0={}", hex(tag.as_ref()));
        Webhook {
            body,
            timestamp,
            signature,
        }
    }

    /// The same webhook, dated so many seconds from now and signed for that.
    #[must_use]
    pub fn dated(self, secret: &str, seconds_from_now: i64) -> Webhook {
        let timestamp = OffsetDateTime::now_utc().unix_timestamp() + seconds_from_now;
        Webhook::sign_at(secret, self.body, timestamp)
    }

    /// The headers that Zoom sends.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Content-Type", "application/json; charset=utf-8".to_owned()),
            ("x-zm-request-timestamp", self.timestamp.to_string()),
            ("x-zm-signature", self.signature.clone()),
        ]
    }

    /// What Zoom expects as `encryptedToken` when it validates an address.
    pub fn encrypted_token(secret: &str, plain_token: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex(hmac::sign(&key, plain_token.as_bytes()).as_ref())
    }
}

/// `meeting.started` and `meeting.ended`: the meeting's id is a text here, a number in recordings.
pub(super) fn meeting_event(
    event: &str,
    meeting: &Meeting,
    account: &str,
    now: OffsetDateTime,
) -> String {
    let mut object = json!({
        "uuid": meeting.uuid, "id": meeting.id.to_string(), "host_id": meeting.host_id,
        "topic": meeting.topic, "type": 1, "start_time": meeting.start_time,
        "timezone": "Europe/Berlin", "duration": 60,
    });
    if event == "meeting.ended"
        && let Some(object) = object.as_object_mut()
    {
        object.insert("end_time".to_owned(), Value::String(written(now)));
    }
    let payload = json!({"account_id": account, "object": object});
    json!({"event": event, "event_ts": milliseconds(now), "payload": payload}).to_string()
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// `recording.completed` and `recording.transcript_completed`: the meeting's id is a number here.
pub(super) fn recording_event(
    event: &str,
    meeting: &Meeting,
    files: &Value,
    download_token: &str,
    now: OffsetDateTime,
) -> String {
    let object = json!({
        "uuid": meeting.uuid, "id": meeting.id, "account_id": "stand-in", "host_id": meeting.host_id,
        "host_email": meeting.host_email, "topic": meeting.topic, "type": 1, "duration": 1,
        "start_time": meeting.start_time, "timezone": "Europe/Berlin", "total_size": 3_328_371,
        "recording_count": 2, "share_url": "https://zoom.us/rec/share/x", "password": meeting.passcode,
        "recording_files": files,
    });
    json!({"event": event, "event_ts": milliseconds(now), "download_token": download_token,
        "payload": {"account_id": "stand-in", "object": object}})
    .to_string()
}
