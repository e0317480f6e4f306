//! An index record of the queue: which jobs wait, when they are due, and which process runs them. Pure functions.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The duration of a lease, in milliseconds. The holder renews it after a third of that time.
pub(super) const LEASE: i64 = 60_000;

/// How far the clocks of two nodes may differ, in milliseconds. A time further in the future was written by a wrong clock.
const SKEW: i64 = 60_000;

/// A waiting or running job. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    /// The earliest time to run it.
    pub(super) due: i64,
    /// The first `due`, before any postponement.
    pub(super) first_due: i64,
    /// The time at which `due` was set.
    #[serde(default)]
    pub(super) planned: i64,
    /// How often it was started.
    #[serde(default)]
    pub(super) attempts: u32,
    /// The process that runs it; empty if none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) holder: String,
    /// The end of the holder's lease.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) leased_until: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Entry {
    /// Starts an attempt of `holder`.
    pub(super) fn take(&mut self, holder: &str, leased_until: i64) {
        self.attempts = self.attempts.saturating_add(1);
        holder.clone_into(&mut self.holder);
        self.leased_until = leased_until;
    }

    /// When the job can be claimed: when it is due, or when the lease of a dead holder ends. Times that a wrong clock wrote
    /// too far in the future are ignored.
    fn available_at(&self, now: i64) -> i64 {
        let due = if self.planned > now.saturating_add(SKEW) {
            now
        } else {
            self.due
        };
        let leased_until = if self.leased_until > now.saturating_add(LEASE + SKEW) {
            now
        } else {
            self.leased_until
        };
        due.max(leased_until)
    }
}

/// The IDs of the jobs that this process runs.
pub(super) type Running = BTreeSet<String>;

/// All entries of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// Increases with each change, so that the newer of two versions can be recognized.
    #[serde(default)]
    pub(super) version: u64,
    #[serde(default)]
    pub(super) jobs: Vec<Entry>,
}

impl Index {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // Serializing strings and numbers never fails.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Claims up to `limit` available jobs for `holder`, the longest due first. Skips those that `holder` runs: it may only
    /// have failed to renew their leases.
    pub(super) fn claim(
        &mut self,
        now: i64,
        leased_until: i64,
        holder: &str,
        running: &Running,
        limit: usize,
    ) -> Vec<Entry> {
        let mut available: Vec<&mut Entry> = self
            .jobs
            .iter_mut()
            .filter(|entry| !running.contains(&entry.id) && entry.available_at(now) <= now)
            .collect();
        available.sort_by_key(|entry| entry.due);
        let taken = available.into_iter().take(limit).map(|entry| {
            entry.take(holder, leased_until);
            entry.clone()
        });
        taken.collect()
    }

    /// Renews a lease. Returns false if the holder has lost the job.
    pub(super) fn renew(&mut self, id: &str, holder: &str, leased_until: i64) -> bool {
        self.held(id, holder)
            .map(|entry| entry.leased_until = leased_until)
            .is_some()
    }

    /// Removes a finished job.
    pub(super) fn finish(&mut self, id: &str, holder: &str) -> bool {
        let before = self.jobs.len();
        self.jobs
            .retain(|entry| entry.id != id || entry.holder != holder);
        self.jobs.len() < before
    }

    /// Returns a job, to be run at `due`.
    pub(super) fn postpone(&mut self, id: &str, holder: &str, now: i64, due: i64) -> bool {
        self.held(id, holder)
            .map(|entry| {
                entry.due = due;
                entry.planned = now;
                entry.holder.clear();
                entry.leased_until = 0;
            })
            .is_some()
    }

    /// When the next job that this process does not run can be claimed.
    pub(super) fn next(&self, now: i64, running: &Running) -> Option<i64> {
        let others = self.jobs.iter();
        let others = others.filter(|entry| !running.contains(&entry.id));
        others.map(|entry| entry.available_at(now)).min()
    }

    fn held(&mut self, id: &str, holder: &str) -> Option<&mut Entry> {
        self.jobs
            .iter_mut()
            .find(|entry| entry.id == id && entry.holder == holder)
    }
}

