//! A meeting that people hold: its parts at Zoom, its cards in channels, and what the cards show.
//!
//! One record holds all of it, so that one compare-and-set moves all of it. Zoom's events add to the record and never
//! take anything away: an event that arrives twice, late, or in another order leads to the same record.
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
//! A *part* is what Zoom calls an instance: it has a UUID of its own. A meeting that everybody leaves and enters again
//! has the same number and a new part.
//!
//! **Personal rooms.** A Personal Meeting ID stays the same for years and is used for private calls too. So the card of a
//! personal room accepts one part only, and only if the part started between 60 seconds before and 30 minutes after the
//! card was posted. If somebody is already in the room when the card is posted, that part only ends the card: nothing else
//! about it reaches the channel.
//!
//! **Other meetings.** A number that belongs to one meeting continues with a new part within 12 hours after the last one
//! ended; a meeting that channels follow within 15 minutes, because later it is the next meeting of the series. If the end
//! of a part is not known yet, 12 hours from its start count, and 3 hours for a meeting that channels follow.

use crate::platform::digest::digest;
use crate::store::meeting_number::MAX_CHANNELS;
use crate::store::occurrence_reference::{Kind, window};
use serde::{Deserialize, Serialize};

/// How long after its last part a meeting with a number of its own continues, in milliseconds.
const ORDINARY_GAP: i64 = 12 * 3600 * 1000;
/// The same for a meeting that channels follow.
const FOLLOWED_GAP: i64 = 15 * 60_000;
/// How long after the start of a part, whose end is not known, another part counts as its continuation, in milliseconds.
const UNKNOWN_END_GAP: i64 = 12 * 3600 * 1000;
/// The same for a meeting that channels follow: the next one of the series may start on the same day.
const UNKNOWN_END_GAP_FOLLOWED: i64 = 3 * 3600 * 1000;
/// How many parts an occurrence has. Later ones do not change it.
const MAX_PARTS: usize = 20;

/// Where a meeting stands.
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
    /// Whether the part was in the personal room when the card was posted: its end ends the card, and nothing else
    /// about it concerns the channel.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_end: bool,
}

/// A post that shows the meeting in a channel, or a channel in which it is to be announced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Card {
    /// Its channel.
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
    /// Whether the meeting is still to be announced in the channel.
    pub fn is_pending(&self) -> bool {
        self.post_id.is_empty()
    }
}

