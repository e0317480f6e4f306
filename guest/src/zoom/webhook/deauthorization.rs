//! The event that says that a user removed the app at Zoom.

use crate::platform::clock::SKEW;
use crate::zoom::time::milliseconds;
use crate::zoom::types::text;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A removal of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Deauthorized {
    /// Zoom's id of the user who removed it.
    #[serde(default, deserialize_with = "text")]
    pub user_id: String,
    /// Zoom's id of that user's account.
    #[serde(default, deserialize_with = "text")]
    pub account_id: String,
    /// Which app it was.
    #[serde(default, deserialize_with = "text")]
    pub client_id: String,
    /// A signature in the payload, of an older kind; it only goes back to Zoom.
    #[serde(default, deserialize_with = "text")]
    pub signature: String,
    /// When, as Zoom writes it.
    #[serde(default, rename = "deauthorization_time", deserialize_with = "text")]
    pub time: String,
    /// Whether Zoom wants to hear that the data is gone.
    #[serde(
        default,
        rename = "user_data_retention",
        deserialize_with = "is_refused"
    )]
    pub wants_confirmation: bool,
    /// When Zoom signed the delivery, in milliseconds: for an event without a time.
    #[serde(skip)]
    pub signed_at: i64,
}

impl Deauthorized {
    /// A name that differs from that of other removals, also by the same user.
    pub fn mark(&self) -> String {
        format!("{}\n{}\n{}", self.account_id, self.user_id, self.at())
    }

    /// When it happened, in milliseconds.
    pub fn at(&self) -> i64 {
        milliseconds(&self.time).unwrap_or(self.signed_at)
    }

    /// Whether it happened after this, in milliseconds. A time of a connection that a clock which was ahead has written
    /// counts as unknown.
    pub fn is_after(&self, connected_at: i64, now: i64) -> bool {
        let is_known = connected_at <= now.saturating_add(SKEW);
        !is_known || self.at() >= connected_at
    }
}

/// Whether the user wants no data to be kept: Zoom writes a string, a truth value or nothing.
fn is_refused<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(kept) => !kept,
        Value::String(kept) => kept.eq_ignore_ascii_case("false"),
        _ => false,
    })
}
