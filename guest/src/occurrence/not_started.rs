//! Closes the card of a personal room that nobody entered in time.
//!
//! The job is enqueued when the card is posted. A late event with a start in the card's window opens the card again.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::occurrence::record;
use crate::platform::backoff::retry_delay;
use crate::platform::log;
use crate::store::occurrence_reference::{AFTER_CARD, MeetingKind, OccurrenceReference};
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "not_started";
/// The delay of the job after the window, in seconds. An event about a start at the end of the window may arrive late.
const GRACE: i64 = 60;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    number: u64,
    reference: OccurrenceReference,
}

/// Enqueues the job for a card of a personal room.
pub fn enqueue(number: u64, reference: &OccurrenceReference) -> Result<(), Error> {
    let work = Work {
        number,
        reference: reference.clone(),
    };
    let payload = serde_json::to_vec(&work).map_err(|error| Error::Invalid(error.to_string()))?;
    let delay = u32::try_from(AFTER_CARD / 1000 + GRACE).unwrap_or(u32::MAX);
    jobs::enqueue(KIND, &payload, delay)
}

/// Runs a job.
pub fn run(payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    let changed = record::change(work.number, &work.reference, |occurrence| {
        occurrence.waited |= occurrence.kind == MeetingKind::Personal;
    });
    match changed {
        Ok(_) => Outcome::Done,
        Err(error) => {
            log::warn(
                "The card of a Personal Meeting ID could not be closed yet.",
                &[("error", &error.to_string())],
            );
            Outcome::RetryAfter(retry_delay(attempt))
        }
    }
}
