//! Ending a connection because somebody here wants it.
//!
//! The records go first: whatever Zoom answers, the connection is over. Then Zoom gets the token back,
//! so that it forgets the grant. Zoom wants a token that works for this; where there is none, the
//! refresh token is spent on one. A lease keeps others from spending it at the same time.

use super::session::is_good;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::store::accounts::{self, Removed};
use crate::store::locks::{self, Claim};
use crate::store::oauth_state;
use crate::store::organization;
use crate::store::tokens::{Owner, Tokens};
use crate::system;
use crate::zoom::{self, token};

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
    let lease = lease(owner)?;
    let removed = remove(config, owner);
    if let Some(lease) = lease {
        lease.release();
    }
    Ok(match removed? {
        None => Outcome::Nothing,
        Some(Left::Shared) => Outcome::Done,
        Some(Left::Unusable) => Outcome::NotRevoked,
        Some(Left::Tokens(tokens)) => match give_back(config, &tokens) {
            Ok(()) => Outcome::Done,
            Err(error) => {
                system::warn(
                    "Zoom did not take a token back.",
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
    Tokens(Tokens),
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
            .map(|removed| removed.map_or(Left::Unusable, |one| Left::Tokens(one.tokens))),
    })
}

fn left(removed: &Removed) -> Left {
    match &removed.account {
        _ if removed.shared => Left::Shared,
        Some(account) => Left::Tokens(account.tokens.clone()),
        None => Left::Unusable,
    }
}

fn lease(owner: Owner<'_>) -> Result<Option<Claim>, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            system::pause(PAUSE);
        }
        if let Some(lease) = locks::refresh(owner)? {
            return Ok(Some(lease));
        }
    }
    Ok(None)
}

/// Gives the grant back with the access token, or with a new one where that is not accepted.
fn give_back(config: &Config, tokens: &Tokens) -> Result<(), zoom::Error> {
    let now = system::now_ms();
    if is_good(tokens, now, None) {
        match token::revoke(config, &tokens.access) {
            Ok(()) => return Ok(()),
            Err(error) if !is_about_the_token(&error) => return Err(error),
            Err(_) => {}
        }
    }
    if tokens.refresh.is_empty() {
        return Err(zoom::Error::NotConnected);
    }
    match token::refresh(config, now, &tokens.refresh) {
        Ok(fresh) => token::revoke(config, &fresh.access),
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
