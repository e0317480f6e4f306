//! The connection of an account-level app, which serves everyone.
//!
//! `zoomSuperUserToken_` has the token's JSON, and in addition who connected it and to which Zoom account it belongs. A
//! record of the Go plugin has no such fields, and its tokens are not encrypted: it is encrypted when it is first read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::platform::log;
use crate::store::accounts::LoadError;
use crate::store::confirmed_read::{self, Decision};
use crate::store::tokens::{Owner, TokenRecord};
use crate::zoom::token::Tokens;
use serde::{Deserialize, Serialize};

/// The key of the record.
pub const KEY: &str = "zoomSuperUserToken_";

/// The origin of the connection: who made it, when, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The Mattermost user who connected it, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connected_by: String,
    /// When, in milliseconds; 0 for unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub connected_at: i64,
    /// Zoom's ID of the user who authorized the app, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zoom_user_id: String,
    /// The email address of that user, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zoom_email: String,
    /// Zoom's id of the account, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zoom_account_id: String,
    /// The Site URL of the server where it was connected, or empty (see [`super::connection_site`]).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub site_url: String,
}

impl Origin {
    /// Whether an event about this Zoom user and account is about this connection. A record without both fields matches,
    /// because an app has only one account-level connection.
    pub fn matches(&self, zoom_user_id: &str, zoom_account_id: &str) -> bool {
        if !self.zoom_account_id.is_empty() && !zoom_account_id.is_empty() {
            return self.zoom_account_id == zoom_account_id;
        }
        self.zoom_user_id.is_empty() || self.zoom_user_id == zoom_user_id
    }
}

/// The connection.
#[derive(Clone)]
pub struct Organization {
    /// The tokens for Zoom's API.
    pub tokens: Tokens,
    /// The origin of the connection.
    pub origin: Origin,
}

/// The connection as it was read, with the bytes that a later compare-and-set must find.
#[derive(Clone)]
pub struct Stored {
    /// The connection.
    pub organization: Organization,
    /// The stored bytes.
    pub bytes: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    token: TokenRecord,
    #[serde(flatten)]
    origin: Origin,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

fn encode(organization: &Organization, key: &[u8]) -> Result<Vec<u8>, HostError> {
    let record = TokenRecord::seal(&organization.tokens, Owner::Organization, key);
    let record = record.map(|token| Record {
        token,
        origin: organization.origin.clone(),
    });
    record
        .map_err(|error| error.to_string())
        .and_then(|record| serde_json::to_vec(&record).map_err(|error| error.to_string()))
        .map_err(HostError::Invalid)
}

/// Decodes a record. Also returns whether a token was in the format of the Go plugin.
pub fn decode(bytes: &[u8], key: &[u8]) -> Result<(Organization, bool), LoadError> {
    let record: Record = serde_json::from_slice(bytes)
        .map_err(|_| LoadError::Unreadable("not a connection record"))?;
    let (tokens, old) = record
        .token
        .open(Owner::Organization, key)
        .map_err(|_| LoadError::Unreadable("the encryption key was changed, or the record was"))?;
    if tokens.access.is_empty() {
        return Err(LoadError::Unreadable("a record without a token"));
    }
    let origin = record.origin;
    Ok((Organization { tokens, origin }, old))
}

/// Loads the connection. A record in the format of the Go plugin is encrypted.
pub fn load(key: &[u8]) -> Result<Stored, LoadError> {
    let bytes = read_record()?.ok_or(LoadError::Absent)?;
    let (organization, old) = decode(&bytes, key)?;
    let stored = Stored {
        organization,
        bytes,
    };
    if !old {
        return Ok(stored);
    }
    match replace(&stored, &stored.organization, key) {
        Ok(stored) => Ok(stored),
        // Another node has changed or deleted the record.
        Err(HostError::Conflict) => Ok(stored),
        Err(error) => {
            log::warn(
                "The stored Zoom connection of this server could not be encrypted in the new format yet.",
                &[("error", &error.to_string())],
            );
            Ok(stored)
        }
    }
}

/// The record. Absence is confirmed.
fn read_record() -> Result<Option<Vec<u8>>, HostError> {
    confirmed_read::read_confirmed(KEY, |stored| match stored {
        Some(bytes) => Decision::Sure(Some(bytes.to_vec())),
        None => Decision::Confirm(None),
    })
}

/// Stores a new connection and returns it, because a read may not find it yet. An older record is replaced.
pub fn save(organization: &Organization, key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(organization, key)?;
    kv::set(KEY, &bytes, None, &Expected::Any)?;
    Ok(Stored {
        organization: organization.clone(),
        bytes,
    })
}

/// Replaces the record if it has not changed since it was read.
pub fn replace(old: &Stored, new: &Organization, key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(new, key)?;
    let expected = Expected::Value(old.bytes.clone());
    kv::set(KEY, &bytes, None, &expected)?;
    Ok(Stored {
        organization: new.clone(),
        bytes,
    })
}

/// The origin of the stored connection, or none if there is no connection. This also works if the tokens cannot be
/// decrypted.
pub fn load_origin() -> Result<Option<Origin>, HostError> {
    let bytes = read_record()?;
    Ok(bytes.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()))
}

/// Deletes the connection. Returns none if there was no connection, and otherwise its content if it could be decrypted.
pub fn remove(key: &[u8]) -> Result<Option<Option<Organization>>, HostError> {
    let Some(bytes) = read_record()? else {
        return Ok(None);
    };
    // Try twice: without the tokens that were read, the grant cannot be revoked.
    kv::delete(KEY, &Expected::Any).or_else(|_| kv::delete(KEY, &Expected::Any))?;
    Ok(Some(decode(&bytes, key).ok().map(|(read, _)| read)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENCRYPTION: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn zm056_a_record_of_the_go_plugin_is_read_and_recognized() {
        let old =
            br#"{"access_token":"eyJ.access","token_type":"bearer","refresh_token":"eyJ.refresh",
            "expiry":"2026-01-02T03:04:05.678901234+01:00","expires_in":3599}"#;
        let (read, is_old) = decode(old, ENCRYPTION).ok().unwrap();
        assert!(is_old);
        assert_eq!(read.tokens.access, "eyJ.access");
        assert_eq!(read.tokens.refresh, "eyJ.refresh");
        assert_eq!(read.tokens.expiry, Some(1_767_319_445_678));
        assert_eq!(read.origin, Origin::default());
    }

    #[test]
    fn a_record_without_a_token_is_an_error() {
        assert!(decode(b"{}", ENCRYPTION).is_err());
        assert!(decode(b"null", ENCRYPTION).is_err());
    }

    #[test]
    fn d60_an_event_is_matched_by_account_then_by_user() {
        let origin = |user: &str, account: &str| Origin {
            zoom_user_id: user.into(),
            zoom_account_id: account.into(),
            ..Origin::default()
        };
        assert!(origin("u", "a").matches("another admin", "a"));
        assert!(!origin("u", "a").matches("u", "b"));
        assert!(origin("u", "").matches("u", "b"));
        assert!(!origin("u", "").matches("v", "b"));
        assert!(origin("", "").matches("v", "b"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes, ENCRYPTION);
        }
    }
}
