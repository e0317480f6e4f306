//! References to occurrences: they lead from a meeting's number to the record of an occurrence.

use crate::platform::digest::digest;
use serde::{Deserialize, Serialize};

/// How long a meeting is remembered, in seconds: recordings may come weeks later.
pub const LIFETIME: u64 = 30 * 24 * 3600;
/// How long before its card a personal room's part may have started, in milliseconds: Zoom's clock may be behind.
const BEFORE_CARD: i64 = 60_000;
/// How long after its card a personal room's part may start, in milliseconds.
pub const AFTER_CARD: i64 = 30 * 60_000;
/// To which meetings a number leads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// To one meeting, which somebody started in a channel.
    #[default]
    Ordinary,
    /// To whatever its owner uses it for: a personal room.
    Personal,
    /// To a series of meetings that channels follow.
    Followed,
}

/// In which time a personal room's part starts that belongs to a card of that time, in milliseconds.
pub fn window(created_at: i64) -> (i64, i64) {
    (
        created_at.saturating_sub(BEFORE_CARD),
        created_at.saturating_add(AFTER_CARD),
    )
}

/// A reference to an occurrence. It is stored before the occurrence's card is posted, so that the card is found
/// whatever happens after that.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The name of the occurrence's record: 32 hexadecimal digits.
    pub id: String,
    /// When the occurrence was created, in milliseconds.
    pub created_at: i64,
    /// Which kind of number it is.
    #[serde(default)]
    pub kind: Kind,
    /// The channel in which its card is posted; empty for one that is announced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel_id: String,
    /// Short names of its parts' UUIDs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

impl Reference {
    /// Whether the occurrence has the part with this [`tag`].
    pub fn has(&self, tag: &str) -> bool {
        self.parts.iter().any(|part| part == tag)
    }
}

/// A short name of a UUID.
pub fn tag(uuid: &str) -> String {
    digest([uuid], 6)
}
