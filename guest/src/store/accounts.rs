//! The connection of a Mattermost user with a Zoom account.
//!
//! `zoomtoken_{user}` is authoritative. The record that leads from a Zoom user to Mattermost users is a copy (see
//! [`super::zoom_user_index`]). Field names are those of the Go plugin. Both tokens are encrypted (see [`super::tokens`]);
//! a record of the Go plugin is encrypted again when it is first read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::platform::{clock, log};
use crate::store::account_record::{Record, key, parse};
use crate::store::confirmed_read::{self, Decision};
use crate::store::connected_users;
use crate::store::tokens::{Owner, TokenRecord};
use crate::store::zoom_user_index;
use crate::zoom::token::Tokens;

/// Attempts and pause, in milliseconds, if another node changes the same record or a database replica lags behind.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 150;

/// A connected account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The Mattermost user.
    pub user_id: String,
    /// Zoom's ID of the user.
    pub zoom_id: String,
    /// The user's email address at Zoom.
    pub zoom_email: String,
    /// When it was connected, in milliseconds; 0 for unknown.
    pub connected_at: i64,
    /// The Site URL of the server where it was connected, or empty (see [`super::connection_site`]).
    pub site: String,
    /// The tokens for Zoom's API.
    pub tokens: Tokens,
}

/// An account as it was read, with the bytes that a later compare-and-set must find.
#[derive(Clone)]
pub struct Stored {
    /// The account.
    pub account: Account,
    /// The stored bytes.
    pub bytes: Vec<u8>,
}

/// The reason why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no record.
    #[error("there is no connection")]
    Absent,
    /// The record cannot be read, for example after a change of the encryption key.
    #[error("the stored connection cannot be read: {0}")]
    Unreadable(&'static str),
    /// The store did not answer.
    #[error("the store did not answer: {0}")]
    Store(#[from] HostError),
}

/// The fields of a record besides its tokens. They can be read without the encryption key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSummary {
    /// Zoom's id of the account.
    pub zoom_id: String,
    /// When it was connected, in milliseconds; 0 for unknown.
    pub connected_at: i64,
}

fn encode(account: &Account, encryption_key: &[u8]) -> Result<Vec<u8>, HostError> {
    let owner = Owner::User(&account.user_id);
    let record = TokenRecord::seal(&account.tokens, owner, encryption_key);
    record
        .map_err(|error| error.to_string())
        .map(|token| record_of(account, token))
        .and_then(|record| serde_json::to_vec(&record).map_err(|error| error.to_string()))
        .map_err(HostError::Invalid)
}

fn record_of(account: &Account, token: TokenRecord) -> Record {
    Record {
        zoom_email: account.zoom_email.clone(),
        token,
        user_id: account.user_id.clone(),
        zoom_id: account.zoom_id.clone(),
        connected_at: account.connected_at,
        site: account.site.clone(),
        other_user_ids: Vec::new(),
    }
}

/// Decodes a record of this user. Also returns whether a token was in the format of the Go plugin.
pub fn decode(
    bytes: &[u8],
    user_id: &str,
    encryption_key: &[u8],
) -> Result<(Account, bool), LoadError> {
    let record = parse(bytes).ok_or(LoadError::Unreadable("not a connection record"))?;
    if !record.user_id.is_empty() && record.user_id != user_id {
        return Err(LoadError::Unreadable("the record belongs to another user"));
    }
    let owner = Owner::User(user_id);
    let (tokens, old) = record
        .token
        .open(owner, encryption_key)
        .map_err(|_| LoadError::Unreadable("the encryption key was changed, or the record was"))?;
    let account = Account {
        user_id: user_id.to_owned(),
        zoom_id: record.zoom_id,
        zoom_email: record.zoom_email,
        connected_at: record.connected_at,
        site: record.site,
        tokens,
    };
    Ok((account, old))
}

/// Loads the user's account. A record in the format of the Go plugin is encrypted again.
pub fn load(user_id: &str, encryption_key: &[u8]) -> Result<Stored, LoadError> {
    let bytes = read_record(user_id)?.ok_or(LoadError::Absent)?;
    let (account, old) = decode(&bytes, user_id, encryption_key)?;
    let stored = Stored { account, bytes };
    if !old {
        return Ok(stored);
    }
    match replace(&stored, &stored.account, encryption_key) {
        Ok(stored) => {
            // A node with the Go plugin may have stored it after the job that fills the index.
            log_index(connected_users::add(user_id));
            Ok(stored)
        }
        // Another node has changed or deleted the record.
        Err(HostError::Conflict) => Ok(stored),
        Err(error) => {
            log::warn(
                "A stored Zoom connection could not be encrypted in the new format yet.",
                &[("error", &error.to_string())],
            );
            Ok(stored)
        }
    }
}

