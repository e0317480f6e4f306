//! The access token of a server-to-server app, kept until it expires so that not every event requests one.
//!
//! The owner in the envelope is the fingerprint of the credentials with which the token was requested. A token of other
//! credentials cannot be decrypted and counts as absent, so changed settings take effect at once. The record does not contain
//! the fingerprint. It is deleted by the server when the token expires.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::platform::clock;
use crate::platform::digest::digest;
use crate::store::confirmed_read;
use crate::store::tokens::{Owner, TokenRecord};
use crate::zoom::token::{App, Tokens};
use serde::{Deserialize, Serialize};

/// The key of the record.
pub const KEY: &str = "server_to_server_token";
/// The lifetime of the record of a token without expiry, in seconds.
const DEFAULT_LIFETIME: u64 = 3600;

/// A token as it was read.
#[derive(Clone)]
pub struct Stored {
    /// The fingerprint of the credentials to which the token belongs.
    pub fingerprint: String,
    /// The token. Without a usable record, it is empty and has expired.
    pub tokens: Tokens,
    /// When the token was requested, in milliseconds.
    pub requested_at: i64,
    /// The stored bytes, or none if there is no record.
    bytes: Option<Vec<u8>>,
}

#[derive(Serialize, Deserialize)]
struct Record {
    #[serde(flatten)]
    token: TokenRecord,
    #[serde(default)]
    requested_at: i64,
}

/// The fingerprint of an app's credentials and its account: 64 hexadecimal digits.
pub fn fingerprint(app: &App<'_>, account_id: &str) -> String {
    let parts = [
        "server-to-server",
        app.accounts_url,
        app.client_id,
        app.client_secret,
        account_id,
    ];
    digest(parts, 32)
}

/// Loads the token of these credentials.
pub fn load(fingerprint: &str, encryption_key: &[u8]) -> Result<Stored, HostError> {
    let bytes = confirmed_read::read(KEY)?;
    let read = bytes.as_deref();
    let read = read.and_then(|bytes| decode(bytes, fingerprint, encryption_key));
    let (tokens, requested_at) = read.unwrap_or_else(|| (none(), 0));
    Ok(Stored {
        fingerprint: fingerprint.to_owned(),
        tokens,
        requested_at,
        bytes,
    })
}

fn none() -> Tokens {
    Tokens {
        expiry: Some(0),
        ..Tokens::default()
    }
}

fn decode(bytes: &[u8], fingerprint: &str, encryption_key: &[u8]) -> Option<(Tokens, i64)> {
    let record: Record = serde_json::from_slice(bytes).ok()?;
    let owner = Owner::App(fingerprint);
    let (tokens, plain) = record.token.open(owner, encryption_key).ok()?;
    (!plain && !tokens.access.is_empty()).then_some((tokens, record.requested_at))
}

impl Stored {
    /// Confirms that the record has not changed since it was read. Fails with `Conflict` if it has.
    pub fn confirm(&self) -> Result<(), HostError> {
        let lifetime = lifetime(&self.tokens, clock::now_ms());
        confirmed_read::confirm(KEY, self.bytes.as_deref(), Some(lifetime))
    }

    /// Stores a new token of the same credentials. The holder of the lease calls this, so it replaces whatever is there.
    pub fn replace(&self, tokens: Tokens, encryption_key: &[u8]) -> Result<Stored, HostError> {
        let now = clock::now_ms();
        let new = self.with(tokens, now);
        let record = TokenRecord::seal(&new.tokens, Owner::App(&new.fingerprint), encryption_key);
        let bytes = record
            .map_err(|error| error.to_string())
            .and_then(|token| {
                let record = Record {
                    token,
                    requested_at: now,
                };
                serde_json::to_vec(&record).map_err(|error| error.to_string())
            })
            .map_err(HostError::Invalid)?;
        let lifetime = lifetime(&new.tokens, now);
        kv::set(KEY, &bytes, Some(lifetime), &Expected::Any)?;
        Ok(Stored {
            bytes: Some(bytes),
            ..new
        })
    }

