//! Random numbers from the operating system.

fn random_u64() -> u64 {
    // Without random numbers IDs would repeat, but TLS would fail long before.
    getrandom::u64().unwrap_or_default()
}

/// Thirty-two unpredictable hexadecimal digits.
pub(crate) fn random_id() -> String {
    format!("{:016x}{:016x}", random_u64(), random_u64())
}

/// A random number from 0 to `max`.
pub(crate) fn jitter(max: u64) -> u64 {
    random_u64() % max.saturating_add(1)
}
