//! Marks of events that are done.
//!
//! | read | answer that decides something | what happens |
//! |---|---|---|
//! | a mark | absent (a replica lags) | the effect is repeated, which does nothing |

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::digest::digest;

/// Longer than Zoom repeats a delivery, in seconds.
const SEEN: u64 = 7 * 24 * 3600;
/// What stands where something is done.
const DONE: &[u8] = b"1";

/// Marks something as done, after its effect.
pub fn mark_seen(event: &str, name: &str) -> Result<(), Error> {
    match kv::set(&seen_key(event, name), DONE, Some(SEEN), &Expected::Absent) {
        Ok(()) | Err(Error::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether it is marked as done.
pub fn seen(event: &str, name: &str) -> Result<bool, Error> {
    Ok(kv::get(&seen_key(event, name))?.as_deref() == Some(DONE))
}

fn seen_key(event: &str, name: &str) -> String {
    format!("webhook_seen_{event}_{}", digest([name], 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_of_one_event_and_one_name_and_fits_a_key() {
        let key = seen_key("app_deauthorized", "a/b+c==");
        assert_ne!(key, seen_key("app_deauthorized", "a/b+c="));
        assert_ne!(key, seen_key("other", "a/b+c=="));
        assert!(seen_key("app_deauthorized", &"x".repeat(5000)).len() <= 150);
    }
}
