//! Zoom's events about a part of a meeting, as the occurrences need them.

use crate::zoom::time::{happened, milliseconds};
use crate::zoom::types::{PERSONAL_ROOM, meeting_number, text};
use serde::Deserialize;

/// An event about a part of a meeting. Times are in milliseconds; 0 and none for unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event<'a> {
    /// The meeting's number.
    pub number: u64,
    /// The UUID of the part, or empty.
    pub uuid: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// Zoom's ID of the host, or empty.
    pub host_id: &'a str,
    /// When the part started.
    pub start: Option<i64>,
    /// When the part ended.
    pub end: Option<i64>,
    /// When the event happened.
    pub at: i64,
    /// Whether the part is in a personal room.
    pub personal: bool,
}

impl Event<'_> {
    /// The UUID, or a name for a part of which Zoom does not tell the UUID.
    pub fn part(&self) -> String {
        if self.uuid.is_empty() {
            format!("{}@{}", self.number, self.start.unwrap_or(self.at))
        } else {
            self.uuid.to_owned()
        }
    }
}

/// The meeting it happened to. At least one of number and UUID is there.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Meeting {
    /// The number; 0 if it is missing.
    #[serde(default, deserialize_with = "meeting_number")]
    pub id: u64,
    /// The UUID; empty if it is missing.
    #[serde(default, deserialize_with = "text")]
    pub uuid: String,
    #[serde(default, deserialize_with = "text")]
    topic: String,
    #[serde(default, deserialize_with = "text")]
    host_id: String,
    #[serde(default, deserialize_with = "text")]
    start_time: String,
    #[serde(default, deserialize_with = "text")]
    end_time: String,
    #[serde(default, rename = "type", deserialize_with = "meeting_number")]
    kind: u64,
    /// When Zoom says that it happened, in milliseconds; 0 if it does not.
    #[serde(skip)]
    pub event_ts: i64,
}

impl Meeting {
    /// What the event says about the meeting's part.
    pub fn event(&self, now: i64) -> Event<'_> {
        Event {
            number: self.id,
            uuid: &self.uuid,
            topic: &self.topic,
            host_id: &self.host_id,
            start: milliseconds(&self.start_time),
            end: milliseconds(&self.end_time),
            at: happened(self.event_ts, now),
            personal: self.kind == PERSONAL_ROOM,
        }
    }
}
