//! `/zoom disconnect`.

use super::Context;
use crate::bindings::types::Error;
use crate::oauth::disconnect::{Outcome, disconnect};
use crate::text::{self, Message};

/// Ends the user's connection, or an administrator the one for everybody, and says so.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    let outcome = disconnect(context.config, &context.person.id)?;
    let message = message(outcome, context.config.account_level);
    Ok(Some(text::plain(context.person.locale, message)))
}

fn message(outcome: Outcome, account_level: bool) -> Message {
    match (outcome, account_level) {
        (Outcome::Done, false) => Message::Disconnected,
        (Outcome::Done, true) => Message::DisconnectedForEverybody,
        (Outcome::NotRevoked, _) => Message::DisconnectedNotRevoked,
        (Outcome::Nothing, false) => Message::NotConnectedYet,
        (Outcome::Nothing, true) => Message::NotConnectedYetForEverybody,
    }
}
