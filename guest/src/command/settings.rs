//! `/zoom settings`.

use super::{Context, quoted};
use crate::bindings::types::Error;
use crate::meeting::settings;
use crate::oauth::session::{OpenError, Session};
use crate::oauth::{Then, invite};
use crate::text::{self, Message};

/// Shows the form, to a connected user.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    if let Some(word) = context.words.first() {
        return Ok(Some(text::text(
            context.person.locale,
            Message::CommandUnknown,
            &[("action", &quoted(word))],
        )));
    }
    match Session::open(context.config, context.person) {
        Ok(_) => settings::show(context.person, context.place).map(|()| None),
        Err(OpenError::NotConnected) => {
            invite(context.config, context.person, context.place, Then::Nothing).map(Some)
        }
        Err(OpenError::Refused(error)) => Ok(Some(error.sentence(&context.person.reader()))),
        Err(OpenError::Host(error)) => Err(error),
    }
}
