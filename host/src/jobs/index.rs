//! An index record of the queue: which jobs wait, when they are due, and who works on them. Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// How long a holder is believed to be alive, in milliseconds. It renews at a third of it.
pub(super) const LEASE: i64 = 60_000;
/// How far the clocks of two nodes may be apart, in milliseconds. A time that is further ahead was written
/// by a clock that was wrong.
const SKEW: i64 = 60_000;

/// A waiting job. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    /// Not to be run before.
    pub(super) due: i64,
    /// Before it was put off for the first time.
    pub(super) first_due: i64,
    /// When `due` was set.
    #[serde(default)]
    pub(super) planned: i64,
    /// How often it was begun.
    #[serde(default)]
    pub(super) attempts: u32,
    /// Who works on it; empty for nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) holder: String,
    /// Until when the holder may be believed to be alive.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) leased_until: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Entry {
    /// Begins it for `holder`.
    pub(super) fn take(&mut self, holder: &str, leased_until: i64) {
        self.attempts = self.attempts.saturating_add(1);
        holder.clone_into(&mut self.holder);
        self.leased_until = leased_until;
    }

    /// When somebody may begin it: when it is due, or when the lease of a dead holder ends. What was
    /// written by a clock that was ahead, and has been set right since, binds nobody.
    fn free_at(&self, now: i64) -> i64 {
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

/// The IDs of the jobs that a process runs.
pub(super) type Running = BTreeSet<String>;

/// All entries of one record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Index {
    /// Grows with each change, so that of two versions the newer one is known.
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
        // Strings and numbers always become JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Takes up to `room` jobs that are free now for `holder`, the longest due first. Leaves those that `holder` runs: it
    /// may only have failed to renew their leases.
    pub(super) fn claim(
        &mut self,
        now: i64,
        leased_until: i64,
        holder: &str,
        running: &Running,
        room: usize,
    ) -> Vec<Entry> {
        let mut free: Vec<&mut Entry> = self
            .jobs
            .iter_mut()
            .filter(|entry| !running.contains(&entry.id) && entry.free_at(now) <= now)
            .collect();
        free.sort_by_key(|entry| entry.due);
        let taken = free.into_iter().take(room).map(|entry| {
            entry.take(holder, leased_until);
            entry.clone()
        });
        taken.collect()
    }

    /// Prolongs a lease. False where the job is not the holder's any more.
    pub(super) fn renew(&mut self, id: &str, holder: &str, leased_until: i64) -> bool {
        self.held(id, holder)
            .map(|entry| entry.leased_until = leased_until)
            .is_some()
    }

    /// Removes a job that is done.
    pub(super) fn finish(&mut self, id: &str, holder: &str) -> bool {
        let before = self.jobs.len();
        self.jobs
            .retain(|entry| entry.id != id || entry.holder != holder);
        self.jobs.len() < before
    }

    /// Gives a job back, to be run at `due`.
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

    /// When the next job is free, if there is one that this process does not run.
    pub(super) fn next(&self, now: i64, running: &Running) -> Option<i64> {
        let others = self.jobs.iter();
        let others = others.filter(|entry| !running.contains(&entry.id));
        others.map(|entry| entry.free_at(now)).min()
    }

    fn held(&mut self, id: &str, holder: &str) -> Option<&mut Entry> {
        self.jobs
            .iter_mut()
            .find(|entry| entry.id == id && entry.holder == holder)
    }
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
    fn what_is_due_is_claimed_once_and_the_longest_due_first() {
        let mut index = index(&[("late", 30), ("b", 20), ("a", 10)]);
        let taken = index.claim(25, 100, "n1", &NONE, 1);
        assert_eq!((taken.len(), taken[0].id.as_str()), (1, "a"));
        assert_eq!(index.claim(25, 100, "n2", &NONE, 9)[0].id, "b");
        assert!(index.claim(25, 100, "n3", &NONE, 9).is_empty());
        assert_eq!(index.next(25, &NONE), Some(30));
    }

    #[test]
    fn the_job_of_a_dead_holder_is_free_when_its_lease_ends() {
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
    fn a_process_does_not_claim_what_it_runs() {
        let mut index = index(&[("a", 10)]);
        index.claim(10, 100, "n1", &NONE, 1);
        let running = Running::from(["a".to_owned()]);
        assert!(index.claim(100, 200, "n1", &running, 1).is_empty());
        assert_eq!(index.next(100, &running), None);
        assert_eq!(index.next(100, &NONE), Some(100));
    }

    #[test]
    fn a_postponed_job_is_free_again_when_due() {
        let mut index = index(&[("a", 10)]);
        index.claim(10, 100, "n1", &NONE, 1);
        assert!(index.postpone("a", "n1", 20, 50));
        assert_eq!(index.next(20, &NONE), Some(50));
        assert_eq!(index.claim(50, 100, "n1", &NONE, 1)[0].attempts, 2);
    }

    #[test]
    fn times_of_a_clock_that_was_ahead_bind_nobody() {
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
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Index::decode(&bytes);
        }

        #[test]
        fn an_index_survives_its_encoding(due in any::<i64>(), attempts in any::<u32>(), id in "[a-z0-9]{26}", version in any::<u64>()) {
            let index = Index { version, jobs: vec![Entry { attempts, ..entry(&id, due) }] };
            prop_assert_eq!(Index::decode(&index.encode()).unwrap(), index);
        }
    }
}
