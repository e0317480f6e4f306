//! Ends a connection, because the user asked for it or because the user was deactivated.
//!
//! The records are deleted first, so the connection is over whatever Zoom answers. Then the grant is revoked at Zoom. That
//! needs a valid access token; if there is none, the refresh token is used to get one. A lease keeps other nodes from using
//! the refresh token at the same time. A grant that belongs to another server (see [`crate::store::connection_site`]) is
//! not revoked.

use crate::bindings::types::Error;
use crate::config::{Config, ConnectionMode};
use crate::platform::{clock, log};
use crate::store::accounts::{self, Removed};
use crate::store::locks::{self, Claim};
use crate::store::organization::{self, Organization};
use crate::store::tokens::Owner;
use crate::store::{connection_site, oauth_state, server_token};
use crate::zoom;
use crate::zoom::token::{self, Tokens};

/// Attempts and pause, in milliseconds, while another node refreshes the tokens: 3 seconds in total. After that, the other
/// node cannot store its tokens any more, because it does not write to a deleted record.
const ATTEMPTS: u32 = 10;
const PAUSE: u64 = 300;

/// The outcome for the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was no connection.
    Nothing,
    /// The connection is over.
    Done,
    /// The records are deleted, but Zoom did not revoke the grant.
    NotRevoked,
}

/// Ends the user's connection. In admin-managed mode, ends the connection for everyone. In server-to-server mode, there is
/// none.
pub fn disconnect(config: &Config, user_id: &str) -> Result<Outcome, Error> {
    let owner = match config.mode {
        ConnectionMode::UserManaged => Owner::User(user_id),
        ConnectionMode::AdminManaged => Owner::Organization,
        ConnectionMode::ServerToServer => return Ok(Outcome::Nothing),
    };
    oauth_state::forget(user_id)?;
    end_connection(config, owner)
}

/// Ends the user's own connection, in any mode.
pub fn disconnect_user(config: &Config, user_id: &str) -> Result<Outcome, Error> {
    oauth_state::forget(user_id)?;
    end_connection(config, Owner::User(user_id))
}

/// Ends the connection of a user who was deactivated or deleted in Mattermost.
pub fn disconnect_deactivated_user(config: &Config, user_id: &str) {
    match disconnect_user(config, user_id) {
        Ok(Outcome::Nothing) => {}
        Ok(_) => log::warn(
            "The Zoom connection of a user who was deactivated or deleted has been removed.",
            &[("user", user_id)],
        ),
        Err(error) => log::warn(
            "The Zoom connection of a user who was deactivated or deleted could not be removed yet.",
            &[("user", user_id), ("error", &error.to_string())],
        ),
    }
}

/// Ends a connection: deletes its records, then revokes the grant.
pub(super) fn end_connection(config: &Config, owner: Owner<'_>) -> Result<Outcome, Error> {
    let lease = wait_for_lease(owner)?;
    let removed = remove(config, owner);
    if let Some(lease) = lease {
        lease.release();
    }
    Ok(match removed? {
        None => Outcome::Nothing,
        Some(Remains::Shared) => Outcome::Done,
        Some(Remains::Unusable) => Outcome::NotRevoked,
        Some(Remains::Tokens { site, .. }) if belongs_to_other_site(config, &site)? => {
            Outcome::Done
        }
        Some(Remains::Tokens { tokens, .. }) => match revoke_grant(config, &tokens) {
            Ok(()) => Outcome::Done,
            Err(error) => {
                log::warn(
                    "Zoom did not revoke a token.",
                    &[("error", &error.to_string())],
                );
                Outcome::NotRevoked
            }
        },
    })
}

/// The remains of a connection whose records are deleted.
enum Remains {
    /// Tokens to revoke.
    Tokens {
        tokens: Tokens,
        /// The Site URL of the server that received them.
        site: String,
    },
    /// A grant that another Mattermost user also uses. It is kept.
    Shared,
    /// Tokens that cannot be decrypted.
    Unusable,
}

fn remove(config: &Config, owner: Owner<'_>) -> Result<Option<Remains>, Error> {
    let key = &config.encryption_key;
    Ok(match owner {
        Owner::User(id) => accounts::remove(id, key)?.map(|removed| remains_of_account(&removed)),
        Owner::Organization => organization::remove(key)?
            .map(|removed| removed.map_or(Remains::Unusable, remains_of_organization)),
        // The token expires within an hour, and no consent stands behind it.
        Owner::App(_) => {
            server_token::remove()?;
            None
        }
    })
}

fn remains_of_account(removed: &Removed) -> Remains {
    match &removed.account {
        _ if removed.shared => Remains::Shared,
        Some(account) => Remains::Tokens {
            tokens: account.tokens.clone(),
            site: account.site.clone(),
        },
        None => Remains::Unusable,
    }
}

fn remains_of_organization(one: Organization) -> Remains {
    Remains::Tokens {
        tokens: one.tokens,
        site: one.origin.site_url,
    }
}

/// Whether a grant belongs to another server that still uses it.
fn belongs_to_other_site(config: &Config, site: &str) -> Result<bool, Error> {
    Ok(connection_site::other_site(site, &config.site_url)?.is_some())
}

fn wait_for_lease(owner: Owner<'_>) -> Result<Option<Claim>, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        if let Some(lease) = locks::claim_refresh(owner)? {
            return Ok(Some(lease));
        }
    }
    Ok(None)
}

/// Revokes the grant with the access token, or with a new one if Zoom does not accept it.
fn revoke_grant(config: &Config, tokens: &Tokens) -> Result<(), zoom::Error> {
    let now = clock::now_ms();
    if tokens.is_good(now, None) {
        match token::revoke(&config.app(), &tokens.access) {
            Ok(()) => return Ok(()),
            Err(error) if !is_about_the_token(&error) => return Err(error),
            Err(_) => {}
        }
    }
    if tokens.refresh.is_empty() {
        return Err(zoom::Error::NotConnected);
    }
    match token::request_new_tokens(&config.app(), now, &tokens.refresh) {
        Ok(fresh) => token::revoke(&config.app(), &fresh.access),
        // The grant has already ended at Zoom.
        Err(zoom::Error::GrantEnded(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn is_about_the_token(error: &zoom::Error) -> bool {
    matches!(
        error,
        zoom::Error::GrantEnded(_) | zoom::Error::Unexpected(_)
    )
}
