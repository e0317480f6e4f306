//! Jobs with different outcomes.
//!
//! | kind | effect |
//! |---|---|
//! | `count` | adds one to the number stored under its payload |
//! | `stumble` | traps in its first run and counts in its second |
//! | `patient` | asks to be run again after a minute, and counts in its second run |
//! | `doomed` | always traps |
//! | `nothing` | does nothing |
//! | `post` | posts as the user who enqueued it, in the channel that its payload names |

use crate::bindings::exports::mattermost::plugin::job_handler::Outcome;
use crate::bindings::mattermost::plugin::kv;
use crate::{misbehave, routes};

/// Runs a job.
pub fn run(kind: &str, payload: &[u8], attempt: u32) -> Outcome {
    let payload = String::from_utf8_lossy(payload).into_owned();
    let outcome = match (kind, attempt) {
        ("doomed", _) | ("stumble", 1) => misbehave::trap(),
        ("nothing", _) => return Outcome::Done,
        ("patient", 1) => return Outcome::RetryAfter(60),
        ("post", _) => routes::post_as_user(payload).map(drop),
        _ => routes::count(&payload).map(drop),
    };
    match outcome {
        Ok(()) => Outcome::Done,
        Err(_) => Outcome::RetryAfter(1),
    }
}

/// Records that a job was given up.
pub fn given_up(kind: &str) -> Outcome {
    match kv::set("given-up", kind.as_bytes(), None, &kv::Expected::Any) {
        Ok(()) => Outcome::Done,
        Err(_) => Outcome::RetryAfter(1),
    }
}
