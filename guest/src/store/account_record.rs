//! The stored form of a user's connection.

use crate::bindings::types::Error as HostError;
use crate::store::confirmed_read::{self, Decision};
use crate::store::tokens::TokenRecord;
use serde::{Deserialize, Serialize};

/// The stored form.
#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(rename = "ZoomEmail", default)]
    pub(super) zoom_email: String,
    #[serde(rename = "OAuthToken")]
    pub(super) token: TokenRecord,
    #[serde(rename = "UserID", default)]
    pub(super) user_id: String,
    #[serde(rename = "ZoomID", default)]
    pub(super) zoom_id: String,
    #[serde(rename = "ConnectedAt", default)]
    pub(super) connected_at: i64,
    #[serde(rename = "SiteURL", default, skip_serializing_if = "String::is_empty")]
    pub(super) site: String,
    /// Only in the copy: other Mattermost users who have connected this Zoom account.
    #[serde(
        rename = "OtherUserIDs",
        default,
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(super) other_user_ids: Vec<String>,
}

/// The key of a Mattermost user's record.
pub fn key(user_id: &str) -> String {
    format!("zoomtoken_{user_id}")
}

pub(super) fn parse(bytes: &[u8]) -> Option<Record> {
    serde_json::from_slice(bytes).ok()
}

/// The user's record, if it names this Zoom user. A missing or different record is confirmed.
pub(super) fn record_for(user_id: &str, zoom_id: &str) -> Result<Option<Vec<u8>>, HostError> {
    let names = |bytes: &[u8]| parse(bytes).is_some_and(|record| record.zoom_id == zoom_id);
    confirmed_read::read_confirmed(&key(user_id), |stored| match stored {
        Some(bytes) if names(bytes) => Decision::Sure(Some(bytes.to_vec())),
        _ => Decision::Confirm(None),
    })
}
