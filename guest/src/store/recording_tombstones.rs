//! Files of recordings that were deleted at Zoom before they were posted.
//!
//! Zoom's events may arrive in any order. Each event therefore leaves an entry with its time, and a job checks the entries
//! before it posts. The newer one of `recording.trashed` and `recording.recovered` counts; `recording.deleted` is final.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::platform::digest::digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The lifetime of a record, in seconds. It is longer than Zoom repeats a delivery.
const LIFETIME: u64 = 7 * 24 * 3600;
const ATTEMPTS: u32 = 6;
const PAUSE: u64 = 150;

/// The state of a file at Zoom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Trashed,
    Recovered,
    Deleted,
}

/// The states of a part's files, each with the time of the event in milliseconds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tombstones(BTreeMap<String, (State, i64)>);

impl Tombstones {
    /// Whether the file was trashed or deleted.
    pub fn contains(&self, mark: &str) -> bool {
        let state = self.0.get(&short_id(mark)).map(|(state, _)| *state);
        matches!(state, Some(State::Trashed | State::Deleted))
    }

    /// Applies an event. An older event than the recorded one changes nothing.
    fn apply(&mut self, event: &str, at: i64, files: &[String]) {
        let state = match event {
            "recording.trashed" => State::Trashed,
            "recording.deleted" => State::Deleted,
            _ => State::Recovered,
        };
        for tag in files.iter().map(|mark| short_id(mark)) {
            let known = self.0.get(&tag);
            let is_settled = known.is_some_and(|(known, since)| {
                *known == State::Deleted || (state != State::Deleted && *since > at)
            });
            if !is_settled {
                self.0.insert(tag, (state, at));
            }
        }
    }
}

fn short_id(mark: &str) -> String {
    digest([mark], 6)
}

fn key(uuid: &str) -> String {
    format!("recording_gone_{}", digest([uuid], 16))
}

fn parse(bytes: &[u8]) -> Tombstones {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// The states of a part's files.
pub fn load(uuid: &str) -> Result<Tombstones, Error> {
    Ok(kv::get(&key(uuid))?
        .as_deref()
        .map(parse)
        .unwrap_or_default())
}

/// Records an event about files of a part. `at` is the time of the event, in milliseconds.
pub fn record_event(event: &str, at: i64, uuid: &str, files: &[String]) -> Result<(), Error> {
    let key = key(uuid);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = kv::get(&key)?;
        let mut gone = stored.as_deref().map(parse).unwrap_or_default();
        gone.apply(event, at, files);
        let bytes = serde_json::to_vec(&gone).map_err(|error| Error::Invalid(error.to_string()))?;
        let expected = stored.map_or(Expected::Absent, Expected::Value);
        match kv::set(&key, &bytes, Some(LIFETIME), &expected) {
            Err(Error::Conflict) => {}
            result => return result,
        }
    }
    Err(Error::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_is_final_and_a_trashed_file_can_come_back() {
        let files = ["a".to_owned()];
        let mut gone = Tombstones::default();
        gone.apply("recording.trashed", 1, &files);
        assert!(gone.contains("a") && !gone.contains("b"));
        gone.apply("recording.recovered", 2, &files);
        assert!(!gone.contains("a"));
        gone.apply("recording.trashed", 1, &files);
        assert!(!gone.contains("a"), "the first event was repeated");
        gone.apply("recording.deleted", 1, &files);
        gone.apply("recording.recovered", 3, &files);
        assert!(gone.contains("a"));
    }
}
