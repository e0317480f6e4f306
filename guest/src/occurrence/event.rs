//! Zoom's events about a part of a meeting, as the occurrences need them.

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