/// The record of a meeting. It never holds the ID of a Mattermost user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occurrence {
    /// The meeting's number at Zoom.
    pub number: u64,
    /// Which kind of number it is.
    pub kind: Kind,
    /// The topic.
    #[serde(default)]
    pub topic: String,
    /// The digest of the link to join. The link itself contains a passcode and is never stored: it is in the posts, whose
    /// authors can edit them, and counts if it has this digest. Empty while the link is not known.
    #[serde(default)]
    pub link: String,
    /// The link, if this event knows it.
    #[serde(skip)]
    pub join_url: String,
    /// Zoom's ID of the host, or empty.
    #[serde(default)]
    pub host_id: String,
    /// When the card was posted, or the first part started, in milliseconds.
    pub created_at: i64,
    /// Its parts, in no order.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Whether the time in which a personal room's card waits is over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waited: bool,
    /// Its cards.
    #[serde(default)]
    pub cards: Vec<Card>,
    /// Until when somebody updates the posts, in milliseconds. Others wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updating: Option<i64>,
    /// The claim on the channel with which the meeting was started, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub claim: String,
    /// Whether its host's data was deleted: nothing that still arrives concerns it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl Occurrence {
    /// Where the meeting stands. The part that started last decides: an earlier one is over, whether Zoom has said so or
    /// not.
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

    /// Whether a part belongs to the channels of this meeting, with its recordings and all else.
    pub fn names(&self, uuid: &str) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| part.uuid == uuid && !part.only_end)
    }

    /// Whether no part is known. Then events are matched by the number.
    pub fn has_no_uuid(&self) -> bool {
        self.parts.iter().all(|part| part.uuid.is_empty())
    }

    /// Somebody entered. Answers whether the part belongs to this meeting.
    pub fn started(&mut self, uuid: &str, start: i64) -> bool {
        if let Some(part) = self.part(uuid) {
            part.start.get_or_insert(start);
            return true;
        }
        let accepted = self.accepts(start, None);
        if accepted {
            self.parts.push(Part {
                uuid: uuid.to_owned(),
                start: Some(start),
                ..Part::default()
            });
        }
        accepted
    }

    /// Everybody left. Answers whether the part belongs to this meeting. A part that was not known counts as started and
    /// ended: some installations receive nothing but the end.
    pub fn ended(&mut self, uuid: &str, start: Option<i64>, end: i64) -> bool {
        let created_at = self.created_at;
        if let Some(part) = self.part(uuid) {
            if !part.only_end {
                part.start = part.start.or(start);
            }
            part.start.get_or_insert(created_at.min(end));
            part.end = part.end.max(Some(end));
            return true;
        }
        let Some(start) = start.or_else(|| (self.kind != Kind::Personal).then_some(end)) else {
            return false;
        };
        let accepted = self.accepts(start, Some(end));
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

    /// Whether a personal room's part that started then belongs to the card.
    fn window_contains(&self, start: i64) -> bool {
        let (from, to) = window(self.created_at);
        (from..=to).contains(&start)
    }

    /// Whether a part that is not known yet belongs to this meeting.
    fn accepts(&self, start: i64, end: Option<i64>) -> bool {
        if self.parts.len() >= MAX_PARTS {
            return false;
        }
        if self.kind == Kind::Personal {
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
            .any(|known| self.is_close(known, (start, end)))
    }

    /// Whether one of two parts continues the other.
    fn is_close(&self, one: (i64, Option<i64>), other: (i64, Option<i64>)) -> bool {
        let ((earlier, end), later) = if one.0 <= other.0 {
            (one, other.0)
        } else {
            (other, one.0)
        };
        let gap = match self.kind {
            Kind::Followed => FOLLOWED_GAP,
            Kind::Ordinary | Kind::Personal => ORDINARY_GAP,
        };
        let until = match end {
            Some(end) => end.saturating_add(gap),
            None => earlier.saturating_add(match self.kind {
                Kind::Followed => UNKNOWN_END_GAP_FOLLOWED,
                Kind::Ordinary | Kind::Personal => UNKNOWN_END_GAP,
            }),
        };
        later <= until
    }

    /// When the meeting began, in milliseconds.
    pub fn start(&self) -> i64 {
        let starts = self.parts.iter().filter_map(|part| part.start);
        starts.min().unwrap_or(self.created_at)
    }

    /// When the meeting ended, in milliseconds; when it began where it did not.
    pub fn end(&self) -> i64 {
        let ends = self.parts.iter().filter_map(|part| part.end);
        ends.max().unwrap_or_else(|| self.start())
    }

    /// How long people were in the meeting, in milliseconds, without the time between its parts.
    pub fn length(&self) -> i64 {
        let mut spans: Vec<(i64, Option<i64>)> = self
            .parts
            .iter()
            .filter_map(|part| Some((part.start?, part.end)))
            .collect();
        spans.sort_unstable();
        let starts = spans.iter().skip(1).map(|(start, _)| Some(*start));
        let starts: Vec<_> = starts.chain([None]).collect();
        let lengths = spans.iter().zip(starts).map(|((start, end), next)| {
            // A part whose end Zoom did not tell was over when the next one started.
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

    /// The link to join, if this event knows it or `claimed` is it. Empty otherwise.
    pub fn link<'a>(&'a self, claimed: &'a str) -> &'a str {
        if !self.join_url.is_empty() {
            &self.join_url
        } else if self.has_link() && link_digest(claimed) == self.link {
            claimed
        } else {
            ""
        }
    }

    /// The channels in which the meeting is still to be announced.
    pub fn pending(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter().filter(|card| card.is_pending())
    }

    /// The posts of the meeting.
    pub fn posts(&self) -> impl Iterator<Item = &Card> {
        self.cards.iter().filter(|card| !card.is_pending())
    }

    /// Adds the channels in which the meeting is to be announced, unless it has a card there.
    pub fn announce_in<'a>(&mut self, channels: impl IntoIterator<Item = &'a str>) {
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
