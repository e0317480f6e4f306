//! References to occurrences: they lead from a meeting's number to the record of an occurrence.

use crate::platform::digest::digest;
use serde::{Deserialize, Serialize};

/// The lifetime of a meeting's records, in seconds. Recordings may arrive weeks later.
pub const LIFETIME: u64 = 30 * 24 * 3600;
/// How long before its card a part in a personal room may have started, in milliseconds. Zoom's clock may be behind.
const BEFORE_CARD: i64 = 60_000;
/// How long after its card a part in a personal room may start, in milliseconds.
pub const AFTER_CARD: i64 = 30 * 60_000;
/// The use of a meeting's number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingKind {
    /// One meeting that a user started in a channel.
    #[default]
    Ordinary,
    /// A personal room. Its owner uses the number for any meeting.
    Personal,
    /// A series of meetings that channels have subscribed to.
    Followed,
}

/// The first and last start of a part in a personal room that belongs to a card created at this time, in milliseconds.
pub fn personal_room_window(created_at: i64) -> (i64, i64) {
    (
        created_at.saturating_sub(BEFORE_CARD),
        created_at.saturating_add(AFTER_CARD),
    )
}

/// A reference to an occurrence. It is stored before the occurrence's card is posted, so that the card is found even if the
/// process ends after posting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OccurrenceReference {
    /// The ID of the occurrence's record: 32 hexadecimal digits.
    pub id: String,
    /// The creation time of the occurrence, in milliseconds.
    pub created_at: i64,
    /// The use of the number.
    #[serde(default)]
    pub kind: MeetingKind,
    /// The channel of its card; empty for an occurrence that is announced in subscribed channels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel_id: String,
    /// The short UUIDs of its parts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

impl OccurrenceReference {
    /// Whether the occurrence has the part with this [`short_uuid`].
    pub fn has_part(&self, short_uuid: &str) -> bool {
        self.parts.iter().any(|part| part == short_uuid)
    }
}

/// A short digest of a UUID.
pub fn short_uuid(uuid: &str) -> String {
    digest([uuid], 6)
}
