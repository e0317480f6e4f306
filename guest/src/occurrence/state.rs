//! The state of an occurrence: its parts at Zoom, its cards in channels, and whether it waits, is in progress, or has
//! ended.
//!
//! One record contains everything, so that one compare-and-set changes everything. Zoom's events add to the record and
//! never remove anything: an event that arrives twice, late, or out of order leads to the same record.
//!
//! ```text
//!                     started                   the last part ended
//!    ┌─────────┐ ───────────────► ┌─────────────┐ ───────────────► ┌───────┐
//!    │ waiting │                  │ in progress │                  │ ended │
//!    └─────────┘ ──┐              └─────────────┘ ◄─────────────── └───────┘
//!         │        │ ended              ▲          started again       ▲
//!         │        └────────────────────┼──────────────────────────────┤
//!         │ 30 minutes (personal room)  │ started, late                │ ended, late
//!         ▼                             │                              │
//!    ┌─────────────┐ ───────────────────┘                              │
//!    │ not started │ ──────────────────────────────────────────────────┘
//!    └─────────────┘
//! ```
//!
//! A *part* is an instance in Zoom's terms, and has its own UUID. If everyone leaves a meeting and enters it again, the
//! number stays the same and a new part begins.
//!
//! **Personal rooms.** A Personal Meeting ID stays the same for years and is also used for private calls. The card of a
//! personal room therefore accepts only one part, and only if the part started between 60 seconds before and 30 minutes
//! after the card was posted. If somebody is already in the room when the card is posted, the end of that part ends the
//! card, and nothing else about the part reaches the channel.
//!
//! **Other meetings.** A meeting with its own number continues with a new part within 12 hours after the last part ended. A
//! meeting that channels follow continues within 15 minutes; later, it is the next meeting of the series. If the end of a
//! part is not known, the limits are 12 hours and 3 hours from its start.

use crate::platform::digest::digest;
use crate::store::meeting_number::MAX_CHANNELS;
use crate::store::occurrence_reference::{MeetingKind, personal_room_window};
use serde::{Deserialize, Serialize};

/// The longest gap between two parts of a meeting with its own number, in milliseconds.
const ORDINARY_GAP: i64 = 12 * 3600 * 1000;
/// The same for a meeting that channels follow.
const FOLLOWED_GAP: i64 = 15 * 60_000;
/// The longest time from the start of a part with an unknown end to the start of its continuation, in milliseconds.
const UNKNOWN_END_GAP: i64 = 12 * 3600 * 1000;
/// The same for a meeting that channels follow: the next one of the series may start on the same day.
const UNKNOWN_END_GAP_FOLLOWED: i64 = 3 * 3600 * 1000;
/// The number of parts of an occurrence. Later parts are ignored.
const MAX_PARTS: usize = 20;

/// The state of a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its card is posted and nobody has entered yet.
    Waiting,
    /// People are in it.
    InProgress,
    /// Everybody has left.
    Ended,
    /// Nobody entered the personal room in time.
    NotStarted,
}

/// An instance of the meeting at Zoom. Times are in milliseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Zoom's UUID of the instance.
    pub uuid: String,
    /// When it started; none while nobody has entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// When it ended; none before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// Whether the part was already in progress when the card of a personal room was posted. The end of the part ends the
    /// card; nothing else about the part reaches the channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_end: bool,
}

/// A post that shows the meeting in a channel, or a channel in which it is to be announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// The channel.
    pub channel_id: String,
    /// The post's ID; empty until the meeting is announced in the channel.
    #[serde(default)]
    pub post_id: String,
    /// When the post was created, in milliseconds.
    #[serde(default)]
    pub posted_at: i64,
    /// Whether the bot announced the meeting in a channel that follows it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub followed: bool,
    /// The digest of what the post shows.
    #[serde(default)]
    pub shown: String,
}

impl Card {
    /// Whether the announcement in the channel is pending.
    pub fn is_pending(&self) -> bool {
        self.post_id.is_empty()
    }
}

