//! Confirms to Zoom that a user's data is deleted.
//!
//! Zoom no longer requires this call, so a job makes it only if the event asks for it. A refusal is not an error: the data
//! is deleted whatever Zoom answers.

use crate::bindings::jobs;
use crate::bindings::types::Error;
use crate::config::Config;
use crate::platform::log;
use crate::zoom;
use crate::zoom::error::kinds::Retry;
use crate::zoom::token;
use crate::zoom::webhook::deauthorization::Deauthorized;
use serde::{Deserialize, Serialize};

/// The kind of the job.
pub const KIND: &str = "compliance";
/// The number of attempts.
const ATTEMPTS: u32 = 5;
/// The delay after a failure, in seconds.
const PAUSE: u32 = 600;

/// The payload of the job: the fields of the event that the request repeats.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Job {
    user_id: String,
    account_id: String,
    client_id: String,
    user_data_retention: String,
    deauthorization_time: String,
    signature: String,
}

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Run {
    /// There is nothing more to do.
    Done,
    /// Run the job again after this many seconds.
    Again(u32),
}

fn job(event: &Deauthorized) -> Vec<u8> {
    let job = Job {
        user_id: event.user_id.clone(),
        account_id: event.account_id.clone(),
        client_id: event.client_id.clone(),
        user_data_retention: "false".to_owned(),
        deauthorization_time: event.time.clone(),
        signature: event.signature.clone(),
    };
    serde_json::to_vec(&job).unwrap_or_default()
}

/// Puts the job into the queue.
pub fn enqueue(event: &Deauthorized) -> Result<(), Error> {
    jobs::enqueue(KIND, &job(event), 0)
}

/// Makes the request. `attempt` counts from 0.
pub fn run(config: &Config, payload: &[u8], attempt: u32) -> Run {
    let Ok(job) = serde_json::from_slice::<Job>(payload) else {
        return Run::Done;
    };
    let Err(error) = token::confirm_deletion(&config.app(), body(&job)) else {
        return Run::Done;
    };
    let again = retry_delay_after(&error, attempt);
    log::warn(
        "Zoom did not accept the confirmation that a user's data was deleted. The data is deleted anyway.",
        &[("error", &error.to_string())],
    );
    again.map_or(Run::Done, Run::Again)
}

fn body(job: &Job) -> Vec<u8> {
    serde_json::json!({
        "client_id": job.client_id,
        "user_id": job.user_id,
        "account_id": job.account_id,
        "deauthorization_event_received": {
            "user_data_retention": job.user_data_retention,
            "account_id": job.account_id,
            "user_id": job.user_id,
            "signature": job.signature,
            "deauthorization_time": job.deauthorization_time,
            "client_id": job.client_id,
        },
        "compliance_completed": true,
    })
    .to_string()
    .into_bytes()
}

/// The delay before the next attempt, in seconds, or none if this was the last. `attempt` counts from 0.
fn retry_delay_after(error: &zoom::Error, attempt: u32) -> Option<u32> {
    let wait = match error.retry() {
        Retry::Never => None,
        Retry::After(seconds) => Some(seconds.max(1)),
        Retry::Later => Some(PAUSE),
    };
    wait.filter(|_| attempt + 1 < ATTEMPTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zoom::error::limit::RateLimit;

    #[test]
    fn zm060_zm112_the_request_repeats_the_event() {
        let event = Deauthorized {
            account_id: "a".into(),
            user_id: "u".into(),
            client_id: "c".into(),
            signature: "s".into(),
            time: "2026-08-06T13:50:00Z".into(),
            wants_confirmation: true,
            signed_at: 0,
        };
        let job: Job = serde_json::from_slice(&job(&event)).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body(&job)).unwrap();
        assert_eq!(json["compliance_completed"], true);
        assert_eq!(json["client_id"], "c");
        let received = &json["deauthorization_event_received"];
        assert_eq!(received["user_id"], "u");
        assert_eq!(received["user_data_retention"], "false");
        assert_eq!(received["deauthorization_time"], "2026-08-06T13:50:00Z");
    }

    #[test]
    fn f16_only_temporary_failures_are_retried() {
        let limit = RateLimit {
            wait: Some(2),
            until: None,
        };
        assert_eq!(
            retry_delay_after(&zoom::Error::RateLimited(limit), 0),
            Some(2)
        );
        assert_eq!(retry_delay_after(&zoom::Error::NotFound, 0), None);
        let tried =
            (0..10).filter(|attempt| retry_delay_after(&zoom::Error::Timeout, *attempt).is_some());
        assert_eq!(tried.count(), 4, "five times in all");
    }
}
