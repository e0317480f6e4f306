//! Deleting the records of a host's meetings, because the host removed the app at Zoom.
//!
//! The posts stay in their channels: they belong to the conversation there. A mark replaces each record, so that events
//! that are still on their way find nothing to do. Removals are rare, and an index of the meetings of each host would cost
//! a call for each start of a meeting, so a job looks through all records.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::occurrence::record;
use crate::platform::backoff::pause;
use crate::platform::{key_scan, log};
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "forget_host";
/// How much the clocks of Zoom and this server may differ, in milliseconds.
const CLOCKS: i64 = 60_000;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    host_id: String,
    /// Meetings that were created later belong to a new connection, in milliseconds.
    until: i64,
    page: u32,
    /// How often all records are still to be looked through after this.
    passes: u32,
}

/// Enqueues the job for a host, by Zoom's ID of the user. `at` is when the app was removed, in milliseconds.
pub fn enqueue(host_id: &str, at: i64) -> Result<(), Error> {
    enqueue_work(&Work {
        host_id: host_id.to_owned(),
        until: at.saturating_add(CLOCKS),
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
    let next = key_scan::keys(record::PREFIX, work.page, |id| {
        record::forget(id, &work.host_id, work.until)
    });
    let next = next.and_then(|page| match (page, work.passes) {
        (Some(page), _) => enqueue_work(&Work { page, ..work }),
        (None, 0) => Ok(()),
        // Records that expired meanwhile may have moved others to a page that was read already.
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
            Outcome::RetryAfter(pause(attempt))
        }
    }
}
