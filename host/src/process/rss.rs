//! How much memory the process has, as the system counts it.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the memory use of the process"
)]

/// Resident memory in bytes, where the system tells it.
pub(crate) fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
