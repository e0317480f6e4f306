//! The fields of Zoom's responses that the plugin uses. Other fields are not declared, so their values do not matter.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A Zoom user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct User {
    /// Zoom's id of the user.
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    /// The email address with which the user signs in.
    #[serde(default, deserialize_with = "text")]
    pub email: String,
    /// Zoom's id of the account the user is in.
    #[serde(default, deserialize_with = "text")]
    pub account_id: String,
    /// `active`, `inactive`, or `pending`; empty if it is missing.
    #[serde(default, deserialize_with = "text")]
    pub status: String,
    /// The number of the personal room; 0 for none.
    #[serde(default, deserialize_with = "meeting_number")]
    pub pmi: u64,
}

/// The `type` of a meeting in a personal room, under its Personal Meeting ID.
pub const PERSONAL_ROOM: u64 = 4;

/// A Zoom meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Meeting {
    /// The meeting's number.
    #[serde(default, deserialize_with = "meeting_number")]
    pub id: u64,
    /// The UUID of this part.
    #[serde(default, deserialize_with = "text")]
    pub uuid: String,
    /// The join link. It contains the passcode if the account allows it.
    #[serde(default, deserialize_with = "text")]
    pub join_url: String,
    /// The type: 4 for a personal room, 0 if it is missing.
    #[serde(default, rename = "type", deserialize_with = "meeting_number")]
    pub kind: u64,
    /// Zoom's id of the host.
    #[serde(default, deserialize_with = "text")]
    pub host_id: String,
    /// The topic.
    #[serde(default, deserialize_with = "text")]
    pub topic: String,
    /// `waiting`, or `started` while people are in it.
    #[serde(default, deserialize_with = "text")]
    pub status: String,
    /// The host's Personal Meeting ID; 0 for unknown.
    #[serde(default, deserialize_with = "meeting_number")]
    pmi: u64,
    #[serde(default)]
    settings: Value,
}

impl Meeting {
    /// Whether Zoom reports the meeting under the host's Personal Meeting ID: it is a personal room, or a scheduled meeting
    /// that uses one.
    pub fn uses_personal_id(&self) -> bool {
        let scheduled = self.settings.get("use_pmi").and_then(Value::as_bool);
        self.kind == PERSONAL_ROOM
            || scheduled == Some(true)
            || (self.id > 0 && self.pmi == self.id)
    }
}

/// The response of the token endpoint. There is no `Debug`: it would show secrets.
#[derive(Default, Deserialize)]
pub struct Granted {
    /// The access token.
    #[serde(default, deserialize_with = "text")]
    pub access_token: String,
    /// The token type, usually `bearer`.
    #[serde(default, deserialize_with = "text")]
    pub token_type: String,
    /// The refresh token; empty if the old one stays valid.
    #[serde(default, deserialize_with = "text")]
    pub refresh_token: String,
    /// The lifetime of the access token in seconds; 0 if it is missing.
    #[serde(default, deserialize_with = "meeting_number")]
    pub expires_in: u64,
    /// The API's URL in the account's region, or empty.
    #[serde(default, deserialize_with = "text")]
    pub api_url: String,
    /// The granted scopes, separated by spaces, or empty.
    #[serde(default, deserialize_with = "text")]
    pub scope: String,
}

/// A number, also written as a string with spaces or dashes. Other values become 0.
pub fn number(value: &Value) -> u64 {
    match value {
        Value::Number(number) => number.as_u64().unwrap_or(0),
        Value::String(text) => {
            let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
            digits.parse().unwrap_or(0)
        }
        _ => 0,
    }
}

/// Like [`number`], for `deserialize_with`.
pub fn meeting_number<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Value::deserialize(from).map(|value| number(&value))
}

/// A string. Other values become an empty string.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text,
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_numbers_and_strings() {
        for json in [
            r#"{"id":85746065432}"#,
            r#"{"id":"85746065432"}"#,
            r#"{"id":"857 4606-5432"}"#,
        ] {
            assert_eq!(
                serde_json::from_str::<Meeting>(json).unwrap().id,
                85_746_065_432,
                "{json}"
            );
        }
        for json in [
            r#"{"id":null}"#,
            r#"{"id":-1}"#,
            r#"{"id":1.5}"#,
            r#"{"id":[]}"#,
            "{}",
        ] {
            assert_eq!(
                serde_json::from_str::<Meeting>(json).unwrap().id,
                0,
                "{json}"
            );
        }
    }

    #[test]
    fn zm110_a_meeting_is_read() {
        let json = r#"{"id":85746065432,"uuid":"u==","type":4,"host_id":"h","topic":"t",
            "join_url":"https://zoom.us/j/85746065432?pwd=x","settings":{"host_video":null}}"#;
        let meeting: Meeting = serde_json::from_str(json).unwrap();
        assert_eq!((meeting.id, meeting.kind), (85_746_065_432, 4));
        assert_eq!(
            (meeting.host_id.as_str(), meeting.topic.as_str()),
            ("h", "t")
        );
        assert_eq!(meeting.join_url, "https://zoom.us/j/85746065432?pwd=x");
    }

    #[test]
    fn d33_unused_and_invalid_fields_are_ignored() {
        let json =
            r#"{"id":"u","email":null,"pmi":"123 456 7890","created_at":17,"last_login_time":""}"#;
        let user: User = serde_json::from_str(json).unwrap();
        assert_eq!(
            user,
            User {
                id: "u".into(),
                pmi: 1_234_567_890,
                ..User::default()
            }
        );
    }
}
