//! A connection of any kind: a user's own, the one for everyone, or that of a server-to-server app.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::store::account_record;
use crate::store::accounts::{self, Account, LoadError};
use crate::store::organization::{self, Organization};
use crate::store::server_token;
use crate::store::tokens::Owner;
use crate::zoom::token::Tokens;

/// A connection as it was read.
#[derive(Clone)]
pub enum Connection {
    /// A user's own connection.
    User(accounts::Stored),
    /// The connection for everyone.
    Organization(organization::Stored),
    /// A server-to-server app, which has no consent of anybody.
    App(server_token::Stored),
}

impl Connection {
    /// Loads a connection. The connection of a server-to-server app is never absent, but its token may have expired.
    pub fn load(owner: Owner<'_>, encryption_key: &[u8]) -> Result<Connection, LoadError> {
        match owner {
            Owner::User(id) => accounts::load(id, encryption_key).map(Connection::User),
            Owner::Organization => organization::load(encryption_key).map(Connection::Organization),
            Owner::App(fingerprint) => Ok(Connection::App(server_token::load(
                fingerprint,
                encryption_key,
            )?)),
        }
    }

    /// The owner of the connection.
    pub fn owner(&self) -> Owner<'_> {
        match self {
            Connection::User(stored) => Owner::User(&stored.account.user_id),
            Connection::Organization(_) => Owner::Organization,
            Connection::App(stored) => Owner::App(&stored.fingerprint),
        }
    }

    /// The tokens for Zoom's API.
    pub fn tokens(&self) -> &Tokens {
        match self {
            Connection::User(stored) => &stored.account.tokens,
            Connection::Organization(stored) => &stored.organization.tokens,
            Connection::App(stored) => &stored.tokens,
        }
    }

    /// The scopes that Zoom granted, or none if they are not known: records of the Go plugin do not have them.
    pub fn granted_scopes(&self) -> Option<Vec<&str>> {
        let scopes: Vec<_> = self.tokens().scope.split_whitespace().collect();
        (!scopes.is_empty()).then_some(scopes)
    }

    /// The email address of the connected Zoom user, or empty.
    pub fn zoom_email(&self) -> &str {
        match self {
            Connection::User(stored) => &stored.account.zoom_email,
            Connection::Organization(stored) => &stored.organization.origin.zoom_email,
            Connection::App(_) => "",
        }
    }

    /// The Site URL of the server where the connection was made, or empty.
    pub fn site(&self) -> &str {
        match self {
            Connection::User(stored) => &stored.account.site,
            Connection::Organization(stored) => &stored.organization.origin.site_url,
            Connection::App(_) => "",
        }
    }

    /// Confirms that the record has not changed, by a compare-and-set of the same value. Fails with `Conflict` if it has.
    pub fn confirm(&self) -> Result<(), Error> {
        let (key, bytes) = match self {
            Connection::User(stored) => {
                (account_record::key(&stored.account.user_id), &stored.bytes)
            }
            Connection::Organization(stored) => (organization::KEY.to_owned(), &stored.bytes),
            Connection::App(stored) => return stored.confirm(),
        };
        kv::set(&key, bytes, None, &Expected::Value(bytes.clone()))
    }

    /// Stores new tokens if the record has not changed. Fails with `Conflict` if it has.
    pub fn store_tokens(&self, tokens: Tokens, encryption_key: &[u8]) -> Result<Connection, Error> {
        match self {
            Connection::User(stored) => {
                let account = Account {
                    tokens,
                    ..stored.account.clone()
                };
                accounts::replace(stored, &account, encryption_key).map(Connection::User)
            }
            Connection::Organization(stored) => {
                let new = Organization {
                    tokens,
                    origin: stored.organization.origin.clone(),
                };
                organization::replace(stored, &new, encryption_key).map(Connection::Organization)
            }
            Connection::App(stored) => stored.replace(tokens, encryption_key).map(Connection::App),
        }
    }
}
