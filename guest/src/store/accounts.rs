//! The connection of a Mattermost user with a Zoom account.
//!
//! Two keys hold the same JSON: `zoomtoken_{user}` and `zoomtokenbyzoomid_{zoom user}`. The first is
//! the truth; the second leads from Zoom's messages to the user, and belongs to whoever connected that
//! Zoom account last. Field names are those of the existing records. Both tokens are envelopes (see
//! [`super::crypto`]); records in the old form are rewritten when they are first read.

use super::crypto::{self, Kind, NONCE};
use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::system;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A connected account.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The Mattermost user.
    pub user_id: String,
    /// Zoom's id of the account.
    pub zoom_id: String,
    /// The account's e-mail address at Zoom.
    pub zoom_email: String,
    /// What opens Zoom's API.
    pub tokens: Tokens,
}

/// What Zoom's token endpoint hands out. There is no `Debug`: it would show secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    /// Good for an hour.
    pub access: String,
    /// Good once, for the next pair.
    pub refresh: String,
    /// Usually `bearer`.
    pub kind: String,
    /// When the access token ends, in milliseconds; none for never.
    pub expiry: Option<i64>,
}

/// An account as it was read, with the bytes that a later compare-and-set must find.
#[derive(Clone)]
pub struct Stored {
    /// What it says.
    pub account: Account,
    /// How it is stored.
    pub bytes: Vec<u8>,
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The user never connected, or disconnected.
    #[error("the user is not connected")]
    Absent,
    /// There is a record that cannot be read, such as after a change of the encryption key.
    #[error("the stored connection cannot be read: {0}")]
    Unreadable(&'static str),
    /// The store did not answer.
    #[error("the store did not answer: {0}")]
    Store(#[from] HostError),
}

#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(rename = "ZoomEmail", default)]
    zoom_email: String,
    #[serde(rename = "OAuthToken")]
    token: TokenRecord,
    #[serde(rename = "UserID", default)]
    user_id: String,
    #[serde(rename = "ZoomID", default)]
    zoom_id: String,
}

#[derive(Serialize, Deserialize)]
struct TokenRecord {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    expiry: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_in: Option<serde_json::Value>,
}

/// Where the record of a Mattermost user is.
pub fn key(user_id: &str) -> String {
    format!("zoomtoken_{user_id}")
}

/// Where the record of a Zoom user is.
pub fn reverse_key(zoom_id: &str) -> String {
    format!("zoomtokenbyzoomid_{zoom_id}")
}

/// The record's bytes. The nonces are for access and refresh token.
pub fn encode(
    account: &Account,
    encryption_key: &[u8],
    nonces: [[u8; NONCE]; 2],
) -> Result<Vec<u8>, crypto::Error> {
    let [access, refresh] = nonces;
    let owner = &account.user_id;
    let record = Record {
        zoom_email: account.zoom_email.clone(),
        token: TokenRecord {
            access_token: crypto::seal(
                encryption_key,
                Kind::UserAccess,
                owner,
                access,
                &account.tokens.access,
            )?,
            token_type: account.tokens.kind.clone(),
            refresh_token: crypto::seal(
                encryption_key,
                Kind::UserRefresh,
                owner,
                refresh,
                &account.tokens.refresh,
            )?,
            expiry: format_expiry(account.tokens.expiry),
            expires_in: None,
        },
        user_id: owner.clone(),
        zoom_id: account.zoom_id.clone(),
    };
    serde_json::to_vec(&record).map_err(|_| crypto::Error::Malformed)
}

/// Reads a record of this user. Answers also whether any part was in the old form.
pub fn decode(
    bytes: &[u8],
    user_id: &str,
    encryption_key: &[u8],
) -> Result<(Account, bool), LoadError> {
    let record: Record = serde_json::from_slice(bytes)
        .map_err(|_| LoadError::Unreadable("not a connection record"))?;
    if !record.user_id.is_empty() && record.user_id != user_id {
        return Err(LoadError::Unreadable("the record belongs to another user"));
    }
    let unreadable = |_| LoadError::Unreadable("the encryption key was changed, or the record was");
    let token = record.token;
    let old_access = !crypto::is_envelope(&token.access_token);
    let access = if old_access {
        crypto::open_legacy(encryption_key, &token.access_token)
    } else {
        crypto::open(
            encryption_key,
            Kind::UserAccess,
            user_id,
            &token.access_token,
        )
    }
    .map_err(unreadable)?;
    let old_refresh = !crypto::is_envelope(&token.refresh_token);
    let refresh = if old_refresh {
        token.refresh_token
    } else {
        crypto::open(
            encryption_key,
            Kind::UserRefresh,
            user_id,
            &token.refresh_token,
        )
        .map_err(unreadable)?
    };
    let account = Account {
        user_id: user_id.to_owned(),
        zoom_id: record.zoom_id,
        zoom_email: record.zoom_email,
        tokens: Tokens {
            access,
            refresh,
            kind: token.token_type,
            expiry: parse_expiry(&token.expiry),
        },
    };
    Ok((account, old_access || old_refresh))
}

/// RFC 3339; the year 1 stands for "never", as in Go. What cannot be read counts as long ago, so that
/// the token is refreshed.
fn parse_expiry(text: &str) -> Option<i64> {
    match OffsetDateTime::parse(text, &Rfc3339) {
        Ok(time) if time.year() <= 1 => None,
        Ok(time) => Some(i64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)),
        Err(_) => Some(0),
    }
}

