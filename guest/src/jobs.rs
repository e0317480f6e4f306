//! What is done after an event was answered: which kind of job is whose.

use crate::bindings::handlers::job_handler::Outcome;
use crate::config;
use crate::oauth::compliance::{self, Run};
use crate::recording;
use crate::system;

/// How long a job waits for an administrator to correct the settings, in seconds.
const UNTIL_CONFIGURED: u32 = 300;

/// Runs a job. `attempt` counts from 1.
pub fn run(kind: &str, payload: &[u8], attempt: u32) -> Outcome {
    let Ok(config) = config::load() else {
        return Outcome::RetryAfter(UNTIL_CONFIGURED);
    };
    match kind {
        recording::KIND => recording::run(&config, payload, attempt),
        compliance::KIND => match compliance::run(&config, payload, attempt.saturating_sub(1)) {
            Run::Done => Outcome::Done,
            Run::Again(seconds) => Outcome::RetryAfter(seconds),
        },
        _ => {
            // Of a later version, perhaps, that was replaced by this one.
            system::warn("A job of an unknown kind was dropped.", &[("kind", kind)]);
            Outcome::Done
        }
    }
}

/// Tells whom it concerns that a job failed for a day.
pub fn given_up(kind: &str, payload: &[u8]) {
    if kind == recording::KIND
        && let Ok(config) = config::load()
    {
        recording::given_up(&config, payload);
    }
}
