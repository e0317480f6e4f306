//! The job that indexes the users who connected with the Go plugin.
//!
//! The Go plugin has no index of connected users (see [`connected_users`]). The job creates it from the keys of the
//! connections, once after the first activation. It needs no settings.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::jobs;
use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::backoff::retry_delay;
use crate::platform::ids::is_id;
use crate::platform::{key_scan, log};
use crate::store::account_record;
use crate::store::connected_users;
use serde::{Deserialize, Serialize};

/// The kind of the jobs.
pub const KIND: &str = "index_connected_users";
/// The key of the mark that the index is complete.
const DONE_KEY: &str = "connected_users_indexed";

#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    page: u32,
    /// Whether this pass has added a user.
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

/// Enqueues the job, unless the index is complete.
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
                "The connected users could not be listed yet.",
                &[("error", &error.to_string())],
            );
            Outcome::RetryAfter(retry_delay(attempt))
        }
    }
}

fn index_from(work: &Work) -> Result<(), Error> {
    let (mut users, next) = key_scan::collect_keys(&account_record::key(""), work.page)?;
    users.retain(|user_id| is_id(user_id));
    let added = connected_users::add_all(&users)? || work.added;
    match next {
        Some(page) => Work { page, added }.enqueue(),
        // If a key was deleted meanwhile, another key may have moved to a page that was already read.
        None if added => Work::default().enqueue(),
        None => kv::set(DONE_KEY, b"1", None, &Expected::Any),
    }
}
