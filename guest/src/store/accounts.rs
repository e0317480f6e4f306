//! The connection of a Mattermost user with a Zoom account.
//!
//! `zoomtoken_{user}` is the truth; the record that leads from Zoom's messages to the user is a copy
//! (see [`super::owners`]). Field names are those of the existing records. Both tokens are envelopes
//! (see [`super::tokens`]); records in the old form are rewritten when they are first read.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::platform::{clock, log};
use crate::store::account_record::{Record, key, parse};
use crate::store::confirmed_read::{self, Meaning};
use crate::store::tokens::{Owner, TokenRecord};
use crate::store::zoom_user_index;
use crate::zoom::token::Tokens;

/// How often and how long to wait when somebody else changes the same record, or a database replica lags.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 150;

/// A connected account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The Mattermost user.
    pub user_id: String,
    /// Zoom's id of the account.
    pub zoom_id: String,
    /// The account's e-mail address at Zoom.
    pub zoom_email: String,
    /// When it was connected, in milliseconds; 0 for unknown.
    pub connected_at: i64,
    /// The Site URL of the server where it was connected, or empty (see [`super::site`]).
    pub site: String,
    /// What opens Zoom's API.
    pub tokens: Tokens,
}

/// An account as it was read, with the bytes that a later compare-and-set must find.
#[derive(Clone)]
pub struct Stored {
    /// What it says.
    pub account: Account,
    /// How it is stored.
    pub bytes: Vec<u8>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Nobody connected, or somebody disconnected.
    #[error("there is no connection")]
    Absent,
    /// There is a record that cannot be read, such as after a change of the encryption key.
    #[error("the stored connection cannot be read: {0}")]
    Unreadable(&'static str),
    /// The store did not answer.
    #[error("the store did not answer: {0}")]
    Store(#[from] HostError),
}

/// What a record says besides its tokens, so that it can be read whatever became of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
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

/// Reads a record of this user. Answers also whether any part was in the old form.
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

/// The user's account. A record in the old form is rewritten on the way.
pub fn load(user_id: &str, encryption_key: &[u8]) -> Result<Stored, LoadError> {
    let bytes = stored(user_id)?.ok_or(LoadError::Absent)?;
    let (account, old) = decode(&bytes, user_id, encryption_key)?;
    let stored = Stored { account, bytes };
    if !old {
        return Ok(stored);
    }
    match replace(&stored, &stored.account, encryption_key) {
        Ok(stored) => Ok(stored),
        // Somebody else rewrote, renewed or removed it.
        Err(HostError::Conflict) => Ok(stored),
        Err(error) => {
            log::warn(
                "A stored Zoom connection keeps its old encryption for now.",
                &[("error", &error.to_string())],
            );
            Ok(stored)
        }
    }
}

/// The user's record; absence is confirmed.
fn stored(user_id: &str) -> Result<Option<Vec<u8>>, HostError> {
    confirmed_read::settle(&key(user_id), |stored| match stored {
        Some(bytes) => Meaning::Sure(Some(bytes.to_vec())),
        None => Meaning::Confirm(None),
    })
}

/// What a user's record says besides its tokens, perhaps a moment ago; none where there is no record.
pub fn outline(user_id: &str) -> Result<Option<Outline>, HostError> {
    let record = confirmed_read::read(&key(user_id))?.and_then(|bytes| parse(&bytes));
    Ok(record.map(|record| Outline {
        zoom_id: record.zoom_id,
        connected_at: record.connected_at,
    }))
}

/// Stores a new connection, whatever was there, and answers with it as it is stored: a read may not find it yet. The
/// copy comes first: a copy that leads to nobody does no harm, while a connection without it would not hear that Zoom
/// ended it.
pub fn save(account: &Account, encryption_key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(account, encryption_key)?;
    let before = outline(&account.user_id)?;
    zoom_user_index::join(&account.zoom_id, &account.user_id, &bytes)?;
    if let Err(error) = kv::set(&key(&account.user_id), &bytes, None, &Expected::Any)
        && !is_stored(&account.user_id, &bytes)
    {
        // Nobody is told of a connection that is not there, so this copy would only lie about.
        let _ = zoom_user_index::leave(&account.zoom_id, &account.user_id);
        return Err(error);
    }
    if let Some(before) = before
        && before.zoom_id != account.zoom_id
        && let Err(error) = zoom_user_index::leave(&before.zoom_id, &account.user_id)
    {
        log::warn(
            "The record of a user's earlier Zoom account stays for now.",
            &[("error", &error.to_string())],
        );
    }
    Ok(Stored {
        account: account.clone(),
        bytes,
    })
}

/// Whether a record was stored although the answer said otherwise, or there was none.
fn is_stored(user_id: &str, bytes: &[u8]) -> bool {
    let expected = Expected::Value(bytes.to_vec());
    kv::set(&key(user_id), bytes, None, &expected).is_ok()
}

/// Stores a change of a connection, if it still is what was read. The copy follows.
pub fn replace(old: &Stored, new: &Account, encryption_key: &[u8]) -> Result<Stored, HostError> {
    let bytes = encode(new, encryption_key)?;
    let expected = Expected::Value(old.bytes.clone());
    kv::set(&key(&new.user_id), &bytes, None, &expected)?;
    if let Err(error) = zoom_user_index::follow(&new.zoom_id, &new.user_id, &old.bytes, &bytes) {
        log::warn(
            "The record that leads from Zoom to a user is behind.",
            &[("error", &error.to_string())],
        );
    }
    Ok(Stored {
        account: new.clone(),
        bytes,
    })
}

/// What was taken away.
pub struct Removed {
    /// The account, if its tokens could be read.
    pub account: Option<Account>,
    /// Whether another Mattermost user has connected the same Zoom account.
    pub shared: bool,
}

/// Takes a user's record away and leaves the copy, for who comes from the copy and takes it away after
/// all records that it leads to.
pub fn remove_record(user_id: &str) -> Result<(), HostError> {
    kv::delete(&key(user_id), &Expected::Any)
}

/// Takes a user's connection away; none where there was none. The copy goes first: what is left when this
/// is cut short is a connection that can be taken away again, and no copy that nothing leads to.
pub fn remove(user_id: &str, encryption_key: &[u8]) -> Result<Option<Removed>, HostError> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        let Some(bytes) = stored(user_id)? else {
            return Ok(None);
        };
        let zoom_id = parse(&bytes).map(|record| record.zoom_id);
        let shared = match zoom_id.filter(|id| !id.is_empty()) {
            Some(zoom_id) => zoom_user_index::leave(&zoom_id, user_id)?,
            None => false,
        };
        if remove_read(user_id, &bytes)? {
            let account = decode(&bytes, user_id, encryption_key)
                .ok()
                .map(|(account, _)| account);
            return Ok(Some(Removed { account, shared }));
        }
    }
    Err(HostError::Conflict)
}

