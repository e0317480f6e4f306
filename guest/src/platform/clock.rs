//! The time, and waiting.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The largest difference between the clocks of two nodes, in milliseconds. Ignore times that are further in the future: a
/// node's clock was wrong when it wrote them.
pub const MAX_CLOCK_SKEW: i64 = 5 * 60 * 1000;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// Waits this many milliseconds. This blocks only the current event.
pub fn sleep_ms(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}