/// The user's record. Absence is confirmed.
fn read_record(user_id: &str) -> Result<Option<Vec<u8>>, HostError> {
    confirmed_read::read_confirmed(&key(user_id), |stored| match stored {
        Some(bytes) => Decision::Sure(Some(bytes.to_vec())),
        None => Decision::Confirm(None),
    })
}

/// The fields of the user's record besides its tokens, or none if there is no record. They may be out of date.
pub fn load_summary(user_id: &str) -> Result<Option<AccountSummary>, HostError> {
    let record = confirmed_read::read(&key(user_id))?.and_then(|bytes| parse(&bytes));
    Ok(record.map(|record| AccountSummary {
        zoom_id: record.zoom_id,
        connected_at: record.connected_at,
    }))
}

/// The index of connected users only informs system admins, so a failure does not stop anything.
fn log_index(changed: Result<(), HostError>) {
    if let Err(error) = changed {
        log::warn(
            "The index of connected users could not be updated.",
            &[("error", &error.to_string())],
        );
    }
}

/// Stores a new connection and returns it, because a read may not find it yet. An older record is replaced. The copy in the
/// index is stored first: a copy without a record is harmless, but a record without a copy would not be found when Zoom
/// ends the connection.
pub fn save(account: &Account, encryption_key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(account, encryption_key)?;
    let before = load_summary(&account.user_id)?;
    log_index(connected_users::add(&account.user_id));
    zoom_user_index::add_user(&account.zoom_id, &account.user_id, &bytes)?;
    if let Err(error) = kv::set(&key(&account.user_id), &bytes, None, &Expected::Any)
        && !was_stored(&account.user_id, &bytes)
    {
        // The connection was not stored, so remove the copy.
        let _ = zoom_user_index::remove_user(&account.zoom_id, &account.user_id);
        return Err(error);
    }
    if let Some(before) = before
        && before.zoom_id != account.zoom_id
        && let Err(error) = zoom_user_index::remove_user(&before.zoom_id, &account.user_id)
    {
        log::warn(
            "The index entry of a user's previous Zoom account could not be removed.",
            &[("error", &error.to_string())],
        );
    }
    Ok(Stored {
        account: account.clone(),
        bytes,
    })
}

/// Whether the record was stored although the write failed or timed out.
fn was_stored(user_id: &str, bytes: &[u8]) -> bool {
    let expected = Expected::Value(bytes.to_vec());
    kv::set(&key(user_id), bytes, None, &expected).is_ok()
}

/// Replaces the record if it has not changed since it was read, and then updates the copy.
pub fn replace(old: &Stored, new: &Account, encryption_key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(new, encryption_key)?;
    let expected = Expected::Value(old.bytes.clone());
    kv::set(&key(&new.user_id), &bytes, None, &expected)?;
    if let Err(error) = zoom_user_index::update_copy(&new.zoom_id, &new.user_id, &old.bytes, &bytes)
    {
        log::warn(
            "The index entry of a Zoom user could not be updated.",
            &[("error", &error.to_string())],
        );
    }
    Ok(Stored {
        account: new.clone(),
        bytes,
    })
}

/// A removed connection.
pub struct Removed {
    /// The account, if its tokens could be read.
    pub account: Option<Account>,
    /// Whether another Mattermost user has connected the same Zoom account.
    pub shared: bool,
}

/// Deletes a user's record and keeps the copy. The caller deletes the copy after all records that it leads to.
pub fn remove_record(user_id: &str) -> Result<(), HostError> {
    kv::delete(&key(user_id), &Expected::Any)?;
    log_index(connected_users::remove(user_id));
    Ok(())
}

/// Deletes a user's connection. Returns none if there was none. The copy is deleted first: if this is interrupted, the
/// record is left and can be deleted again.
pub fn remove(user_id: &str, encryption_key: &[u8]) -> Result<Option<Removed>, HostError> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let Some(bytes) = read_record(user_id)? else {
            return Ok(None);
        };
        let zoom_id = parse(&bytes).map(|record| record.zoom_id);
        let shared = match zoom_id.filter(|id| !id.is_empty()) {
            Some(zoom_id) => zoom_user_index::remove_user(&zoom_id, user_id)?,
            None => false,
        };
        if delete_if_unchanged(user_id, &bytes)? {
            log_index(connected_users::remove(user_id));
            let account = decode(&bytes, user_id, encryption_key)
                .ok()
                .map(|(account, _)| account);
            return Ok(Some(Removed { account, shared }));
        }
    }
    Err(HostError::Conflict)
}

