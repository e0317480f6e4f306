//! Ending a user's connection.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::store::accounts::{self, Removed};
use crate::system;
use crate::zoom::token;

/// Deletes the user's records and gives the token back to Zoom. Answers whether there were any.
///
/// The records go first: whatever Zoom answers, the user is disconnected. When another Mattermost
/// user has since connected the same Zoom account, the grant is that user's too and stays.
pub fn disconnect(config: &Config, user_id: &str) -> Result<bool, Error> {
    let Some(Removed { account, shared }) = accounts::remove(user_id, &config.encryption_key)?
    else {
        return Ok(false);
    };
    if let Some(account) = account
        && !shared
        && let Err(error) = token::revoke(config, &account.tokens.access)
    {
        system::warn(
            "Zoom did not take a token back.",
            &[("error", &error.to_string())],
        );
    }
    Ok(true)
}
