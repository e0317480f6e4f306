//! Events about the start and the end of a part of a meeting.

use crate::zoom::time::{event_time, parse_time};
use crate::zoom::types::{PERSONAL_ROOM, meeting_number, text};
use serde::Deserialize;

/// An event about a part of a meeting. Times are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeetingEvent<'a> {
    /// The meeting's number.
    pub number: u64,
    /// The UUID of the part, or empty.
    pub uuid: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// Zoom's ID of the host, or empty.
    pub host_id: &'a str,
    /// The start of the part, if Zoom sent one.
    pub start: Option<i64>,
    /// The end of the part, if Zoom sent one.
    pub end: Option<i64>,
    /// The time of the event.
    pub at: i64,
    /// Whether the part is in a personal room.
    pub personal: bool,
}

impl MeetingEvent<'_> {
    /// The UUID, or a generated ID for a part without a UUID.
    pub fn part(&self) -> String {
        if self.uuid.is_empty() {
            format!("{}@{}", self.number, self.start.unwrap_or(self.at))
        } else {
            self.uuid.to_owned()
        }
    }
}

/// The meeting object of an event. It has a number, a UUID, or both.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub struct MeetingObject {
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
    /// The time of the event according to Zoom, in milliseconds; 0 if it is missing.
    #[serde(skip)]
    pub event_ts: i64,
}

impl MeetingObject {
    /// The event about the meeting's part. `now` is in milliseconds.
    pub fn event(&self, now: i64) -> MeetingEvent<'_> {
        MeetingEvent {
            number: self.id,
            uuid: &self.uuid,
            topic: &self.topic,
            host_id: &self.host_id,
            start: parse_time(&self.start_time),
            end: parse_time(&self.end_time),
            at: event_time(self.event_ts, now),
            personal: self.kind == PERSONAL_ROOM,
        }
    }
}
