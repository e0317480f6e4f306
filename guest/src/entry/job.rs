//! Runs the jobs of the durable queue: each kind belongs to one feature.

use crate::bindings::handlers::job_handler::Outcome;
use crate::config::{self, Config};
use crate::connection::data_compliance::{self, Run};
use crate::connection::index_job as connected_users;
use crate::connection::{mode_change, notice};
use crate::occurrence::{announcement_job, delete_host_records, not_started};
use crate::platform::log;
use crate::recordings;
use crate::subscriptions::{announce, index_job};

/// How long a job waits for an administrator to correct the settings, in seconds.
const UNTIL_CONFIGURED: u32 = 300;

/// Runs a job. `attempt` counts from 1.
pub fn run(kind: &str, payload: &[u8], attempt: u32) -> Outcome {
    // This job needs no settings, and an administrator may look at its result before the settings are complete.
    if kind == connected_users::KIND {
        return connected_users::run(payload, attempt);
    }
    match config::load() {
        Ok(config) => dispatch(&config, kind, payload, attempt),
        Err(_) => Outcome::RetryAfter(UNTIL_CONFIGURED),
    }
}

fn dispatch(config: &Config, kind: &str, payload: &[u8], attempt: u32) -> Outcome {
    match kind {
        recordings::payload::KIND => recordings::job::run(config, payload),
        announcement_job::KIND => announce::run(config, payload, attempt),
        not_started::KIND => not_started::run(payload, attempt),
        notice::KIND => notice::run(payload, attempt),
        delete_host_records::KIND => delete_host_records::run(payload, attempt),
        mode_change::KIND => mode_change::run(config, payload, attempt),
        index_job::KIND => index_job::run(payload, attempt),
        data_compliance::KIND => {
            match data_compliance::run(config, payload, attempt.saturating_sub(1)) {
                Run::Done => Outcome::Done,
                Run::Again(seconds) => Outcome::RetryAfter(seconds),
            }
        }
        _ => {
            // A later version may have enqueued it before a downgrade.
            log::warn("A job of an unknown kind was dropped.", &[("kind", kind)]);
            Outcome::Done
        }
    }
}

/// Handles a job that failed for a day and will not run again.
pub fn given_up(kind: &str, payload: &[u8]) -> Outcome {
    if kind != recordings::payload::KIND {
        return Outcome::Done;
    }
    match config::load() {
        Ok(config) => recordings::job::given_up(&config, payload),
        Err(_) => Outcome::RetryAfter(UNTIL_CONFIGURED),
    }
}