/// The record of a meeting. It never holds the ID of a Mattermost user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The meeting's number at Zoom.
    pub number: u64,
    /// The use of the number.
    pub kind: MeetingKind,
    /// The topic.
    #[serde(default)]
    pub topic: String,
    /// The digest of the join link; empty while the link is not known. The link contains a passcode and is never stored. It
    /// is read from the posts; their authors can edit them, so a link counts only if it has this digest.
    #[serde(default)]
    pub link: String,
    /// The join link, if this event knows it.
    #[serde(skip)]
    pub join_url: String,
    /// Zoom's ID of the host, or empty.
    #[serde(default)]
    pub host_id: String,
    /// The time when the card was posted or the first part started, in milliseconds.
    pub created_at: i64,
    /// The parts, unordered.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Whether the waiting time of a personal room's card is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waited: bool,
    /// The cards.
    #[serde(default)]
    pub cards: Vec<Card>,
    /// The deadline of the node that is updating the posts, in milliseconds. Other nodes wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updating: Option<i64>,
    /// The claim on the channel with which the meeting was started, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub claim: String,
    /// Whether the host's data was deleted. Later events are ignored.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Occurrence {
    /// The state of the meeting. The part that started last decides: an earlier part is over even if Zoom has not reported
    /// its end.
    pub fn state(&self) -> State {
        match self.last_started() {
            Some(part) if part.end.is_none() => State::InProgress,
            Some(_) => State::Ended,
            None if self.waited => State::NotStarted,
            None => State::Waiting,
        }
    }

    fn last_started(&self) -> Option<&Part> {
        let started = self.parts.iter().filter(|part| part.start.is_some());
        started.max_by_key(|part| (part.start, part.end.is_none()))
    }

    /// Whether the part belongs to this meeting, so that its recordings may be posted in the meeting's channels.
    pub fn owns_part(&self, uuid: &str) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| part.uuid == uuid && !part.only_end)
    }

    /// Whether no part's UUID is known. Then events are matched by number.
    pub fn has_no_known_part(&self) -> bool {
        self.parts.iter().all(|part| part.uuid.is_empty())
    }

    /// Applies the start of a part. Returns whether the part belongs to this meeting.
    pub fn apply_start(&mut self, uuid: &str, start: i64) -> bool {
        if let Some(part) = self.part(uuid) {
            part.start.get_or_insert(start);
            return true;
        }
        let accepted = self.accepts_new_part(start, None);
        if accepted {
            self.parts.push(Part {
                uuid: uuid.to_owned(),
                start: Some(start),
                ..Part::default()
            });
        }
        accepted
    }

    /// Applies the end of a part. Returns whether the part belongs to this meeting. An unknown part counts as started and
    /// ended, because some installations subscribe only to the end.
    pub fn apply_end(&mut self, uuid: &str, start: Option<i64>, end: i64) -> bool {
        let created_at = self.created_at;
        if let Some(part) = self.part(uuid) {
            if !part.only_end {
                part.start = part.start.or(start);
            }
            part.start.get_or_insert(created_at.min(end));
            part.end = part.end.max(Some(end));
            return true;
        }
        let Some(start) = start.or_else(|| (self.kind != MeetingKind::Personal).then_some(end))
        else {
            return false;
        };
        let accepted = self.accepts_new_part(start, Some(end));
        if accepted {
            self.parts.push(Part {
                uuid: uuid.to_owned(),
                start: Some(start),
                end: Some(end.max(start)),
                only_end: false,
            });
        }
        accepted
    }

    fn part(&mut self, uuid: &str) -> Option<&mut Part> {
        self.parts.iter_mut().find(|part| part.uuid == uuid)
    }

    /// Whether a part in a personal room with this start belongs to the card.
    fn window_contains(&self, start: i64) -> bool {
        let (from, to) = personal_room_window(self.created_at);
        (from..=to).contains(&start)
    }

    /// Whether a new part belongs to this meeting.
    fn accepts_new_part(&self, start: i64, end: Option<i64>) -> bool {
        if self.parts.len() >= MAX_PARTS {
            return false;
        }
        if self.kind == MeetingKind::Personal {
            let is_bound = self.parts.iter().any(|part| !part.only_end);
            return !is_bound && self.window_contains(start);
        }
        let mut started = self.parts.iter().filter_map(|part| {
            let start = part.start?;
            Some((start, part.end))
        });
        let Some(first) = started.next() else {
            return true;
        };
        std::iter::once(first)
            .chain(started)
            .any(|known| self.continues(known, (start, end)))
    }

    /// Whether one of two parts is the continuation of the other.
    fn continues(&self, one: (i64, Option<i64>), other: (i64, Option<i64>)) -> bool {
        let ((earlier, end), later) = if one.0 <= other.0 {
            (one, other.0)
        } else {
            (other, one.0)
        };
        let gap = match self.kind {
            MeetingKind::Followed => FOLLOWED_GAP,
            MeetingKind::Ordinary | MeetingKind::Personal => ORDINARY_GAP,
        };
        let until = match end {
            Some(end) => end.saturating_add(gap),
            None => earlier.saturating_add(match self.kind {
                MeetingKind::Followed => UNKNOWN_END_GAP_FOLLOWED,
                MeetingKind::Ordinary | MeetingKind::Personal => UNKNOWN_END_GAP,
            }),
        };
        later <= until
    }

    /// The start of the meeting, in milliseconds.
    pub fn start(&self) -> i64 {
        let starts = self.parts.iter().filter_map(|part| part.start);
        starts.min().unwrap_or(self.created_at)
    }

    /// The end of the meeting, in milliseconds, or its start if it has not ended.
    pub fn end(&self) -> i64 {
        let ends = self.parts.iter().filter_map(|part| part.end);
        ends.max().unwrap_or_else(|| self.start())
    }

    /// The duration of the meeting in milliseconds, without the gaps between its parts.
    pub fn duration(&self) -> i64 {
        let mut spans: Vec<(i64, Option<i64>)> = self
            .parts
            .iter()
            .filter_map(|part| Some((part.start?, part.end)))
            .collect();
        spans.sort_unstable();
        let starts = spans.iter().skip(1).map(|(start, _)| Some(*start));
        let starts: Vec<_> = starts.chain([None]).collect();
        let lengths = spans.iter().zip(starts).map(|((start, end), next)| {
            // A part with an unknown end was over when the next part started.
            let end = end.or(next).unwrap_or(*start);
            end.saturating_sub(*start).max(0)
        });
        lengths.sum()
    }

    /// Sets the link to join.
    pub fn set_link(&mut self, join_url: &str) {
        self.link = link_digest(join_url);
        join_url.clone_into(&mut self.join_url);
    }

    /// Whether the link to join is known.
    pub fn has_link(&self) -> bool {
        !self.link.is_empty()
    }

    /// The join link, if this event knows it or `claimed` has its digest. Otherwise empty.
    pub fn link<'a>(&'a self, claimed: &'a str) -> &'a str {
        if !self.join_url.is_empty() {
            &self.join_url
        } else if self.has_link() && link_digest(claimed) == self.link {
            claimed
        } else {
            ""
        }
    }

    /// The cards whose announcements are pending.
    pub fn pending_cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter().filter(|card| card.is_pending())
    }

    /// The cards that are posted.
    pub fn posted_cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter().filter(|card| !card.is_pending())
    }

    /// Adds a pending card for each channel that has no card yet.
    pub fn add_pending_cards<'a>(&mut self, channels: impl IntoIterator<Item = &'a str>) {
        for channel_id in channels {
            let is_known = self.cards.iter().any(|card| card.channel_id == channel_id);
            if !is_known && self.cards.len() < MAX_CHANNELS {
                self.cards.push(Card {
                    channel_id: channel_id.to_owned(),
                    followed: true,
                    ..Card::default()
                });
            }
        }
    }
}

fn link_digest(join_url: &str) -> String {
    match join_url {
        "" => String::new(),
        url => digest(["link", url], 16),
    }
}

#[cfg(test)]
mod tests;
