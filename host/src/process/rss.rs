//! The resident memory (RSS) of the process.
#![expect(
    clippy::disallowed_methods,
    reason = "reads the memory use of the process"
)]

/// The resident memory in bytes; `None` if the system does not report it.
pub(super) fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}