/// Deletes a record that was read. False if it is another one by now, or was deleted, and a read did not show that.
fn remove_read(user_id: &str, bytes: &[u8]) -> Result<bool, HostError> {
    let remove = || kv::delete(&key(user_id), &Expected::Value(bytes.to_vec()));
    match remove() {
        Ok(()) => Ok(true),
        Err(HostError::Conflict) => Ok(false),
        // Once more, because what was read is all there is to give the grant back with. If the record is gone now, the
        // first answer was lost.
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
    fn zm054_d17_field_names_are_those_of_existing_records_and_no_token_is_in_clear() {
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
    fn zm055_zm107_a_record_of_the_old_plugin_is_read_and_recognized() {
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
    fn d17_a_record_says_whose_it_is_before_it_is_opened() {
        let why = |user: &str| match decode(&bytes(), user, KEY) {
            Err(LoadError::Unreadable(why)) => why,
            _ => "",
        };
        assert_eq!(why("bob"), "the record belongs to another user");
        // The earliest records of the old plugin do not say whose they are.
        let nameless = String::from_utf8(bytes()).unwrap();
        let nameless = nameless.replace(r#""UserID":"alice""#, r#""UserID":"""#);
        assert!(decode(nameless.as_bytes(), "alice", KEY).is_ok());
    }

    #[test]
    fn zm054_the_key_is_that_of_existing_records() {
        assert_eq!(key("alice"), "zoomtoken_alice");
    }

    #[test]
    fn zm057_with_another_key_a_record_is_unreadable_and_its_outline_is_not() {
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
