//! `/zoom start [meeting topic]`.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::meetings::request::StartRequest;
use crate::meetings::start;
use crate::platform::command::invocation::CommandContext;

/// Starts a meeting where the command was typed.
pub fn run(config: &Config, context: &CommandContext<'_>) -> Result<Option<String>, Error> {
    let topic = context.words.join(" ");
    let start = StartRequest {
        config,
        person: context.person,
        place: context.place,
        topic: &topic,
        connection_id: context.connection_id,
        force: false,
        by_command: true,
        choice: None,
    };
    Ok(start::message_for_user(
        &start,
        start::start_meeting(&start),
    ))
}