    /// The same credentials with another token, which is not stored.
    pub fn with(&self, tokens: Tokens, requested_at: i64) -> Stored {
        Stored {
            fingerprint: self.fingerprint.clone(),
            tokens,
            requested_at,
            bytes: None,
        }
    }

    /// Deletes the record if it has not changed since it was read.
    pub fn forget(&self) -> Result<(), HostError> {
        let Some(bytes) = &self.bytes else {
            return Ok(());
        };
        match kv::delete(KEY, &Expected::Value(bytes.clone())) {
            Err(HostError::Conflict) => Ok(()),
            result => result,
        }
    }
}

/// The remaining lifetime of a token, in seconds.
fn lifetime(tokens: &Tokens, now: i64) -> u64 {
    let left = tokens
        .expiry
        .map(|expiry| expiry.saturating_sub(now) / 1000);
    match left {
        Some(seconds) => u64::try_from(seconds).unwrap_or(0).max(1),
        None => DEFAULT_LIFETIME,
    }
}

/// Whether there is a token of any credentials.
pub fn exists() -> Result<bool, HostError> {
    Ok(confirmed_read::read(KEY)?.is_some())
}

/// Deletes the token, whatever its credentials are.
pub fn remove() -> Result<(), HostError> {
    kv::delete(KEY, &Expected::Any)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ENCRYPTION: &[u8] = b"0123456789abcdef0123456789abcdef";
    const APP: App<'_> = App {
        accounts_url: "https://zoom.us",
        api_url: "https://api.zoom.us/v2",
        client_id: "id",
        client_secret: "secret",
    };

    fn record(fingerprint: &str) -> Vec<u8> {
        let tokens = Tokens {
            access: "access".into(),
            expiry: Some(1_786_000_000_000),
            scope: "user:read:user:admin".into(),
            ..Tokens::default()
        };
        let nonces = [[1; crate::store::crypto::NONCE]; 2];
        let owner = Owner::App(fingerprint);
        let token = TokenRecord::seal_with(&tokens, owner, ENCRYPTION, nonces).unwrap();
        let record = Record {
            token,
            requested_at: 7,
        };
        serde_json::to_vec(&record).unwrap()
    }

    #[test]
    fn a_token_belongs_to_its_credentials_and_no_others() {
        let ours = fingerprint(&APP, "account");
        let (tokens, requested_at) = decode(&record(&ours), &ours, ENCRYPTION).unwrap();
        assert_eq!((tokens.access.as_str(), requested_at), ("access", 7));
        assert_eq!(tokens.scope, "user:read:user:admin");
        let changed = [
            App {
                client_id: "other",
                ..APP
            },
            App {
                client_secret: "other",
                ..APP
            },
            App {
                accounts_url: "https://zoomgov.com",
                ..APP
            },
        ];
        let mut others = changed.map(|app| fingerprint(&app, "account")).to_vec();
        others.push(fingerprint(&APP, "other"));
        for other in others {
            assert!(decode(&record(&ours), &other, ENCRYPTION).is_none());
        }
        let text = String::from_utf8(record(&ours)).unwrap();
        for hidden in ["\"access\"", "secret", ours.as_str()] {
            assert!(!text.contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_token_that_is_not_encrypted_is_not_used() {
        let ours = fingerprint(&APP, "account");
        let plain =
            br#"{"access_token":"planted","token_type":"bearer","expiry":"2099-01-01T00:00:00Z"}"#;
        assert!(decode(plain, &ours, ENCRYPTION).is_none());
    }

    #[test]
    fn a_record_lives_as_long_as_its_token() {
        let lifetime = |expiry| {
            let tokens = Tokens {
                expiry,
                ..Tokens::default()
            };
            lifetime(&tokens, 1_000_000)
        };
        assert_eq!(lifetime(Some(4_600_000)), 3600);
        assert_eq!(lifetime(Some(0)), 1);
        assert_eq!(lifetime(None), DEFAULT_LIFETIME);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes, "fingerprint", ENCRYPTION);
        }
    }
}
