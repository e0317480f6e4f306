//! One index record as this process knows it: its newest version, and when to look at it again.
//!
//! A read of the server may come from a database replica that lags, so a version that is older than the known one is
//! ignored. A process that changes a record knows the new version and needs no read before its next change.
//!
//! Nobody tells a process what other processes write. So a process reads each record every four to five minutes, and
//! when a job in it is due or the lease of its holder ends. This limits how long a job of a process that died can wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::index::{Index, Running};
use super::queue::jitter;

/// Between two looks at a record that nobody asked for. Sixteen records make 5,760 reads in a day at most.
const LOOK: Duration = Duration::from_secs(240);
/// How much longer it may be, in milliseconds, so that processes do not all look at once.
const LOOK_SPREAD: u64 = 60_000;
/// After a failure of the server.
const REST: Duration = Duration::from_secs(15);
const REST_SPREAD: u64 = 15_000;
/// A process that always comes first would take everything; a little patience shares the work.
const PATIENCE: Duration = Duration::from_millis(20);
/// For how long a known version is believed to be newer than one that was read. A replica does not lag for longer.
const BELIEVED: Duration = Duration::from_secs(120);

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
    /// When to read the record again; none for at once.
    look_at: Option<Instant>,
    /// Until when nothing is tried, because the server failed.
    rest_until: Option<Instant>,
}

/// A version of a record: as it is stored, and what it says.
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

    /// The least number that a version has which is not too old to decide anything.
    pub(super) fn newest(&self) -> u64 {
        if self.is_believed() {
            self.state().known.index.version
        } else {
            0
        }
    }

    /// Whether the known version was stored or read a short time ago.
    pub(super) fn is_believed(&self) -> bool {
        let known_at = self.state().known_at;
        known_at.is_some_and(|at| at.elapsed() < BELIEVED)
    }

    /// Remembers a version that was stored, or that was read and is not too old.
    pub(super) fn remember(&self, version: Version) {
        let mut state = self.state();
        state.known = version;
        state.known_at = Some(Instant::now());
    }

    /// Notes that the record was read.
    pub(super) fn looked(&self) {
        let mut state = self.state();
        let pause = LOOK + Duration::from_millis(jitter(LOOK_SPREAD));
        state.look_at = Some(Instant::now() + pause);
        state.rest_until = None;
    }

    /// Notes that the server failed.
    pub(super) fn failed(&self) {
        let pause = REST + Duration::from_millis(jitter(REST_SPREAD));
        self.state().rest_until = Some(Instant::now() + pause);
    }

    /// Makes the process read the record at once.
    pub(super) fn look_at_once(&self) {
        let mut state = self.state();
        state.look_at = None;
        state.rest_until = None;
    }

    /// When the next job is free, as far as this process knows, without those that it runs.
    pub(super) fn next(&self, now: i64, running: &Running) -> Option<i64> {
        self.state().known.index.next(now, running)
    }

    /// Whether a job is free now, as far as this process knows.
    pub(super) fn has_free_job(&self, now: i64, running: &Running) -> bool {
        self.next(now, running).is_some_and(|next| next <= now)
    }

    /// How long there is nothing to do about the record.
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
                wait => Duration::from_millis(wait) + PATIENCE,
            }
        });
        let look = until(state.look_at);
        job.map_or(look, |job| job.min(look))
            .max(until(state.rest_until))
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
    async fn a_record_is_read_at_once_and_then_every_four_to_five_minutes() {
        let shard = Shard::default();
        assert_eq!(shard.wait(0, &Running::new()), Duration::ZERO);
        for _ in 0..50 {
            shard.looked();
            let wait = shard.wait(0, &Running::new());
            assert!((240..=300).contains(&wait.as_secs()), "{wait:?}");
        }
        shard.look_at_once();
        assert_eq!(shard.wait(0, &Running::new()), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_failure_nothing_is_tried_for_a_while() {
        let shard = Shard::default();
        shard.failed();
        let wait = shard.wait(0, &Running::new());
        assert!((15..=30).contains(&wait.as_secs()), "{wait:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_known_version_outlives_the_lag_of_a_replica_and_not_the_loss_of_the_record() {
        let shard = Shard::default();
        assert_eq!(shard.newest(), 0);
        shard.remember(version(7));
        assert_eq!(shard.newest(), 7);
        tokio::time::advance(BELIEVED).await;
        assert_eq!(shard.newest(), 0);
    }
}
