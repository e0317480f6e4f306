//! An index of the users who have connected their own Zoom account, for system admins.
//!
//! The records of connections are found only by user. This index names the users, so that nothing needs to page through all
//! keys. It has sixteen records, `connected_users_0` to `connected_users_f`; a hash of the user's ID selects one. At 40
//! bytes per user, a value of 1 MiB has room for about 25,000 users, so the index has room for 400,000.
//!
//! [`super::accounts`] keeps the index in step. The record of a connection is authoritative: an entry is stored before the
//! connection and removed after it, so an interruption leaves an entry without a connection. [`forget_stale`] removes such
//! entries when somebody sees them. A job adds the connections of the Go plugin (see
//! [`crate::connection::index_job`]); until it has run, they are missing.

use crate::bindings::types::Error;
use crate::platform::{clock, digest};
use crate::store::confirmed_read;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const PREFIX: &str = "connected_users_";
const SHARDS: &str = "0123456789abcdef";
/// Attempts and pause, in milliseconds, if other nodes change the same record.
const ATTEMPTS: u32 = 10;
const PAUSE: u64 = 100;
/// An entry without a connection is kept this long, in seconds: the connection may be about to be stored.
const GRACE: i64 = 600;

/// A part of the index: users with the time of their entry, in seconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Shard {
    #[serde(default)]
    users: BTreeMap<String, i64>,
}

/// A user in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The Mattermost user.
    pub user_id: String,
    /// When the entry was made, in seconds since 1970.
    pub added_at: i64,
}

impl Entry {
    /// Whether the entry has been without a connection for so long that it can be removed.
    fn is_stale(&self, now: i64) -> bool {
        now.saturating_sub(self.added_at) > GRACE
    }
}

/// The key of the record with a user.
fn key_of(user_id: &str) -> String {
    let hash = digest::digest([user_id], 1);
    format!("{PREFIX}{}", hash.get(..1).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Shard {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// Adds a user. An existing entry stays.
pub fn add(user_id: &str) -> Result<(), Error> {
    add_all(&[user_id.to_owned()]).map(|_| ())
}

/// Adds users with one write per record. Returns whether one was missing.
pub fn add_all(user_ids: &[String]) -> Result<bool, Error> {
    let now = clock::now_ms() / 1000;
    let mut by_record: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for user_id in user_ids {
        by_record.entry(key_of(user_id)).or_default().push(user_id);
    }
    let mut added = false;
    for (key, users) in by_record {
        added |= change(&key, |shard| {
            let before = shard.users.len();
            for user_id in &users {
                shard.users.entry((*user_id).clone()).or_insert(now);
            }
            shard.users.len() != before
        })?;
    }
    Ok(added)
}

/// Removes a user.
pub fn remove(user_id: &str) -> Result<(), Error> {
    change(&key_of(user_id), |shard| {
        shard.users.remove(user_id).is_some()
    })
    .map(|_| ())
}

/// All users of the index, with the last entry first.
pub fn list() -> Result<Vec<Entry>, Error> {
    let mut entries = Vec::new();
    for shard in SHARDS.chars() {
        let stored = confirmed_read::read(&format!("{PREFIX}{shard}"))?;
        let shard = stored.as_deref().map(parse).unwrap_or_default();
        let users = shard.users.into_iter();
        entries.extend(users.map(|(user_id, added_at)| Entry { user_id, added_at }));
    }
    entries.sort_by(|a, b| (b.added_at, &a.user_id).cmp(&(a.added_at, &b.user_id)));
    Ok(entries)
}

/// Removes an entry without a connection, unless the connection may be about to be stored.
pub fn forget_stale(entry: &Entry) -> Result<(), Error> {
    if entry.is_stale(clock::now_ms() / 1000) {
        remove(&entry.user_id)?;
    }
    Ok(())
}

/// Changes a record by compare-and-set. `change` returns whether it changed something, and is called again after a
/// conflict. "Nothing to change" is confirmed, because a read may be out of date.
fn change(key: &str, change: impl Fn(&mut Shard) -> bool) -> Result<bool, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = confirmed_read::read(key)?;
        let mut shard = stored.as_deref().map(parse).unwrap_or_default();
        let changed = change(&mut shard);
        let result = if changed {
            let bytes =
                serde_json::to_vec(&shard).map_err(|error| Error::Invalid(error.to_string()))?;
            confirmed_read::replace(key, &bytes, None, stored)
        } else {
            confirmed_read::confirm(key, stored.as_deref(), None)
        };
        match result {
            Ok(()) => return Ok(changed),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn entry(user_id: &str, added_at: i64) -> Entry {
        Entry {
            user_id: user_id.to_owned(),
            added_at,
        }
    }

    #[test]
    fn users_are_spread_over_all_records() {
        let keys: BTreeSet<_> = (0..500).map(|number| key_of(&number.to_string())).collect();
        let all = SHARDS.chars().map(|shard| format!("{PREFIX}{shard}"));
        assert_eq!(keys, all.collect());
    }

    #[test]
    fn an_unreadable_record_counts_as_empty() {
        for odd in [&b""[..], b"null", b"[]", br#"{"users":[]}"#] {
            assert_eq!(parse(odd), Shard::default());
        }
        assert_eq!(parse(br#"{"users":{"a":7},"new":1}"#).users["a"], 7);
    }

    #[test]
    fn a_new_entry_is_not_stale() {
        assert!(!entry("a", 1_000).is_stale(1_000 + GRACE));
        assert!(entry("a", 1_000).is_stale(1_001 + GRACE));
        // Another node's clock may be ahead.
        assert!(!entry("a", 1_000).is_stale(900));
    }
}
