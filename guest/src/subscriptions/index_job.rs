//! The job that indexes the subscriptions of the Go plugin by channel.
//!
//! The Go plugin has no lists by channel. The job creates them from its subscriptions, once after the first activation.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::jobs;
use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::backoff::retry_delay;
use crate::platform::{key_scan, log};
use crate::store::meeting_number;
use crate::store::subscription_index::{List, add};
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "index_subscriptions";
/// The key of the mark that the lists are complete.
const DONE_KEY: &str = "subscriptions_indexed";
/// The prefix of the keys of meeting numbers' records.
const RECORDS: &str = "meeting_channel_";
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    page: u32,
    /// Whether this pass has added a subscription.
    #[serde(default)]
    added: bool,
}

impl Work {
    fn enqueue(&self) -> Result<(), Error> {
        let payload =
            serde_json::to_vec(self).map_err(|error| Error::Invalid(error.to_string()))?;
        jobs::enqueue(KIND, &payload, 0)
    }
}

/// Enqueues the job, unless the lists are complete.
pub fn enqueue() -> Result<(), Error> {
    if kv::get(DONE_KEY)?.is_some() {
        return Ok(());
    }
    Work::default().enqueue()
}

/// Runs a job.
pub fn run(payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    match index_from(&work) {
        Ok(()) => Outcome::Done,
        Err(error) => {
            log::warn(
                "The subscriptions of channels could not be listed yet.",
                &[("error", &error.to_string())],
            );
            Outcome::RetryAfter(retry_delay(attempt))
        }
    }
}

fn index_from(work: &Work) -> Result<(), Error> {
    let mut added = work.added;
    let next = key_scan::visit_keys(RECORDS, work.page, |rest| {
        let Ok(meeting_id) = rest.parse() else {
            return Ok(());
        };
        let number = meeting_number::load(meeting_id)?.unwrap_or_default();
        for follower in number.followers() {
            added |= add(List::Channel(&follower.channel_id), meeting_id)?;
        }
        Ok(())
    })?;
    match next {
        Some(page) => Work { page, added }.enqueue(),
        // If a key was deleted meanwhile, another key may have moved to a page that was already read.
        None if added => Work::default().enqueue(),
        None => kv::set(DONE_KEY, b"1", None, &Expected::Any),
    }
}
