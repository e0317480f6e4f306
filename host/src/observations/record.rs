//! The stored record, and how notes are merged into it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Serialize};

/// The key of the record.
pub(super) const RECORD: &str = "_observations";

/// The most names.
pub(super) const NAMES_LIMIT: usize = 64;

/// How long a name is kept after its last note, in seconds.
pub(super) const LIFETIME_SECONDS: i64 = 30 * 24 * 3600;

/// The last note of a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub(crate) value: String,
    /// Milliseconds since 1970.
    pub(crate) at: i64,
    /// How often the name was noted.
    pub(crate) count: u64,
}

/// Notes by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Notes(BTreeMap<String, Note>);

impl Notes {
    /// Adds a note: the newest value wins, and counts add up.
    pub(super) fn add(&mut self, name: String, note: Note) {
        match self.0.entry(name) {
            Entry::Vacant(entry) => drop(entry.insert(note)),
            Entry::Occupied(mut entry) => {
                let count = entry.get().count.saturating_add(note.count);
                if note.at >= entry.get().at {
                    entry.insert(note);
                }
                entry.get_mut().count = count;
            }
        }
    }

    /// Adds all notes of another map.
    pub(super) fn add_all(&mut self, notes: Self) {
        for (name, note) in notes.0 {
            self.add(name, note);
        }
    }

    /// Forgets names that were not noted for too long, and the oldest if there are too many.
    pub(super) fn trim(&mut self, now: i64) {
        let oldest = now.saturating_sub(LIFETIME_SECONDS.saturating_mul(1000));
        self.0.retain(|_, note| note.at > oldest);
        while self.0.len() > NAMES_LIMIT {
            let Some((name, _)) = self.0.iter().min_by_key(|(_, note)| note.at) else {
                return;
            };
            let name = name.clone();
            self.0.remove(&name);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_list(self) -> Vec<(String, Note)> {
        self.0.into_iter().collect()
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Content {
    /// Grows with each change, so that a process recognizes an old version.
    version: u64,
    notes: Notes,
}

/// A version of the record: its bytes and its content.
#[derive(Debug, Clone, Default)]
pub(super) struct Version {
    pub(super) bytes: Vec<u8>,
    content: Content,
}

impl Version {
    /// Reads a record. A damaged one has no notes and is replaced by the next change.
    pub(super) fn decode(bytes: Vec<u8>) -> Self {
        let content = serde_json::from_slice(&bytes).unwrap_or_default();
        Self { bytes, content }
    }

    /// This version, or `known` if that is newer.
    pub(super) fn or_newer(self, known: &Self) -> Self {
        if known.content.version > self.content.version {
            return known.clone();
        }
        self
    }

    /// The next version, with these notes added.
    pub(super) fn with(&self, notes: Notes, now: i64) -> Self {
        let mut content = self.content.clone();
        content.version = content.version.saturating_add(1);
        content.notes.add_all(notes);
        content.notes.trim(now);
        let bytes = serde_json::to_vec(&content).unwrap_or_default();
        Self { bytes, content }
    }

    /// The notes.
    pub(super) fn notes(&self) -> &Notes {
        &self.content.notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(value: &str, at: i64, count: u64) -> Note {
        Note {
            value: value.to_owned(),
            at,
            count,
        }
    }

    #[test]
    fn the_newest_note_wins_and_counts_add_up() {
        let mut notes = Notes::default();
        notes.add("a".to_owned(), note("new", 20, 2));
        notes.add("a".to_owned(), note("old", 10, 3));
        assert_eq!(notes.0["a"], note("new", 20, 5));
        notes.add("a".to_owned(), note("newest", 20, 1));
        assert_eq!(notes.0["a"], note("newest", 20, 6));
    }

    #[test]
    fn names_are_forgotten_after_thirty_days_and_the_oldest_first() {
        const DAY: i64 = 24 * 3600 * 1000;
        let mut notes = Notes::default();
        notes.add("past".to_owned(), note("", 0, 1));
        for number in 0..NAMES_LIMIT {
            let at = DAY + i64::try_from(number).unwrap();
            notes.add(format!("name{number}"), note("", at, 1));
        }
        let mut few = notes.clone();
        few.0
            .retain(|name, _| matches!(name.as_str(), "past" | "name0"));
        few.trim(30 * DAY - 1);
        assert_eq!(few.0.len(), 2);
        few.trim(30 * DAY);
        assert_eq!(few.0.keys().collect::<Vec<_>>(), ["name0"]);
        notes.add("last".to_owned(), note("", 3 * DAY, 1));
        notes.trim(3 * DAY);
        assert_eq!(notes.0.len(), NAMES_LIMIT);
        assert!(!notes.0.contains_key("past") && !notes.0.contains_key("name0"));
        assert!(notes.0.contains_key("name1") && notes.0.contains_key("last"));
    }

    #[test]
    fn a_damaged_record_is_replaced() {
        let damaged = Version::decode(b"{\"version\":".to_vec());
        assert!(damaged.notes().is_empty() && !damaged.bytes.is_empty());
        let mut notes = Notes::default();
        notes.add("a".to_owned(), note("x", 1, 1));
        let next = Version::decode(damaged.with(notes.clone(), 1).bytes);
        assert_eq!(next.notes(), &notes);
    }
}
