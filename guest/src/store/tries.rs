//! How often a step of a job was tried.
//!
//! The host counts each run of a job, also one that found the step in somebody else's hands, as after the death of a
//! process, or no settings to work with. What has only so much patience counts what it really tried.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;

/// Longer than a job is tried at all, in seconds.
const KEPT: u64 = 2 * 24 * 3600;

fn key(step: &str) -> String {
    format!("job_tries_{step}")
}

/// How often it was.
pub fn of(step: &str) -> Result<u32, Error> {
    let stored = kv::get(&key(step))?.unwrap_or_default();
    let text = std::str::from_utf8(&stored).unwrap_or_default();
    Ok(text.parse().unwrap_or(0))
}

/// Notes how often it was.
pub fn note(step: &str, tries: u32) -> Result<(), Error> {
    let value = tries.to_string();
    kv::set(&key(step), value.as_bytes(), Some(KEPT), &Expected::Any)
}
