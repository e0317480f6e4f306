//! What the component gets from the machine: the time, random bytes and pauses.

use crate::bindings::log::{self, Level};
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

/// `N` bytes from the host's cryptographic generator.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    let drawn = wasi::random::random::get_random_bytes(N as u64);
    for (to, from) in bytes.iter_mut().zip(drawn) {
        *to = from;
    }
    bytes
}

/// Waits. It blocks this event and no other.
pub fn pause(milliseconds: u64) {
    std::thread::sleep(Duration::from_millis(milliseconds));
}

/// A line for the administrators' log. Never pass a token, secret or passcode.
pub fn warn(message: &str, fields: &[(&str, &str)]) {
    write(Level::Warn, message, fields);
}

/// A line that helps when something is looked into. Never pass a token, secret or passcode.
pub fn debug(message: &str, fields: &[(&str, &str)]) {
    write(Level::Debug, message, fields);
}

fn write(level: Level, message: &str, fields: &[(&str, &str)]) {
    let fields: Vec<(String, String)> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    log::write(level, message, &fields);
}