/// Deletes a record if it has not changed since it was read. Returns false if it was changed or deleted.
fn delete_if_unchanged(user_id: &str, bytes: &[u8]) -> Result<bool, HostError> {
    let remove = || kv::delete(&key(user_id), &Expected::Value(bytes.to_vec()));
    match remove() {
        Ok(()) => Ok(true),
        Err(HostError::Conflict) => Ok(false),
        // Try again: without the tokens that were read, the grant cannot be revoked. A conflict now means that the first
        // attempt succeeded.
        Err(_) => match remove() {
            Ok(()) | Err(HostError::Conflict) => Ok(true),
            Err(error) => Err(error),
        },
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::crypto::NONCE;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn account() -> Account {
        Account {
            user_id: "alice".into(),
            zoom_id: "z1".into(),
            zoom_email: "alice@example.com".into(),
            connected_at: 1_785_000_000_000,
            site: "https://chat.example.com".into(),
            tokens: Tokens {
                access: "access".into(),
                refresh: "refresh".into(),
                kind: "bearer".into(),
                expiry: Some(1_786_000_000_123),
                api_url: String::new(),
                scope: "user:read:user".into(),
            },
        }
    }

    fn bytes() -> Vec<u8> {
        let account = account();
        let nonces = [[1; NONCE], [2; NONCE]];
        let token = TokenRecord::seal_with(&account.tokens, Owner::User("alice"), KEY, nonces);
        serde_json::to_vec(&record_of(&account, token.unwrap())).unwrap()
    }

    #[test]
    fn zm054_a_record_comes_back_as_it_was_written() {
        let (read, old) = decode(&bytes(), "alice", KEY).ok().unwrap();
        assert!(read == account() && !old);
    }

    #[test]
    fn zm054_d17_field_names_are_those_of_the_go_plugin_and_tokens_are_encrypted() {
        let json: serde_json::Value = serde_json::from_slice(&bytes()).unwrap();
        assert_eq!(json["ZoomEmail"], "alice@example.com");
        assert_eq!(json["UserID"], "alice");
        assert_eq!(json["ZoomID"], "z1");
        assert_eq!(json["OAuthToken"]["token_type"], "bearer");
        assert_eq!(json["OAuthToken"]["expiry"], "2026-08-06T07:06:40.123Z");
        for field in ["access_token", "refresh_token"] {
            let token = json["OAuthToken"][field].as_str().unwrap();
            assert!(token.starts_with("v1:"));
        }
    }

    #[test]
    fn zm055_zm107_a_record_of_the_go_plugin_is_read_and_recognized() {
        let old = format!(
            r#"{{"ZoomEmail":"a@b.c","OAuthToken":{{"access_token":"{}","token_type":"bearer",
            "refresh_token":"plain","expiry":"2026-01-02T03:04:05.678901234+01:00","expires_in":3599}},
            "UserID":"alice","ZoomID":"z1"}}"#,
            "AAECAwQFBgcICQoLDA0ODykys5i7rlUHZE_0YPHm0ET-G5do0UhBZ-vB-SzbIswe"
        );
        let (account, is_old) = decode(old.as_bytes(), "alice", KEY).ok().unwrap();
        assert!(is_old);
        assert_eq!(account.tokens.access, "zoom-access-token");
        assert_eq!(account.tokens.refresh, "plain");
        assert_eq!(account.tokens.expiry, Some(1_767_319_445_678));
        assert_eq!(account.connected_at, 0);
    }

    #[test]
    fn d17_a_record_moved_to_another_user_is_refused() {
        assert!(decode(&bytes(), "bob", KEY).is_err());
        let forged = String::from_utf8(bytes())
            .unwrap()
            .replace(r#""UserID":"alice""#, r#""UserID":"bob""#);
        assert!(decode(forged.as_bytes(), "bob", KEY).is_err());
    }

    #[test]
    fn d17_the_owner_of_a_record_is_checked_before_decryption() {
        let why = |user: &str| match decode(&bytes(), user, KEY) {
            Err(LoadError::Unreadable(why)) => why,
            _ => "",
        };
        assert_eq!(why("bob"), "the record belongs to another user");
        // The earliest records of the Go plugin do not name their owner.
        let nameless = String::from_utf8(bytes()).unwrap();
        let nameless = nameless.replace(r#""UserID":"alice""#, r#""UserID":"""#);
        assert!(decode(nameless.as_bytes(), "alice", KEY).is_ok());
    }

    #[test]
    fn zm054_the_key_is_that_of_the_go_plugin() {
        assert_eq!(key("alice"), "zoomtoken_alice");
    }

    #[test]
    fn zm057_with_another_key_the_tokens_are_unreadable_but_the_summary_is_not() {
        assert!(decode(&bytes(), "alice", b"fedcba9876543210fedcba9876543210").is_err());
        assert_eq!(parse(&bytes()).unwrap().zoom_id, "z1");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, text in ".*") {
            let _ = decode(&bytes, "alice", KEY);
            let json = serde_json::json!({"OAuthToken": {"access_token": text, "refresh_token": text}});
            let _ = decode(json.to_string().as_bytes(), "alice", KEY);
        }
    }
}
