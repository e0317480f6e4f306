//! The stored form of Zoom's tokens, which both kinds of connection share.
//!
//! Field names are those of the Go plugin. Both tokens are encrypted and bound to their owner (see [`super::crypto`]). The
//! Go plugin encrypts a user's access token without authentication and stores all other tokens as plain text; that format
//! is read but never written.

use crate::platform::random;
use crate::store::crypto::{self, Kind, NONCE};
use crate::zoom::token::Tokens;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The owner of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// A Mattermost user.
    User(&'a str),
    /// The connection for everyone.
    Organization,
    /// A server-to-server app: the fingerprint of its credentials (see [`super::server_token`]).
    App(&'a str),
}

impl Owner<'_> {
    /// The owner's name in keys and envelopes. User IDs have 26 characters and fingerprints 64, so none is `account` and no
    /// two owners share a name.
    pub fn name(&self) -> &str {
        match self {
            Owner::User(id) => id,
            Owner::Organization => "account",
            Owner::App(fingerprint) => fingerprint,
        }
    }

    fn access_kind(self) -> Kind {
        match self {
            Owner::User(_) => Kind::UserAccess,
            Owner::Organization => Kind::AccountAccess,
            Owner::App(_) => Kind::AppAccess,
        }
    }

    /// The kind of the refresh token, or none if there is never one.
    fn refresh_kind(self) -> Option<Kind> {
        match self {
            Owner::User(_) => Some(Kind::UserRefresh),
            Owner::Organization => Some(Kind::AccountRefresh),
            Owner::App(_) => None,
        }
    }
}

/// The stored form.
#[derive(Serialize, Deserialize)]
pub struct TokenRecord {
    #[serde(default)]
    access_token: String,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    expiry: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    api_url: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
}

impl TokenRecord {
    /// Encrypts tokens for their owner.
    pub fn seal(tokens: &Tokens, owner: Owner<'_>, key: &[u8]) -> Result<Self, crypto::Error> {
        Self::seal_with(
            tokens,
            owner,
            key,
            [random::random_bytes(), random::random_bytes()],
        )
    }

    /// Like [`TokenRecord::seal`], with the nonces for the access token and the refresh token.
    pub fn seal_with(
        tokens: &Tokens,
        owner: Owner<'_>,
        key: &[u8],
        [access, refresh]: [[u8; NONCE]; 2],
    ) -> Result<Self, crypto::Error> {
        let name = owner.name();
        let refresh = match owner.refresh_kind() {
            Some(kind) => crypto::seal(key, kind, name, refresh, &tokens.refresh)?,
            None => String::new(),
        };
        Ok(TokenRecord {
            access_token: crypto::seal(key, owner.access_kind(), name, access, &tokens.access)?,
            token_type: tokens.kind.clone(),
            refresh_token: refresh,
            expiry: format_expiry(tokens.expiry),
            api_url: tokens.api_url.clone(),
            scope: tokens.scope.clone(),
        })
    }

    /// Decrypts the tokens. Also returns whether a token was in the format of the Go plugin.
    pub fn open(self, owner: Owner<'_>, key: &[u8]) -> Result<(Tokens, bool), crypto::Error> {
        let old_access = !crypto::is_envelope(&self.access_token);
        let access = match owner {
            Owner::User(_) if old_access => crypto::open_legacy(key, &self.access_token)?,
            Owner::Organization if old_access => self.access_token,
            _ => crypto::open(key, owner.access_kind(), owner.name(), &self.access_token)?,
        };
        let old_refresh =
            owner.refresh_kind().is_some() && !crypto::is_envelope(&self.refresh_token);
        let refresh = match owner.refresh_kind() {
            None => String::new(),
            Some(_) if old_refresh => self.refresh_token,
            Some(kind) => crypto::open(key, kind, owner.name(), &self.refresh_token)?,
        };
        let tokens = Tokens {
            access,
            refresh,
            kind: self.token_type,
            expiry: parse_expiry(&self.expiry),
            api_url: self.api_url,
            scope: self.scope,
        };
        Ok((tokens, old_access || old_refresh))
    }
}

/// Parses RFC 3339. The year 1 means "never", as in Go. An unreadable time counts as expired, so that the token is
/// refreshed.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn sealed(owner: Owner<'_>) -> TokenRecord {
        let tokens = Tokens {
            access: "access".into(),
            refresh: "refresh".into(),
            ..Tokens::default()
        };
        TokenRecord::seal_with(&tokens, owner, KEY, [[1; NONCE], [2; NONCE]]).unwrap()
    }

    #[test]
    fn d17_tokens_can_be_decrypted_for_their_owner_only() {
        let (user, organization) = (Owner::User("alice"), Owner::Organization);
        let app = Owner::App("fingerprint");
        assert!(sealed(app).open(app, KEY).is_ok());
        for other in [user, organization, Owner::App("another")] {
            assert!(sealed(app).open(other, KEY).is_err());
            assert!(sealed(other).open(app, KEY).is_err());
        }
        for owner in [user, organization] {
            let (tokens, old) = sealed(owner).open(owner, KEY).ok().unwrap();
            assert_eq!((tokens.access.as_str(), old), ("access", false));
        }
        assert!(sealed(user).open(organization, KEY).is_err());
        assert!(sealed(organization).open(user, KEY).is_err());
        assert!(sealed(user).open(Owner::User("bob"), KEY).is_err());
    }

    #[test]
    fn zm107_d17_a_record_with_one_token_of_the_go_plugin_must_be_written_again() {
        let mut record = sealed(Owner::User("alice"));
        record.refresh_token = "plain".to_owned();
        let (tokens, old) = record.open(Owner::User("alice"), KEY).ok().unwrap();
        assert_eq!((tokens.refresh.as_str(), old), ("plain", true));
        let mut record = sealed(Owner::Organization);
        record.access_token = "plain".to_owned();
        let (tokens, old) = record.open(Owner::Organization, KEY).ok().unwrap();
        assert_eq!((tokens.access.as_str(), old), ("plain", true));
    }

    #[test]
    fn zm054_the_year_one_means_never() {
        assert_eq!(parse_expiry("0001-01-01T00:00:00Z"), None);
        assert_eq!(parse_expiry("nonsense"), Some(0));
        assert_eq!(format_expiry(None), "0001-01-01T00:00:00Z");
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in ".*") {
            let json = serde_json::json!({"access_token": text, "refresh_token": text, "expiry": text});
            for owner in [Owner::User("alice"), Owner::Organization, Owner::App("f")] {
                if let Ok(record) = serde_json::from_value::<TokenRecord>(json.clone()) {
                    let _ = record.open(owner, KEY);
                }
            }
        }
    }
}
