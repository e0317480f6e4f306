//! The one connection of an account-level app, which serves everybody.
//!
//! `zoomSuperUserToken_` holds the token's JSON itself. Beside the token's fields it says who connected
//! it and which Zoom account it opens; a record of the existing plugin has neither, and its tokens in
//! clear: it is rewritten when it is first read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::platform::log;
use crate::store::accounts::LoadError;
use crate::store::confirmed_read::{self, Meaning};
use crate::store::tokens::{Owner, TokenRecord};
use crate::zoom::token::Tokens;
use serde::{Deserialize, Serialize};

/// Where the record is.
pub const KEY: &str = "zoomSuperUserToken_";

/// What is known of the connection besides its tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The Mattermost user who connected it, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub connected_by: String,
    /// When, in milliseconds; 0 for unknown.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub connected_at: i64,
    /// Zoom's id of the user who agreed, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zoom_user_id: String,
    /// The address of that user, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zoom_email: String,
    /// Zoom's id of the account, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zoom_account_id: String,
    /// The Site URL of the server where it was connected, or empty (see [`super::site`]).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub site_url: String,
}

impl Origin {
    /// Whether an event about this user and account of Zoom is about this connection. A record that
    /// knows neither is taken for the one meant, because an app has one account-level connection.
    pub fn is_of(&self, zoom_user_id: &str, zoom_account_id: &str) -> bool {
        if !self.zoom_account_id.is_empty() && !zoom_account_id.is_empty() {
            return self.zoom_account_id == zoom_account_id;
        }
        self.zoom_user_id.is_empty() || self.zoom_user_id == zoom_user_id
    }
}

/// The connection.
#[derive(Clone)]
pub struct Organization {
    /// What opens Zoom's API.
    pub tokens: Tokens,
    /// Where they come from.
    pub origin: Origin,
}

/// The connection as it was read, with the bytes that a later compare-and-set must find.
#[derive(Clone)]
pub struct Stored {
    /// What it says.
    pub organization: Organization,
    /// How it is stored.
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

/// Reads a record. Answers also whether any part was in the old form.
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

/// The connection. A record in the old form is rewritten on the way.
pub fn load(key: &[u8]) -> Result<Stored, LoadError> {
    let bytes = stored()?.ok_or(LoadError::Absent)?;
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
        // Somebody else rewrote, renewed or removed it.
        Err(HostError::Conflict) => Ok(stored),
        Err(error) => {
            log::warn(
                "The stored Zoom connection of this server keeps its old form for now.",
                &[("error", &error.to_string())],
            );
            Ok(stored)
        }
    }
}

/// The record; absence is confirmed.
fn stored() -> Result<Option<Vec<u8>>, HostError> {
    confirmed_read::settle(KEY, |stored| match stored {
        Some(bytes) => Meaning::Sure(Some(bytes.to_vec())),
        None => Meaning::Confirm(None),
    })
}

/// Stores a new connection, whatever was there, and answers with it as it is stored: a read may not find it yet.
pub fn save(organization: &Organization, key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(organization, key)?;
    kv::set(KEY, &bytes, None, &Expected::Any)?;
    Ok(Stored {
        organization: organization.clone(),
        bytes,
    })
}

/// Stores a change of the connection, if it still is what was read.
pub fn replace(old: &Stored, new: &Organization, key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(new, key)?;
    let expected = Expected::Value(old.bytes.clone());
    kv::set(KEY, &bytes, None, &expected)?;
    Ok(Stored {
        organization: new.clone(),
        bytes,
    })
}

/// Where the stored connection comes from, also where its tokens cannot be read; none where there is
/// no connection.
pub fn origin() -> Result<Option<Origin>, HostError> {
    let bytes = stored()?;
    Ok(bytes.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()))
}

/// Takes the connection away. Answers whether there was one, and its content if it could be read.
pub fn remove(key: &[u8]) -> Result<Option<Option<Organization>>, HostError> {
    let Some(bytes) = stored()? else {
        return Ok(None);
    };
    // Once more, because what is read here is all there is to give the grant back with.
    kv::delete(KEY, &Expected::Any).or_else(|_| kv::delete(KEY, &Expected::Any))?;
    Ok(Some(decode(&bytes, key).ok().map(|(read, _)| read)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENCRYPTION: &[u8] = b"0123456789abcdef0123456789abcdef";

    #[test]
    fn zm056_a_record_of_the_old_plugin_is_read_and_recognized() {
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
    fn a_record_without_a_token_is_no_connection() {
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
        assert!(origin("u", "a").is_of("another admin", "a"));
        assert!(!origin("u", "a").is_of("u", "b"));
        assert!(origin("u", "").is_of("u", "b"));
        assert!(!origin("u", "").is_of("v", "b"));
        assert!(origin("", "").is_of("v", "b"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes, ENCRYPTION);
        }
    }
}
