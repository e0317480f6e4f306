//! The Zoom user that belongs to a Mattermost user where people are found by their email addresses.
//!
//! The record holds both addresses as they were when Zoom confirmed the pair. It expires after an hour, so that Zoom is
//! asked again whether the user is still active and has the address.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use serde::{Deserialize, Serialize};

/// The lifetime of the record, in seconds.
const LIFETIME: u64 = 3600;

/// A confirmed pair.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoomIdentity {
    /// The address in Mattermost.
    pub address: String,
    /// The address in Zoom.
    pub zoom_address: String,
    /// Zoom's ID of the user.
    pub zoom_id: String,
    /// Zoom's ID of the account in which the user was found, or empty.
    #[serde(default)]
    pub account_id: String,
}

fn key(user_id: &str) -> String {
    format!("zoom_identity_{user_id}")
}

/// The pair of a Mattermost user, or none. It may be out of date.
pub fn load(user_id: &str) -> Result<Option<ZoomIdentity>, Error> {
    let bytes = kv::get(&key(user_id))?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Stores a confirmed pair.
pub fn save(user_id: &str, identity: &ZoomIdentity) -> Result<(), Error> {
    let bytes = serde_json::to_vec(identity).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(&key(user_id), &bytes, Some(LIFETIME), &Expected::Any)
}

/// Deletes the pair.
pub fn forget(user_id: &str) -> Result<(), Error> {
    kv::delete(&key(user_id), &Expected::Any)
}
