//! Files of recordings that were deleted at Zoom before they were posted.
//!
//! Zoom's events may arrive in any order. So each of them leaves a mark with its time, and a job looks for it before it
//! posts. Of `recording.trashed` and `recording.recovered` the newer one counts; `recording.deleted` is final.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::platform::digest::digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How long a mark lasts, in seconds: longer than Zoom repeats a delivery.
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

/// The files of one part that Zoom sent such an event about, each with its state and the time of the event in milliseconds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone(BTreeMap<String, (State, i64)>);

impl Gone {
    /// Whether the file is gone.
    pub fn has(&self, mark: &str) -> bool {
        let state = self.0.get(&tag(mark)).map(|(state, _)| *state);
        matches!(state, Some(State::Trashed | State::Deleted))
    }

    /// Applies an event. An event that is older than what is known changes nothing.
    fn apply(&mut self, event: &str, at: i64, files: &[String]) {
        let state = match event {
            "recording.trashed" => State::Trashed,
            "recording.deleted" => State::Deleted,
            _ => State::Recovered,
        };
        for tag in files.iter().map(|mark| tag(mark)) {
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

fn tag(mark: &str) -> String {
    digest([mark], 6)
}

fn key(uuid: &str) -> String {
    format!("recording_gone_{}", digest([uuid], 16))
}

fn parse(bytes: &[u8]) -> Gone {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// The files of a part that are gone.
pub fn load(uuid: &str) -> Result<Gone, Error> {
    Ok(kv::get(&key(uuid))?
        .as_deref()
        .map(parse)
        .unwrap_or_default())
}

/// Remembers an event about files of a part. `at` is when it happened, in milliseconds.
pub fn change(event: &str, at: i64, uuid: &str, files: &[String]) -> Result<(), Error> {
    let key = key(uuid);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
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
        let mut gone = Gone::default();
        gone.apply("recording.trashed", 1, &files);
        assert!(gone.has("a") && !gone.has("b"));
        gone.apply("recording.recovered", 2, &files);
        assert!(!gone.has("a"));
        gone.apply("recording.trashed", 1, &files);
        assert!(!gone.has("a"), "the first event was repeated");
        gone.apply("recording.deleted", 1, &files);
        gone.apply("recording.recovered", 3, &files);
        assert!(gone.has("a"));
    }
}