/// The key of an index record.
pub(super) fn index_key(shard: usize) -> String {
    format!("_jobs_{shard:02}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NONE: Running = Running::new();

    fn entry(id: &str, due: i64) -> Entry {
        Entry {
            id: id.to_owned(),
            due,
            first_due: 0,
            planned: 0,
            attempts: 0,
            holder: String::new(),
            leased_until: 0,
        }
    }

    fn index(entries: &[(&str, i64)]) -> Index {
        let jobs = entries.iter().map(|(id, due)| entry(id, *due)).collect();
        Index { version: 0, jobs }
    }

    #[test]
    fn due_jobs_are_claimed_once_and_the_longest_due_first() {
        let mut index = index(&[("late", 30), ("b", 20), ("a", 10)]);
        let taken = index.claim(25, 100, "n1", &NONE, 1);
        assert_eq!((taken.len(), taken[0].id.as_str()), (1, "a"));
        assert_eq!(index.claim(25, 100, "n2", &NONE, 9)[0].id, "b");
        assert!(index.claim(25, 100, "n3", &NONE, 9).is_empty());
        assert_eq!(index.next(25, &NONE), Some(30));
    }

    #[test]
    fn the_job_of_a_dead_holder_is_available_when_its_lease_ends() {
        let mut index = index(&[("a", 10)]);
        index.claim(10, 100, "n1", &NONE, 1);
        assert!(index.claim(99, 200, "n2", &NONE, 1).is_empty());
        let again = index.claim(100, 200, "n2", &NONE, 1);
        assert_eq!((again[0].attempts, again[0].holder.as_str()), (2, "n2"));
        // The first holder was only slow: it may not touch the job any more.
        assert!(!index.renew("a", "n1", 300));
        assert!(!index.finish("a", "n1"));
        assert!(!index.postpone("a", "n1", 250, 300));
        assert!(index.finish("a", "n2") && index.jobs.is_empty());
    }

    #[test]
    fn a_process_does_not_claim_a_job_that_it_runs() {
        let mut index = index(&[("a", 10)]);
        index.claim(10, 100, "n1", &NONE, 1);
        let running = Running::from(["a".to_owned()]);
        assert!(index.claim(100, 200, "n1", &running, 1).is_empty());
        assert_eq!(index.next(100, &running), None);
        assert_eq!(index.next(100, &NONE), Some(100));
    }

    #[test]
    fn a_postponed_job_is_available_when_due() {
        let mut index = index(&[("a", 10)]);
        index.claim(10, 100, "n1", &NONE, 1);
        assert!(index.postpone("a", "n1", 20, 50));
        assert_eq!(index.next(20, &NONE), Some(50));
        assert_eq!(index.claim(50, 100, "n1", &NONE, 1)[0].attempts, 2);
    }

    #[test]
    fn times_of_a_clock_that_was_ahead_are_ignored() {
        const DAY: i64 = 24 * 3600 * 1000;
        let mut index = index(&[("a", 10)]);
        index.claim(DAY, DAY + LEASE, "n1", &NONE, 1);
        assert_eq!(index.next(20, &NONE), Some(20), "a lease of a day");
        assert_eq!(index.claim(20, 20 + LEASE, "n2", &NONE, 1).len(), 1);
        assert!(index.postpone("a", "n2", DAY, DAY + 10));
        assert_eq!(index.next(30, &NONE), Some(30), "put off by a day");
        assert_eq!(index.claim(30, 30 + LEASE, "n2", &NONE, 1).len(), 1);
        // Nodes whose clocks are a little apart believe each other.
        assert!(index.claim(31 - SKEW, 31, "n3", &NONE, 1).is_empty());
        assert!(index.postpone("a", "n2", 30 + SKEW, 40 + SKEW));
        assert!(index.claim(30, 30 + LEASE, "n3", &NONE, 1).is_empty());
    }

    proptest! {
        #[test]
        fn decoding_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Index::decode(&bytes);
        }

        #[test]
        fn an_index_round_trips(due in any::<i64>(), attempts in any::<u32>(), id in "[a-z0-9]{26}", version in any::<u64>()) {
            let index = Index { version, jobs: vec![Entry { attempts, ..entry(&id, due) }] };
            prop_assert_eq!(Index::decode(&index.encode()).unwrap(), index);
        }
    }
}
