//! The payload of the job that announces a meeting in subscribed channels. [`crate::subscriptions::announce`] runs the job.

use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::store::occurrence_reference::OccurrenceReference;
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "announce";

/// The payload.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncementJob {
    /// The meeting's number.
    pub number: u64,
    /// The occurrence.
    pub reference: OccurrenceReference,
    /// The start of the meeting, in milliseconds.
    pub at: i64,
}

/// Enqueues the job for all channels whose announcements are pending.
pub fn enqueue(number: u64, reference: &OccurrenceReference, at: i64) -> Result<(), Error> {
    let work = AnnouncementJob {
        number,
        reference: reference.clone(),
        at,
    };
    let payload = serde_json::to_vec(&work).map_err(|error| Error::Invalid(error.to_string()))?;
    jobs::enqueue(KIND, &payload, 0)
}
