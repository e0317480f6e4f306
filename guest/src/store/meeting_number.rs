//! The record of a meeting's number: the channels that follow the meeting, and its occurrences.
//!
//! `meeting_channel_{number}` has the key and the fields of the Go plugin, so that a server that returns to the Go plugin
//! keeps its subscriptions. This plugin adds fields. A record of the Go plugin has none of them: see
//! [`crate::occurrence::legacy_posts`].
//!
//! The record leads to occurrences, but is not authoritative: the record of an occurrence lists its parts.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::store::occurrence_reference::{
    LIFETIME, MeetingKind, OccurrenceReference, personal_room_window,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The number of channels that may follow a meeting. A meeting has at most as many cards.
pub const MAX_CHANNELS: usize = 20;
/// The number of occurrences that are kept. Recordings of older occurrences are not posted.
const MAX_OCCURRENCES: usize = 100;
/// The number of parts without a card that are remembered.
const MAX_SEEN: usize = 50;
/// Attempts and pause, in milliseconds, if another node changes the same record or a database replica lags behind.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 150;

/// A channel that follows a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower {
    /// The channel.
    pub channel_id: String,
    /// The user who subscribed the channel.
    pub created_by: String,
}

/// The record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Number {
    /// The channel in which the meeting was last started, or the first one that follows it.
    #[serde(default)]
    pub channel_id: String,
    /// Whether a channel follows the meeting.
    #[serde(default)]
    pub is_subscription: bool,
    /// The user who subscribed the channel, or empty.
    #[serde(default)]
    pub created_by: String,
    /// Further channels that follow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Follower>,
    /// Its occurrences, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occurrences: Vec<OccurrenceReference>,
    /// The short UUIDs of parts that have started or ended. They never belong to a later card.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// When this plugin first stored the record, in milliseconds; 0 for a record of the Go plugin.
    #[serde(default)]
    pub since: i64,
    /// Fields of other versions.
    #[serde(flatten)]
    pub other: Map<String, Value>,
    /// The bytes from which the record was read, for compare-and-set.
    #[serde(skip)]
    read_from: Option<Vec<u8>>,
}

impl Number {
    /// Adds an occurrence, or replaces its reference.
    pub fn link_occurrence(&mut self, reference: OccurrenceReference) {
        if !self.is_subscription && !reference.channel_id.is_empty() {
            self.channel_id.clone_from(&reference.channel_id);
        }
        self.occurrences.retain(|one| one.id != reference.id);
        self.occurrences.push(reference);
        let surplus = self.occurrences.len().saturating_sub(MAX_OCCURRENCES);
        self.occurrences.drain(..surplus);
    }

    /// Removes the reference to an occurrence that was never posted. Returns whether there was one.
    pub fn unlink_occurrence(&mut self, id: &str) -> bool {
        let before = self.occurrences.len();
        self.occurrences.retain(|one| one.id != id);
        self.occurrences.len() != before
    }

    /// The occurrences to which an event about a part may belong. `start` is the start of the part. A part in a personal
    /// room never continues another meeting.
    pub fn candidate_occurrences(
        &self,
        short_uuid: &str,
        start: Option<i64>,
        in_personal_room: bool,
    ) -> Vec<OccurrenceReference> {
        let exact: Vec<_> = self
            .occurrences
            .iter()
            .filter(|one| one.has_part(short_uuid))
            .collect();
        if !exact.is_empty() {
            return exact.into_iter().cloned().collect();
        }
        let (personal, others): (Vec<_>, Vec<_>) = self
            .occurrences
            .iter()
            .partition(|one| one.kind == MeetingKind::Personal);
        let is_new = !self.has_seen_part(short_uuid);
        let waiting = personal.into_iter().filter(|one| {
            let (from, to) = personal_room_window(one.created_at);
            is_new && start.is_some_and(|start| (from..=to).contains(&start))
        });
        let near = match start {
            Some(start) => {
                let begun = others
                    .iter()
                    .filter(|one| personal_room_window(one.created_at).0 <= start);
                let last = begun.max_by_key(|one| one.created_at);
                last.or(others.iter().min_by_key(|one| one.created_at))
            }
            None => others.iter().max_by_key(|one| one.created_at),
        };
        let near = near.copied().filter(|_| !in_personal_room);
        waiting.chain(near).cloned().collect()
    }

    /// Whether a part has started or ended, and no card shows it.
    pub fn has_seen_part(&self, short_uuid: &str) -> bool {
        self.seen.iter().any(|seen| seen == short_uuid)
    }

    /// Remembers that a part has started or ended, and adds it to the occurrences `concerned`. Returns whether the record
    /// changed.
    pub fn mark_part_seen(&mut self, short_uuid: &str, concerned: &[String]) -> bool {
        let mut changed = false;
        let references = self.occurrences.iter_mut();
        for reference in references.filter(|one| concerned.contains(&one.id)) {
            if !reference.has_part(short_uuid) {
                reference.parts.push(short_uuid.to_owned());
                changed = true;
            }
        }
        if !self.has_seen_part(short_uuid) {
            self.seen.push(short_uuid.to_owned());
            let surplus = self.seen.len().saturating_sub(MAX_SEEN);
            self.seen.drain(..surplus);
            changed = true;
        }
        changed
    }

