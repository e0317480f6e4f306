//! Throttling of repeated log lines.
//!
//! Anyone can make a plugin write lines: with a wrong secret, or with so many requests that some are rejected. One such line is
//! useful; ten thousand hide everything else and fill the disk. Lines of one topic are written a few times per minute
//! and then only counted; the next line that is written says how many were left out. The number of topics is
//! bounded, and all topics beyond it share one entry. The metrics count every line.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The period over which lines of one topic are counted.
const INTERVAL: Duration = Duration::from_secs(60);

/// The number of topics with a separate entry.
const TOPICS: usize = 64;

/// The entry of all other topics.
const OTHER_TOPICS: u64 = 0;

#[derive(Debug, Default)]
pub(super) struct Throttle {
    seed: RandomState,
    entries: Mutex<HashMap<u64, Entry>>,
}

#[derive(Debug)]
struct Entry {
    since: Instant,
    written: u32,
    left_out: u64,
}

impl Throttle {
    /// Admits a line of this topic at most `most` times per minute. Returns how many lines were left out before it, or
    /// `None` if this one is to be left out.
    pub(super) fn admit(&self, topic: &str, most: u32, now: Instant) -> Option<u64> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = self.seed.hash_one(topic);
        if entries.len() > TOPICS {
            entries.retain(|_, entry| !entry.is_expired(now));
        }
        let full = entries.len() > TOPICS && !entries.contains_key(&hash);
        let entry = entries
            .entry(if full { OTHER_TOPICS } else { hash })
            .or_insert(Entry {
                since: now,
                written: 0,
                left_out: 0,
            });
        if entry.is_expired(now) {
            entry.since = now;
            entry.written = 0;
        }
        if entry.written >= most {
            entry.left_out = entry.left_out.saturating_add(1);
            return None;
        }
        entry.written += 1;
        Some(std::mem::take(&mut entry.left_out))
    }
}

impl Entry {
    fn is_expired(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= INTERVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_lines_are_counted_and_reported_with_the_next_one() {
        let (lines, now) = (Throttle::default(), Instant::now());
        assert_eq!(lines.admit("a", 2, now), Some(0));
        assert_eq!(lines.admit("a", 2, now), Some(0));
        for _ in 0..5 {
            assert_eq!(lines.admit("a", 2, now), None);
        }
        assert_eq!(lines.admit("b", 2, now), Some(0), "another line");
        assert_eq!(lines.admit("a", 2, now + INTERVAL), Some(5));
        assert_eq!(lines.admit("a", 2, now + INTERVAL), Some(0));
        assert_eq!(lines.admit("a", 2, now + INTERVAL), None);
    }

    #[test]
    fn endless_new_topics_are_throttled_together() {
        let (lines, now) = (Throttle::default(), Instant::now());
        let admitted = |now| {
            let all = (0..10_000).filter(|n| lines.admit(&format!("line {n}"), 3, now).is_some());
            all.count()
        };
        assert!(admitted(now) <= TOPICS + 4);
        assert!(lines.entries.lock().unwrap().len() <= TOPICS + 2);
        let later = admitted(now + INTERVAL);
        assert!((TOPICS..=TOPICS + 4).contains(&later), "{later}");
    }
}
