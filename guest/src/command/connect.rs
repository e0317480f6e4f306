//! `/zoom connect`.

use super::Context;
use crate::bindings::types::Error;
use crate::oauth::session::{OpenError, Session};
use crate::oauth::{Then, invite};
use crate::text::{self, Message};
use crate::zoom;

/// Answers with the link, unless the user has a connection that works. Zoom is asked, because a grant
/// may have been revoked there; while Zoom cannot say, the connection counts as working.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    match Session::open(context.config, context.person) {
        Ok(mut session) => match session.call(|client| client.me()) {
            Err(zoom::Error::NotConnected) => {}
            _ => return Ok(Some(already(context, session.zoom_email()))),
        },
        Err(OpenError::Refused(_)) => return Ok(Some(already(context, ""))),
        Err(OpenError::NotConnected) => {}
        Err(OpenError::Host(error)) => return Err(error),
    }
    invite(context.config, context.person, context.place, Then::Nothing).map(Some)
}

fn already(context: &Context<'_>, email: &str) -> String {
    let message = if context.config.account_level {
        Message::AlreadyConnectedForEverybody
    } else {
        Message::AlreadyConnected
    };
    text::text(context.person.locale, message, &[("email", email)])
}
