//! Telling a user what became of a connection, by a job: what it is about is gone by then, so nobody would try
//! again who failed to tell.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::{self, Author};
use crate::bindings::types::Error;
use crate::bindings::{channels, jobs};
use crate::platform::backoff::pause;
use crate::platform::bot::bot_id;
use crate::platform::channels::Place;
use crate::platform::once::{self, Ran, STEP};
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::text::{self, Message};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The kind of the jobs.
pub const KIND: &str = "notice";

/// What there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// Zoom ended the user's own connection.
    Deauthorized,
    /// Zoom ended the connection for everybody.
    DeauthorizedForEverybody,
}

impl Notice {
    fn message(self) -> Message {
        match self {
            Notice::Deauthorized => Message::Deauthorized,
            Notice::DeauthorizedForEverybody => Message::DeauthorizedForEverybody,
        }
    }
}

/// What one job does.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    step: String,
    user_id: String,
    notice: Notice,
    enqueued: i64,
}

/// Stores a job. The same event tells a user once, however often this is done; `mark` names the event.
pub fn enqueue(mark: &str, user_id: &str, notice: Notice) -> Result<(), Error> {
    let work = Work {
        step: once::name([KIND, mark, user_id]),
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
    match tell(&work) {
        Ok(outcome) => outcome,
        // Somebody who is gone, or to whom the bot may not write.
        Err(error @ (Error::NotFound | Error::Denied(_) | Error::Invalid(_))) => {
            warn(
                "A user is not told what became of a connection.",
                &work,
                &error,
            );
            Outcome::Done
        }
        Err(error) => {
            warn(
                "A user could not be told yet what became of a connection.",
                &work,
                &error,
            );
            Outcome::RetryAfter(pause(attempt))
        }
    }
}

fn warn(message: &str, work: &Work, error: &Error) {
    log::warn(
        message,
        &[("user", &work.user_id), ("error", &error.to_string())],
    );
}

/// Writes to the user in their language, in the direct channel with the bot, so that they find it when they are back.
fn tell(work: &Work) -> Result<Outcome, Error> {
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
        Ran::Done(_) => Outcome::Done,
        Ran::Later(seconds) => Outcome::RetryAfter(seconds.max(1)),
    })
}
