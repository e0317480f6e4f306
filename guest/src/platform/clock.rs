//! The time, and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far from ours the clock of another node may be, in milliseconds. One that was further ahead has been set right
/// since, and what it has dated is of no time.
pub const SKEW: i64 = 5 * 60 * 1000;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Waits. It blocks this event and no other.
pub fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
