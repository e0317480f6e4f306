//! Deletes the records of a host's meetings after the host removed the app at Zoom.
//!
//! The posts stay in their channels, because they belong to the conversations there. A tombstone replaces each record, so
//! that late events change nothing. Removals are rare, and an index by host would cost a call for each start, so a job
//! reads all records.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::occurrence::record;
use crate::platform::backoff::retry_delay;
use crate::platform::{key_scan, log};
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "forget_host";
/// The largest difference between the clocks of Zoom and this server, in milliseconds.
const CLOCK_TOLERANCE: i64 = 60_000;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    host_id: String,
    /// Records created later belong to a new connection, in milliseconds.
    until: i64,
    page: u32,
    /// The number of passes over all records after this one.
    passes: u32,
}

/// Enqueues the job for a host, by Zoom's ID of the user. `at` is the time of the removal, in milliseconds.
pub fn enqueue(host_id: &str, at: i64) -> Result<(), Error> {
    enqueue_work(&Work {
        host_id: host_id.to_owned(),
        until: at.saturating_add(CLOCK_TOLERANCE),
        page: 0,
        passes: 1,
    })
}

fn enqueue_work(work: &Work) -> Result<(), Error> {
    let payload = serde_json::to_vec(work).map_err(|error| Error::Invalid(error.to_string()))?;
    jobs::enqueue(KIND, &payload, 0)
}

/// Runs a job.
pub fn run(payload: &[u8], attempt: u32) -> Outcome {
    let Ok(work) = serde_json::from_slice::<Work>(payload) else {
        return Outcome::Done;
    };
    let next = key_scan::visit_keys(record::PREFIX, work.page, |id| {
        record::delete_for_host(id, &work.host_id, work.until)
    });
    let next = next.and_then(|page| match (page, work.passes) {
        (Some(page), _) => enqueue_work(&Work { page, ..work }),
        (None, 0) => Ok(()),
        // If records expired meanwhile, other records may have moved to a page that was already read.
        (None, passes) => enqueue_work(&Work {
            page: 0,
            passes: passes.saturating_sub(1),
            ..work
        }),
    });
    match next {
        Ok(()) => Outcome::Done,
        Err(error) => {
            log::warn(
                "The records of a Zoom user's meetings could not be deleted yet.",
                &[("error", &error.to_string())],
            );
            Outcome::RetryAfter(retry_delay(attempt))
        }
    }
}