fn format_expiry(expiry: Option<i64>) -> String {
    const NEVER: &str = "0001-01-01T00:00:00Z";
    let time = |ms: i64| OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok();
    expiry
        .and_then(time)
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_else(|| NEVER.to_owned())
}

fn fresh_bytes(account: &Account, encryption_key: &[u8]) -> Result<Vec<u8>, HostError> {
    encode(
        account,
        encryption_key,
        [system::random(), system::random()],
    )
    .map_err(|error| HostError::Invalid(error.to_string()))
}

/// The user's account. A record in the old form is rewritten on the way.
pub fn load(user_id: &str, encryption_key: &[u8]) -> Result<Stored, LoadError> {
    let bytes = kv::get(&key(user_id))?.ok_or(LoadError::Absent)?;
    let (account, old) = decode(&bytes, user_id, encryption_key)?;
    let stored = Stored { account, bytes };
    if !old {
        return Ok(stored);
    }
    match replace(&stored, &stored.account, encryption_key) {
        Ok(stored) => Ok(stored),
        Err(error) => {
            system::warn(
                "A stored Zoom connection keeps its old encryption for now.",
                &[("error", &error.to_string())],
            );
            Ok(stored)
        }
    }
}

/// Stores a new connection, whatever was there.
pub fn save(account: &Account, encryption_key: &[u8]) -> Result<(), HostError> {
    let bytes = fresh_bytes(account, encryption_key)?;
    kv::set(&key(&account.user_id), &bytes, None, &Expected::Any)?;
    kv::set(&reverse_key(&account.zoom_id), &bytes, None, &Expected::Any)
}

