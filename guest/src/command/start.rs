//! `/zoom start [meeting topic]`.

use super::Context;
use crate::bindings::types::Error;
use crate::meeting::start::{self, Start};

/// Starts a meeting where the command was typed.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    let topic = context.words.join(" ");
    let start = Start {
        config: context.config,
        person: context.person,
        place: context.place,
        topic: &topic,
        connection_id: context.connection_id,
        force: false,
        by_command: true,
        choice: None,
    };
    Ok(start::message(&start, start::run(&start)))
}
