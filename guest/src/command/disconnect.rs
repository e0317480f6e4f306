//! `/zoom disconnect`.

use super::Context;
use crate::bindings::types::Error;
use crate::oauth::disconnect::disconnect;
use crate::text::{self, Message};

/// Ends the user's connection and says so.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    let message = match disconnect(context.config, &context.person.id)? {
        true => Message::Disconnected,
        false => Message::NotConnectedYet,
    };
    Ok(Some(text::plain(context.person.locale, message)))
}