    /// Whether an occurrence in a personal room is known.
    pub fn is_personal(&self) -> bool {
        let mut references = self.occurrences.iter();
        references.any(|one| one.kind == MeetingKind::Personal)
    }

    /// All channels that follow the meeting.
    pub fn followers(&self) -> Vec<Follower> {
        let first = Follower {
            channel_id: self.channel_id.clone(),
            created_by: self.created_by.clone(),
        };
        let first = (self.is_subscription && !self.channel_id.is_empty()).then_some(first);
        first.into_iter().chain(self.also.iter().cloned()).collect()
    }

    /// Sets the channels that follow the meeting. The first one is stored in the fields of the Go plugin.
    pub fn set_followers(&mut self, followers: Vec<Follower>) {
        let mut followers = followers.into_iter();
        match followers.next() {
            Some(first) => {
                self.is_subscription = true;
                self.channel_id = first.channel_id;
                self.created_by = first.created_by;
            }
            None => {
                self.is_subscription = false;
                self.created_by.clear();
                let last = self.occurrences.last().map(|one| one.channel_id.clone());
                self.channel_id = last.unwrap_or_default();
            }
        }
        self.also = followers.collect();
    }

    fn is_empty(&self) -> bool {
        !self.is_subscription && self.occurrences.is_empty() && self.channel_id.is_empty()
    }

    fn lifetime(&self) -> Option<u64> {
        (!self.is_subscription).then_some(LIFETIME)
    }

    /// Removes references to expired occurrences.
    fn remove_expired(&mut self, now: i64) {
        let lifetime = i64::try_from(LIFETIME).unwrap_or(i64::MAX);
        let oldest = now.saturating_sub(lifetime.saturating_mul(1000));
        self.occurrences.retain(|one| one.created_at >= oldest);
        if self.since == 0 {
            self.since = now;
        }
    }
}

fn key(number: u64) -> String {
    format!("meeting_channel_{number}")
}

fn parse(bytes: &[u8]) -> Option<Number> {
    serde_json::from_slice(bytes).ok()
}

/// The record of a number. An unreadable record counts as absent. Absence is not confirmed, so that an event about an
/// unknown meeting costs only this call.
pub fn load(number: u64) -> Result<Option<Number>, Error> {
    let Some(bytes) = kv::get(&key(number))? else {
        return Ok(None);
    };
    Ok(parse(&bytes).map(|record| Number {
        read_from: Some(bytes),
        ..record
    }))
}

/// Links an occurrence that is about to be posted.
pub fn link_occurrence(number: u64, reference: &OccurrenceReference) -> Result<(), Error> {
    let mut record = Number::default();
    record.link_occurrence(reference.clone());
    match store(number, &mut record, &Expected::Absent) {
        Err(Error::Conflict) => {}
        other => return other,
    }
    change(number, |record| {
        record.link_occurrence(reference.clone());
        true
    })
}

/// Links an occurrence in a record that was already loaded. This takes one call unless the record has changed since.
pub fn link_occurrence_to_loaded(
    number: u64,
    read: &Number,
    reference: &OccurrenceReference,
) -> Result<(), Error> {
    change_loaded(number, read, |record| {
        record.link_occurrence(reference.clone());
        true
    })
}

/// Changes a record that was already loaded. This takes one call unless the record has changed since. `change` returns
/// whether it changed anything.
pub fn change_loaded(
    number: u64,
    read: &Number,
    mut change: impl FnMut(&mut Number) -> bool,
) -> Result<(), Error> {
    let known = read.read_from.as_deref();
    if let Some((bytes, mut record)) = known.and_then(|bytes| Some((bytes, parse(bytes)?))) {
        if !change(&mut record) {
            return Ok(());
        }
        match store(number, &mut record, &Expected::Value(bytes.to_vec())) {
            Err(Error::Conflict) => {}
            other => return other,
        }
    }
    self::change(number, change)
}

fn store(number: u64, record: &mut Number, expected: &Expected) -> Result<(), Error> {
    record.remove_expired(clock::now_ms());
    if record.is_empty() {
        return match expected {
            Expected::Absent => Ok(()),
            expected => kv::delete(&key(number), expected),
        };
    }
    let bytes = serde_json::to_vec(record).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(&key(number), &bytes, record.lifetime(), expected)
}

/// Changes a record by compare-and-set. `change` returns whether it changed anything.
pub fn change(number: u64, mut change: impl FnMut(&mut Number) -> bool) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = kv::get(&key(number))?;
        let mut record = stored.as_deref().and_then(parse).unwrap_or_default();
        if !change(&mut record) {
            return Ok(());
        }
        let expected = stored.map_or(Expected::Absent, Expected::Value);
        match store(number, &mut record, &expected) {
            Err(Error::Conflict) => {}
            other => return other,
        }
    }
    Err(Error::Conflict)
}

#[cfg(test)]
mod tests;
