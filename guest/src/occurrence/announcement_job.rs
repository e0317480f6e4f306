//! The job that announces a meeting in the channels that follow it. [`crate::subscriptions::announce`] runs it.

use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::store::occurrence_reference::Reference;
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "announce";

/// What a job knows.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// The meeting's number.
    pub number: u64,
    /// Its occurrence.
    pub reference: Reference,
    /// When the meeting started, in milliseconds.
    pub at: i64,
}

/// Enqueues the job that announces a meeting in all channels where that is pending.
pub fn enqueue(number: u64, reference: &Reference, at: i64) -> Result<(), Error> {
    let work = Work {
        number,
        reference: reference.clone(),
        at,
    };
    let payload = serde_json::to_vec(&work).map_err(|error| Error::Invalid(error.to_string()))?;
    jobs::enqueue(KIND, &payload, 0)
}
