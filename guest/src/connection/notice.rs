//! Notifies a user that Zoom or a system admin ended their connection.
//!
//! A job sends the message, because the connection is deleted by then: after a failure, nothing else would remember that
//! the user must be notified.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author};
use crate::bindings::types::Error;
use crate::bindings::{channels, jobs};
use crate::platform::backoff::retry_delay;
use crate::platform::bot::bot_id;
use crate::platform::channels::Place;
use crate::platform::once::{self, STEP, StepResult};
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::text::{self, Message};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The kind of the jobs.
pub const KIND: &str = "notice";

/// The message to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Zoom ended the user's own connection.
    Deauthorized,
    /// Zoom ended the connection for everybody.
    DeauthorizedForEverybody,
    /// A system admin ended the user's own connection.
    DisconnectedByAdmin,
}

impl Notice {
    fn message(self) -> Message {
        match self {
            Notice::Deauthorized => Message::Deauthorized,
            Notice::DeauthorizedForEverybody => Message::DeauthorizedForEverybody,
            Notice::DisconnectedByAdmin => Message::DisconnectedByAdmin,
        }
    }
}

/// The payload of the job.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    step: String,
    user_id: String,
    notice: Notice,
    enqueued: i64,
}

/// Enqueues the job. `mark` identifies the event: the user is notified once for each event.
pub fn enqueue(mark: &str, user_id: &str, notice: Notice) -> Result<(), Error> {
    let work = Work {
        step: once::step_name([KIND, mark, user_id]),
        user_id: user_id.to_owned(),
        notice,
        enqueued: clock::now_ms(),
    };
    let payload = serde_json::to_vec(&work).map_err(|error| Error::Invalid(error.to_string()))?;
    jobs::enqueue(KIND, &payload, 0)
}

/// Runs a job.
pub fn run(payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    match send_notice(&work) {
        Ok(outcome) => outcome,
        // The user does not exist any more, or the bot may not write to them.
        Err(error @ (Error::NotFound | Error::Denied(_) | Error::Invalid(_))) => {
            warn(
                "A user cannot be notified of the end of a connection.",
                &work,
                &error,
            );
            Outcome::Done
        }
        Err(error) => {
            warn(
                "A user could not be notified yet of the end of a connection.",
                &work,
                &error,
            );
            Outcome::RetryAfter(retry_delay(attempt))
        }
    }
}

fn warn(message: &str, work: &Work, error: &Error) {
    log::warn(
        message,
        &[("user", &work.user_id), ("error", &error.to_string())],
    );
}

/// Posts the message in the user's language in the direct channel with the bot, so that the user finds it later.
fn send_notice(work: &Work) -> Result<Outcome, Error> {
    let person = Person::load(&work.user_id)?;
    let bot_id = bot_id()?;
    let channel = channels::direct(&person.id, &bot_id)?;
    let ran = once::once(&work.step, &channel.id, work.enqueued, |run| {
        let place = Place {
            channel_id: &channel.id,
            root_id: "",
        };
        let message = text::plain(person.locale, work.notice.message());
        let props = json!({STEP: run.name}).to_string();
        posts::create(Author::Bot, &place.draft(message, "", props))
    })?;
    Ok(match ran {
        StepResult::Done(_) => Outcome::Done,
        StepResult::Later(seconds) => Outcome::RetryAfter(seconds.max(1)),
    })
}
