//! Limits of one event, per kind of event.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;

use super::error::PolicyError;

/// The largest accepted limits: more than any plugin needs, and less than the process can handle.
pub(super) const MAX_MEMORY_MIB: u64 = 1_024;
pub(super) const MAX_SECONDS: u64 = 3_600;
pub(super) const MAX_HOST_CALLS: u64 = 1_000_000;
pub(super) const MAX_HOST_CALL_MIB: u64 = 4_096;
pub(super) const MAX_EVENTS: u64 = 10_000;
pub(super) const MAX_CONCURRENT_MEMORY_MIB: u64 = 65_536;
pub(super) const MAX_ANSWER_MS: u64 = 60_000;

/// The defaults.
pub(super) const HOST_CALL_MIB: u64 = 64;
pub(super) const CONCURRENT_MEMORY_MIB: u64 = 512;

pub(super) const MEBIBYTE: usize = 1024 * 1024;

/// The kinds of events. Each has its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An HTTP request.
    Request,
    /// A slash command.
    Command,
    /// Activation, deactivation, or a configuration change.
    Lifecycle,
    /// A job from the queue.
    Job,
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Command => "command",
            Self::Lifecycle => "lifecycle",
            Self::Job => "job",
        })
    }
}

/// The limits of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Linear memory of the instance, in MiB.
    pub memory_mib: usize,
    /// Wall-clock time in seconds, host calls included.
    pub seconds: u64,
    /// The number of host calls.
    pub host_calls: u32,
    /// The data that these calls transfer together, in both directions, in MiB.
    #[serde(default = "host_call_mib")]
    pub host_call_mib: u64,
}

fn host_call_mib() -> u64 {
    HOST_CALL_MIB
}

impl Limits {
    /// Linear memory in bytes.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.memory_mib.saturating_mul(MEBIBYTE)
    }

    /// The data that host calls may transfer, in bytes.
    #[must_use]
    pub fn call_bytes(&self) -> usize {
        mebibytes(self.host_call_mib)
    }

    /// Wall-clock time.
    #[must_use]
    pub fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

pub(super) fn mebibytes(count: u64) -> usize {
    usize::try_from(count).map_or(usize::MAX, |count| count.saturating_mul(MEBIBYTE))
}

/// Checks that a limit is in range.
pub(super) fn check_limit(name: &'static str, value: u64, max: u64) -> Result<(), PolicyError> {
    if (1..=max).contains(&value) {
        return Ok(());
    }
    Err(PolicyError::Limit { name, value, max })
}
