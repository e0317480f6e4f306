//! Webhooks as Zoom sends them.

use ring::hmac;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::account::written;
use super::meeting::Meeting;
use super::random::hex;

/// How many seconds Zoom waits before each repetition: it comes 5, 25, and 85 minutes after the first attempt.
const WAITS: [i64; 3] = [5 * 60, 20 * 60, 60 * 60];

/// A webhook, ready to be posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The JSON.
    pub body: String,
    /// When it was signed, in seconds since 1970.
    pub timestamp: i64,
    /// The header `x-zm-signature`.
    pub signature: String,
}

/// One webhook and the attempts to deliver it. Every attempt has the timestamp and the signature of the first.
#[derive(Clone, Debug)]
pub struct Retries {
    webhook: Webhook,
    attempts: usize,
    over: bool,
}

impl Retries {
    /// The webhook of each attempt.
    pub fn webhook(&self) -> &Webhook {
        &self.webhook
    }

    /// Notes how an attempt was answered; none for a connection that failed. Answers how many seconds Zoom waits
    /// until the next attempt, or none if there is no next one: an answer below 500 ends the delivery, and so does the
    /// fourth failure.
    pub fn answered(&mut self, status: Option<u16>) -> Option<i64> {
        let failed = status.is_none_or(|status| status >= 500);
        let wait = WAITS.get(self.attempts).copied();
        self.attempts += 1;
        self.over |= !failed || wait.is_none();
        if self.over { None } else { wait }
    }

    /// Whether Zoom has finished with this webhook.
    pub fn is_over(&self) -> bool {
        self.over
    }
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

    /// The same webhook, dated this many seconds from now and signed for that time.
    #[must_use]
    pub fn dated(self, secret: &str, seconds_from_now: i64) -> Webhook {
        let timestamp = OffsetDateTime::now_utc().unix_timestamp() + seconds_from_now;
        Webhook::sign_at(secret, self.body, timestamp)
    }

    /// The attempts to deliver it.
    pub fn retries(&self) -> Retries {
        Retries {
            webhook: self.clone(),
            attempts: 0,
            over: false,
        }
    }

    /// The headers that Zoom sends.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("Content-Type", "application/json; charset=utf-8".to_owned()),
            ("x-zm-request-timestamp", self.timestamp.to_string()),
            ("x-zm-signature", self.signature.clone()),
            ("x-zm-request-id", self.request_id()),
        ]
    }

    /// Names the webhook in every attempt to deliver it.
    fn request_id(&self) -> String {
        let digits = self.signature.trim_start_matches("v0=");
        digits.chars().take(32).collect()
    }

    /// The expected `encryptedToken` of a URL validation.
    pub fn encrypted_token(secret: &str, plain_token: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex(hmac::sign(&key, plain_token.as_bytes()).as_ref())
    }
}

/// `meeting.started`, `meeting.ended`, and `meeting.converted_to_webinar`. The number is text in `meeting.ended`.
pub(super) fn meeting_event(
    event: &str,
    meeting: &Meeting,
    account: &str,
    now: OffsetDateTime,
) -> String {
    let number = meeting.reported_id();
    let id = match event {
        "meeting.ended" => json!(number.to_string()),
        _ => json!(number),
    };
    let mut object = json!({
        "uuid": meeting.uuid, "id": id, "host_id": meeting.host_id,
        "topic": meeting.topic, "type": meeting.reported_kind(), "start_time": meeting.start_time,
        "timezone": "Europe/Berlin", "duration": 60,
    });
    let mut payload = json!({"account_id": account});
    match event {
        "meeting.ended" => insert(&mut object, "end_time", json!(written(now))),
        "meeting.converted_to_webinar" => {
            insert(&mut object, "type", json!(super::meeting::WEBINAR));
            insert(&mut payload, "operator", json!(meeting.host_email));
            insert(&mut payload, "operator_id", json!(meeting.host_id));
        }
        _ => {}
    }
    insert(&mut payload, "object", object);
    json!({"event": event, "event_ts": milliseconds(now), "payload": payload}).to_string()
}

fn insert(object: &mut Value, name: &str, value: Value) {
    if let Some(object) = object.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

fn milliseconds(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or_default()
}

/// `recording.completed` and `recording.transcript_completed`. The number is a number here.
pub(super) fn recording_event(
    event: &str,
    meeting: &Meeting,
    files: &Value,
    account: &str,
    download_token: &str,
    now: OffsetDateTime,
) -> String {
    let count = files.as_array().map_or(0, Vec::len);
    let sizes = files.as_array().into_iter().flatten();
    let total: u64 = sizes
        .filter_map(|file| file.get("file_size").and_then(Value::as_u64))
        .sum();
    let object = json!({
        "uuid": meeting.uuid, "id": meeting.reported_id(), "account_id": account,
        "host_id": meeting.host_id, "host_email": meeting.host_email, "topic": meeting.topic,
        "type": meeting.reported_kind(), "duration": 1, "start_time": meeting.start_time,
        "timezone": "Europe/Berlin", "total_size": total, "recording_count": count,
        "share_url": "https://zoom.us/rec/share/x", "password": meeting.passcode,
        "recording_play_passcode": meeting.passcode, "on_prem": false, "auto_delete": true,
        "auto_delete_date": "2028-07-12", "recording_files": files,
    });
    json!({"event": event, "event_ts": milliseconds(now), "download_token": download_token,
        "payload": {"account_id": account, "object": object}})
    .to_string()
}