/// Stores a change of a connection, if it still is what was read. The reverse record follows only
/// where it was this user's.
pub fn replace(old: &Stored, new: &Account, encryption_key: &[u8]) -> Result<Stored, HostError> {
    let bytes = fresh_bytes(new, encryption_key)?;
    kv::set(
        &key(&new.user_id),
        &bytes,
        None,
        &Expected::Value(old.bytes.clone()),
    )?;
    let reverse = kv::set(
        &reverse_key(&new.zoom_id),
        &bytes,
        None,
        &Expected::Value(old.bytes.clone()),
    );
    if let Err(error) = reverse
        && error != HostError::Conflict
    {
        system::warn(
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
    /// Whether another Mattermost user has connected the same Zoom account since.
    pub shared: bool,
}

/// Takes a user's connection away; none where there was none. The reverse record goes along only if
/// it is this user's.
pub fn remove(user_id: &str, encryption_key: &[u8]) -> Result<Option<Removed>, HostError> {
    let Some(bytes) = kv::get(&key(user_id))? else {
        return Ok(None);
    };
    let reverse = match zoom_id_of(&bytes).map(|id| reverse_key(&id)) {
        Some(key) => kv::get(&key)?.map(|bytes| (key, bytes)),
        None => None,
    };
    kv::delete(&key(user_id), &Expected::Any)?;
    let shared = reverse
        .as_ref()
        .is_some_and(|(_, bytes)| !belongs_to(bytes, user_id));
    if let Some((key, bytes)) = reverse
        && !shared
    {
        match kv::delete(&key, &Expected::Value(bytes)) {
            Ok(()) | Err(HostError::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    let account = decode(&bytes, user_id, encryption_key)
        .ok()
        .map(|(account, _)| account);
    Ok(Some(Removed { account, shared }))
}

/// Whether a stored record, in whatever form, names this user as its owner.
fn belongs_to(bytes: &[u8], user_id: &str) -> bool {
    serde_json::from_slice::<Record>(bytes).is_ok_and(|record| record.user_id == user_id)
}

/// The Zoom user that a record names, also where its tokens cannot be read.
fn zoom_id_of(bytes: &[u8]) -> Option<String> {
    serde_json::from_slice::<Record>(bytes)
        .ok()
        .map(|record| record.zoom_id)
        .filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn account() -> Account {
        Account {
            user_id: "alice".into(),
            zoom_id: "z1".into(),
            zoom_email: "alice@example.com".into(),
            tokens: Tokens {
                access: "access".into(),
                refresh: "refresh".into(),
                kind: "bearer".into(),
                expiry: Some(1_786_000_000_123),
            },
        }
    }

    #[test]
    fn a_record_comes_back_as_it_was_written() {
        let bytes = encode(&account(), KEY, [[1; NONCE], [2; NONCE]]).unwrap();
        let (read, old) = decode(&bytes, "alice", KEY).ok().unwrap();
        assert!(read == account() && !old);
    }

    #[test]
    fn field_names_are_those_of_existing_records_and_no_token_is_in_clear() {
        let bytes = encode(&account(), KEY, [[1; NONCE], [2; NONCE]]).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(json["ZoomEmail"], "alice@example.com");
        assert_eq!(json["UserID"], "alice");
        assert_eq!(json["ZoomID"], "z1");
        assert_eq!(json["OAuthToken"]["token_type"], "bearer");
        assert_eq!(json["OAuthToken"]["expiry"], "2026-08-06T07:06:40.123Z");
        for field in ["access_token", "refresh_token"] {
            assert!(
                json["OAuthToken"][field]
                    .as_str()
                    .unwrap()
                    .starts_with("v1:")
            );
        }
    }

    #[test]
    fn a_record_of_the_old_plugin_is_read_and_recognized() {
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
    }

    #[test]
    fn d17_a_record_moved_to_another_user_is_refused() {
        let bytes = encode(&account(), KEY, [[1; NONCE], [2; NONCE]]).unwrap();
        assert!(decode(&bytes, "bob", KEY).is_err());
        let forged = String::from_utf8(bytes)
            .unwrap()
            .replace(r#""UserID":"alice""#, r#""UserID":"bob""#);
        assert!(decode(forged.as_bytes(), "bob", KEY).is_err());
        assert!(belongs_to(forged.as_bytes(), "bob"));
    }

    #[test]
    fn the_year_one_means_never() {
        assert_eq!(parse_expiry("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse_expiry("nonsense"), Some(0));
        assert_eq!(format_expiry(None), "0001-01-01T00:00:00Z");
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
