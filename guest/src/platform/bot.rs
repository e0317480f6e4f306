//! The bot account of the plugin.

use crate::bindings::bots;
use crate::bindings::types::Error;

/// The ID of the bot account. The server creates the account if there is none.
pub fn bot_id() -> Result<String, Error> {
    bots::ensure()
}
