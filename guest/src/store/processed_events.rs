//! Marks of events that were processed.
//!
//! If a database replica lags behind, a mark reads as absent. The event is then processed again, which changes nothing.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::digest::digest;

/// The lifetime of a mark, in seconds. It is longer than Zoom repeats a delivery.
const LIFETIME: u64 = 7 * 24 * 3600;
/// The value of a mark.
const DONE: &[u8] = b"1";

/// Marks an event as processed. Call this after the effect.
pub fn mark_done(event: &str, name: &str) -> Result<(), Error> {
    match kv::set(&key(event, name), DONE, Some(LIFETIME), &Expected::Absent) {
        Ok(()) | Err(Error::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether an event is marked as processed.
pub fn is_done(event: &str, name: &str) -> Result<bool, Error> {
    Ok(kv::get(&key(event, name))?.as_deref() == Some(DONE))
}

fn key(event: &str, name: &str) -> String {
    format!("webhook_seen_{event}_{}", digest([name], 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_names_have_different_keys_of_limited_length() {
        let mark = key("app_deauthorized", "a/b+c==");
        assert_ne!(mark, key("app_deauthorized", "a/b+c="));
        assert_ne!(mark, key("other", "a/b+c=="));
        assert!(key("app_deauthorized", &"x".repeat(5000)).len() <= 150);
    }
}
