//! One index record as this process knows it: its newest version, and when to read it again.
//!
//! A read may come from a lagging database replica, so a version older than the known one is ignored. A process that changes a
//! record knows the new version and does not need to read it before its next change.
//!
//! A process is not notified of what other processes write. It therefore reads each record every four to five minutes, and
//! when a job in it is due or a lease ends. This bounds how long the jobs of a dead process wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::index::{Index, Running};
use crate::random::jitter;

/// The interval of periodic reads. Sixteen records make at most 5,760 reads per day.
const READ_INTERVAL: Duration = Duration::from_secs(240);
/// Random addition in milliseconds, so that processes do not all read at once.
const READ_INTERVAL_JITTER: u64 = 60_000;
/// The pause after a failure of the server.
const BACKOFF: Duration = Duration::from_secs(15);
const BACKOFF_JITTER: u64 = 15_000;
/// A process that is always first would claim everything; a short delay shares the work.
const CLAIM_DELAY: Duration = Duration::from_millis(20);
/// How long a known version is trusted more than one that was read. A replica does not lag for longer.
const RECENT: Duration = Duration::from_secs(120);

/// An index record as this process knows it.
#[derive(Default)]
pub(super) struct Shard {
    /// Held during a change, so that the changes of one process do not conflict.
    pub(super) changing: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Version,
    /// When the known version was stored or read.
    known_at: Option<Instant>,
    /// When to read the record again; `None` means now.
    read_at: Option<Instant>,
    /// The end of the pause after a failure.
    back_off_until: Option<Instant>,
}

/// A version of a record: its bytes and its content.
#[derive(Clone, Debug, Default)]
pub(super) struct Version {
    pub(super) bytes: Vec<u8>,
    pub(super) index: Index,
}

impl Shard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest version that this process knows.
    pub(super) fn known(&self) -> Version {
        self.state().known.clone()
    }

    /// The lowest version number that is recent enough to decide anything.
    pub(super) fn newest(&self) -> u64 {
        if self.is_recent() {
            self.state().known.index.version
        } else {
            0
        }
    }

    /// Whether the known version was stored or read a short time ago.
    pub(super) fn is_recent(&self) -> bool {
        let known_at = self.state().known_at;
        known_at.is_some_and(|at| at.elapsed() < RECENT)
    }

    /// Remembers a version that was stored, or that was read and is recent enough.
    pub(super) fn remember(&self, version: Version) {
        let mut state = self.state();
        state.known = version;
        state.known_at = Some(Instant::now());
    }

    /// Records a successful read.
    pub(super) fn mark_read(&self) {
        let mut state = self.state();
        let pause = READ_INTERVAL + Duration::from_millis(jitter(READ_INTERVAL_JITTER));
        state.read_at = Some(Instant::now() + pause);
        state.back_off_until = None;
    }

    /// Records a failure of the server.
    pub(super) fn mark_failed(&self) {
        let pause = BACKOFF + Duration::from_millis(jitter(BACKOFF_JITTER));
        self.state().back_off_until = Some(Instant::now() + pause);
    }

    /// Makes the process read the record now.
    pub(super) fn read_now(&self) {
        let mut state = self.state();
        state.read_at = None;
        state.back_off_until = None;
    }

    /// When the next job that this process does not run can be claimed, as far as the process knows.
    pub(super) fn next(&self, now: i64, running: &Running) -> Option<i64> {
        self.state().known.index.next(now, running)
    }

    /// Whether a job can be claimed now, as far as this process knows.
    pub(super) fn has_available_job(&self, now: i64, running: &Running) -> bool {
        self.next(now, running).is_some_and(|next| next <= now)
    }

    /// How long to wait until there is something to do for the record.
    pub(super) fn wait(&self, now: i64, running: &Running) -> Duration {
        let state = self.state();
        let until = |at: Option<Instant>| {
            at.map_or(Duration::ZERO, |at| {
                at.saturating_duration_since(Instant::now())
            })
        };
        let job = state.known.index.next(now, running).map(|next| {
            let wait = u64::try_from(next.saturating_sub(now)).unwrap_or(0);
            match wait {
                0 => Duration::ZERO,
                wait => Duration::from_millis(wait) + CLAIM_DELAY,
            }
        });
        let read = until(state.read_at);
        job.map_or(read, |job| job.min(read))
            .max(until(state.back_off_until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: u64) -> Version {
        Version {
            bytes: vec![1],
            index: Index {
                version: number,
                jobs: Vec::new(),
            },
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_record_is_read_now_and_then_every_four_to_five_minutes() {
        let shard = Shard::default();
        assert_eq!(shard.wait(0, &Running::new()), Duration::ZERO);
        for _ in 0..50 {
            shard.mark_read();
            let wait = shard.wait(0, &Running::new());
            assert!((240..=300).contains(&wait.as_secs()), "{wait:?}");
        }
        shard.read_now();
        assert_eq!(shard.wait(0, &Running::new()), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_there_is_a_pause() {
        let shard = Shard::default();
        shard.mark_failed();
        let wait = shard.wait(0, &Running::new());
        assert!((15..=30).contains(&wait.as_secs()), "{wait:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_version_is_trusted_for_as_long_as_a_replica_may_lag() {
        let shard = Shard::default();
        assert_eq!(shard.newest(), 0);
        shard.remember(version(7));
        assert_eq!(shard.newest(), 7);
        tokio::time::advance(RECENT).await;
        assert_eq!(shard.newest(), 0);
    }
}
