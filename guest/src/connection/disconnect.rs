//! Ending a connection because somebody here wants it, or because its user was deactivated.
//!
//! The records go first: whatever Zoom answers, the connection is over. Then the grant is revoked at Zoom. That takes an
//! access token that works; where there is none, the refresh token is spent on one. A lease keeps others from spending
//! it at the same time. A grant that belongs to another server (see [`crate::store::connection_site`]) is not revoked.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::platform::{clock, log};
use crate::store::accounts::{self, Removed};
use crate::store::locks::{self, Claim};
use crate::store::organization::{self, Organization};
use crate::store::tokens::Owner;
use crate::store::{connection_site, oauth_state};
use crate::zoom;
use crate::zoom::token::{self, Tokens};

/// How often and how long to wait for a refresh that is under way: 3 seconds. Then it is too late for
/// whoever makes it: a record that is gone is not written again.
const ATTEMPTS: u32 = 10;
const PAUSE: u64 = 300;

/// What became of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was none.
    Nothing,
    /// It is over.
    Done,
    /// It is over here, and Zoom has not forgotten it.
    NotRevoked,
}

/// Ends the user's connection, or the one for everybody at an account-level app.
pub fn disconnect(config: &Config, user_id: &str) -> Result<Outcome, Error> {
    let owner = if config.account_level {
        Owner::Organization
    } else {
        Owner::User(user_id)
    };
    oauth_state::forget(user_id)?;
    end(config, owner)
}

/// Ends the own connection of a user who was deactivated or deleted in Mattermost.
pub fn retire(config: &Config, user_id: &str) {
    let ended = oauth_state::forget(user_id).and_then(|()| end(config, Owner::User(user_id)));
    match ended {
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

fn end(config: &Config, owner: Owner<'_>) -> Result<Outcome, Error> {
    let lease = lease(owner)?;
    let removed = remove(config, owner);
    if let Some(lease) = lease {
        lease.release();
    }
    Ok(match removed? {
        None => Outcome::Nothing,
        Some(Left::Shared) => Outcome::Done,
        Some(Left::Unusable) => Outcome::NotRevoked,
        Some(Left::Tokens { site, .. }) if is_elsewhere(config, &site)? => Outcome::Done,
        Some(Left::Tokens { tokens, .. }) => match give_back(config, &tokens) {
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

/// What is left of a connection whose records are gone.
enum Left {
    /// Tokens to give back.
    Tokens {
        tokens: Tokens,
        /// The Site URL of the server where they were issued.
        site: String,
    },
    /// A grant that is another Mattermost user's too and stays.
    Shared,
    /// Tokens that nobody can read any more.
    Unusable,
}

fn remove(config: &Config, owner: Owner<'_>) -> Result<Option<Left>, Error> {
    let key = &config.encryption_key;
    Ok(match owner {
        Owner::User(id) => accounts::remove(id, key)?.map(|removed| left(&removed)),
        Owner::Organization => organization::remove(key)?
            .map(|removed| removed.map_or(Left::Unusable, left_of_organization)),
    })
}

fn left(removed: &Removed) -> Left {
    match &removed.account {
        _ if removed.shared => Left::Shared,
        Some(account) => Left::Tokens {
            tokens: account.tokens.clone(),
            site: account.site.clone(),
        },
        None => Left::Unusable,
    }
}

fn left_of_organization(one: Organization) -> Left {
    Left::Tokens {
        tokens: one.tokens,
        site: one.origin.site_url,
    }
}

/// Whether a grant belongs to another server, which goes on using it.
fn is_elsewhere(config: &Config, site: &str) -> Result<bool, Error> {
    Ok(connection_site::elsewhere(site, &config.site_url)?.is_some())
}

fn lease(owner: Owner<'_>) -> Result<Option<Claim>, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        if let Some(lease) = locks::refresh(owner)? {
            return Ok(Some(lease));
        }
    }
    Ok(None)
}

/// Gives the grant back with the access token, or with a new one where that is not accepted.
fn give_back(config: &Config, tokens: &Tokens) -> Result<(), zoom::Error> {
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
    match token::refresh(&config.app(), now, &tokens.refresh) {
        Ok(fresh) => token::revoke(&config.app(), &fresh.access),
        // Zoom has forgotten the grant already.
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
