//! The event `app_deauthorized`: a user removed the app at Zoom.

use crate::platform::clock::MAX_CLOCK_SKEW;
use crate::zoom::time::parse_time;
use crate::zoom::types::text;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A removal of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Deauthorized {
    /// Zoom's ID of the user who removed the app.
    #[serde(default, deserialize_with = "text")]
    pub user_id: String,
    /// Zoom's id of that user's account.
    #[serde(default, deserialize_with = "text")]
    pub account_id: String,
    /// The client ID of the app.
    #[serde(default, deserialize_with = "text")]
    pub client_id: String,
    /// A signature of an older kind. It is only sent back to Zoom.
    #[serde(default, deserialize_with = "text")]
    pub signature: String,
    /// The time of the removal in Zoom's format.
    #[serde(default, rename = "deauthorization_time", deserialize_with = "text")]
    pub time: String,
    /// Whether Zoom requires a confirmation that the data was deleted.
    #[serde(default, rename = "user_data_retention", deserialize_with = "is_false")]
    pub wants_confirmation: bool,
    /// The time of the delivery's signature, in milliseconds. It is used if the event has no time.
    #[serde(skip)]
    pub signed_at: i64,
}

impl Deauthorized {
    /// A key that is different for each removal, also by the same user.
    pub fn event_key(&self) -> String {
        format!("{}\n{}\n{}", self.account_id, self.user_id, self.at())
    }

    /// The time of the removal, in milliseconds.
    pub fn at(&self) -> i64 {
        parse_time(&self.time).unwrap_or(self.signed_at)
    }

    /// Whether the app was removed after a connection was made at `connected_at`, in milliseconds. A time too far in the
    /// future counts as unknown.
    pub fn is_after(&self, connected_at: i64, now: i64) -> bool {
        let is_known = connected_at <= now.saturating_add(MAX_CLOCK_SKEW);
        !is_known || self.at() >= connected_at
    }
}

/// Whether the value is false. Zoom sends a string, a boolean, or nothing.
fn is_false<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(kept) => !kept,
        Value::String(kept) => kept.eq_ignore_ascii_case("false"),
        _ => false,
    })
}
