//! Files of recordings that were deleted at Zoom before they were posted.
//!
//! Zoom's events may arrive in any order. So a deletion leaves a mark, and a job looks for it before it posts. Only
//! `recording.recovered` removes the mark of `recording.trashed`; `recording.deleted` is final.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::digest::digest;
use crate::system;
use serde::{Deserialize, Serialize};

/// How long a mark lasts, in seconds: longer than Zoom repeats a delivery.
const LIFETIME: u64 = 7 * 24 * 3600;
const ATTEMPTS: u32 = 6;
const PAUSE: u64 = 150;

/// The files of one part that are gone.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Gone {
    trashed: Vec<String>,
    deleted: Vec<String>,
}

impl Gone {
    /// Whether the file is gone.
    pub fn has(&self, mark: &str) -> bool {
        let tag = tag(mark);
        self.trashed.contains(&tag) || self.deleted.contains(&tag)
    }

    fn apply(&mut self, event: &str, files: &[String]) {
        for tag in files.iter().map(|mark| tag(mark)) {
            match event {
                "recording.recovered" => self.trashed.retain(|one| *one != tag),
                "recording.deleted" if !self.deleted.contains(&tag) => self.deleted.push(tag),
                "recording.trashed" if !self.trashed.contains(&tag) => self.trashed.push(tag),
                _ => {}
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

/// Remembers an event about files of a part.
pub fn change(event: &str, uuid: &str, files: &[String]) -> Result<(), Error> {
    let key = key(uuid);
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            system::pause(PAUSE);
        }
        let stored = kv::get(&key)?;
        let mut gone = stored.as_deref().map(parse).unwrap_or_default();
        gone.apply(event, files);
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
        gone.apply("recording.trashed", &files);
        assert!(gone.has("a") && !gone.has("b"));
        gone.apply("recording.recovered", &files);
        assert!(!gone.has("a"));
        gone.apply("recording.deleted", &files);
        gone.apply("recording.recovered", &files);
        assert!(gone.has("a"));
    }
}
