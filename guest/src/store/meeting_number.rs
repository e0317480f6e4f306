//! The record of a meeting's number: which channels follow it, and which occurrences it has had.
//!
//! `meeting_channel_{number}` has the key and the fields of the Go plugin, so that a server that goes back to the Go
//! plugin keeps its subscriptions. Our own fields follow them. A record of the Go plugin has none of ours: see
//! [`crate::occurrence::legacy_posts`].
//!
//! The record leads to the occurrences. It is a hint: the record of an occurrence says which parts it has.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::store::occurrence_reference::{Kind, LIFETIME, Reference, window};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How many channels follow a meeting, and so how many cards it has.
pub const MAX_CHANNELS: usize = 20;
/// How many occurrences a number leads to. Recordings of older ones are not posted.
const MAX_OCCURRENCES: usize = 100;
/// How many parts are remembered that belong to no card.
const MAX_SEEN: usize = 50;
/// How often and how long to wait when somebody else changes the same record, or a database replica lags.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 150;

/// A channel that follows a meeting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower {
    /// The channel.
    pub channel_id: String,
    /// Who subscribed it.
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
    /// Who subscribed it, or empty.
    #[serde(default)]
    pub created_by: String,
    /// Further channels that follow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Follower>,
    /// Its occurrences, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub occurrences: Vec<Reference>,
    /// Short names of UUIDs that have started or ended. They are never bound to a later card.
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
    pub fn refer(&mut self, reference: Reference) {
        if !self.is_subscription && !reference.channel_id.is_empty() {
            self.channel_id.clone_from(&reference.channel_id);
        }
        self.occurrences.retain(|one| one.id != reference.id);
        self.occurrences.push(reference);
        let surplus = self.occurrences.len().saturating_sub(MAX_OCCURRENCES);
        self.occurrences.drain(..surplus);
    }

    /// Removes the reference to an occurrence that was never posted. Answers whether there was one.
    pub fn forget(&mut self, id: &str) -> bool {
        let before = self.occurrences.len();
        self.occurrences.retain(|one| one.id != id);
        self.occurrences.len() != before
    }

    /// The occurrences that an event about a part may concern. `start` is when the part started. A part in a personal room
    /// never continues another meeting.
    pub fn candidates(
        &self,
        tag: &str,
        start: Option<i64>,
        in_personal_room: bool,
    ) -> Vec<Reference> {
        let exact: Vec<_> = self.occurrences.iter().filter(|one| one.has(tag)).collect();
        if !exact.is_empty() {
            return exact.into_iter().cloned().collect();
        }
        let (personal, others): (Vec<_>, Vec<_>) = self
            .occurrences
            .iter()
            .partition(|one| one.kind == Kind::Personal);
        let is_new = !self.has_seen(tag);
        let waiting = personal.into_iter().filter(|one| {
            let (from, to) = window(one.created_at);
            is_new && start.is_some_and(|start| (from..=to).contains(&start))
        });
        let near = match start {
            Some(start) => {
                let begun = others
                    .iter()
                    .filter(|one| window(one.created_at).0 <= start);
                let last = begun.max_by_key(|one| one.created_at);
                last.or(others.iter().min_by_key(|one| one.created_at))
            }
            None => others.iter().max_by_key(|one| one.created_at),
        };
        let near = near.copied().filter(|_| !in_personal_room);
        waiting.chain(near).cloned().collect()
    }

    /// Whether a part has started or ended, and no card shows it.
    pub fn has_seen(&self, tag: &str) -> bool {
        self.seen.iter().any(|seen| seen == tag)
    }

    /// Remembers that a part has started or ended. Answers whether that was new.
    pub fn see(&mut self, tag: &str, concerned: &[String]) -> bool {
        let mut changed = false;
        let references = self.occurrences.iter_mut();
        for reference in references.filter(|one| concerned.contains(&one.id)) {
            if !reference.has(tag) {
                reference.parts.push(tag.to_owned());
                changed = true;
            }
        }
        if !self.has_seen(tag) {
            self.seen.push(tag.to_owned());
            let surplus = self.seen.len().saturating_sub(MAX_SEEN);
            self.seen.drain(..surplus);
            changed = true;
        }
        changed
    }

    /// Whether the number is a personal room's, as far as is known.
    pub fn is_personal(&self) -> bool {
        let mut references = self.occurrences.iter();
        references.any(|one| one.kind == Kind::Personal)
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

    /// Sets the channels that follow the meeting. The first one is stored where the Go plugin looks.
    pub fn follow(&mut self, followers: Vec<Follower>) {
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

    /// Forgets occurrences whose records have expired.
    fn tidy(&mut self, now: i64) {
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

/// The record of a number. One that cannot be read counts as none. That there is none is final: an event about a meeting
/// that nobody here knows is answered after this one call.
pub fn load(number: u64) -> Result<Option<Number>, Error> {
    let Some(bytes) = kv::get(&key(number))? else {
        return Ok(None);
    };
    Ok(parse(&bytes).map(|record| Number {
        read_from: Some(bytes),
        ..record
    }))
}

/// Stores that an occurrence is about to be posted.
pub fn refer(number: u64, reference: &Reference) -> Result<(), Error> {
    let mut record = Number::default();
    record.refer(reference.clone());
    match store(number, &mut record, &Expected::Absent) {
        Err(Error::Conflict) => {}
        other => return other,
    }
    change(number, |record| {
        record.refer(reference.clone());
        true
    })
}

/// The same where the record was read already: one call, unless somebody else has changed it since.
pub fn refer_read(number: u64, read: &Number, reference: &Reference) -> Result<(), Error> {
    change_read(number, read, |record| {
        record.refer(reference.clone());
        true
    })
}

/// Changes a record that was read already: one call, unless somebody else has changed it since. `change` answers whether it
/// changed anything.
pub fn change_read(
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
    record.tidy(clock::now_ms());
    if record.is_empty() {
        return match expected {
            Expected::Absent => Ok(()),
            expected => kv::delete(&key(number), expected),
        };
    }
    let bytes = serde_json::to_vec(record).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(&key(number), &bytes, record.lifetime(), expected)
}

/// Changes a record by compare-and-set. `change` answers whether it changed anything.
pub fn change(number: u64, mut change: impl FnMut(&mut Number) -> bool) -> Result<(), Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CARD: i64 = 1_786_000_000_000;

    fn reference(id: &str, kind: Kind, created_at: i64) -> Reference {
        Reference {
            id: id.into(),
            created_at,
            kind,
            channel_id: "c".into(),
            parts: Vec::new(),
        }
    }

    fn ids(references: &[Reference]) -> Vec<&str> {
        references.iter().map(|one| one.id.as_str()).collect()
    }

    #[test]
    fn zm099_a_record_of_the_go_plugin_is_read_and_its_fields_stay() {
        let go = br#"{"channel_id":"c","is_subscription":true,"created_by":"u","later":[1]}"#;
        let mut number = parse(go).unwrap();
        assert!(number.is_subscription && number.since == 0);
        assert_eq!(number.lifetime(), None);
        number.refer(reference("r", Kind::Followed, CARD));
        let written = serde_json::to_value(&number).unwrap();
        assert_eq!(written["channel_id"], "c");
        assert_eq!(written["created_by"], "u");
        assert_eq!(written["later"], serde_json::json!([1]));
    }

    #[test]
    fn an_event_leads_to_the_occurrence_that_has_its_part() {
        let mut number = Number::default();
        number.refer(reference("old", Kind::Ordinary, CARD));
        let mut known = reference("known", Kind::Ordinary, CARD + 1);
        known.parts.push("u".to_owned());
        number.refer(known);
        number.refer(reference("new", Kind::Ordinary, CARD + 2));
        assert_eq!(ids(&number.candidates("u", None, false)), ["known"]);
        assert_eq!(ids(&number.candidates("v", None, false)), ["new"]);
        assert_eq!(
            ids(&number.candidates("v", Some(CARD - 60_000), false)),
            ["old"]
        );
        assert_eq!(
            ids(&number.candidates("v", Some(0), false)),
            ["old"],
            "a late event"
        );
        assert_eq!(ids(&number.candidates("v", Some(CARD + 9), false)), ["new"]);
        assert!(number.candidates("v", Some(CARD + 9), true).is_empty());
        assert_eq!(ids(&number.candidates("u", None, true)), ["known"]);
    }

    #[test]
    fn f01_all_cards_of_a_room_whose_windows_contain_the_start_are_candidates() {
        let mut number = Number::default();
        for (id, minutes) in [("a", 0), ("b", 20), ("c", 40)] {
            number.refer(reference(id, Kind::Personal, CARD + minutes * 60_000));
        }
        let at = |minutes: i64| number.candidates("u", Some(CARD + minutes * 60_000), false);
        assert_eq!(ids(&at(25)), ["a", "b"]);
        assert_eq!(ids(&at(39)), ["b", "c"]);
        assert!(at(71).is_empty());
        assert!(number.candidates("u", None, false).is_empty());
    }

    #[test]
    fn f01_a_part_that_has_started_or_ended_is_never_bound_to_a_later_card() {
        let mut number = Number::default();
        number.refer(reference("a", Kind::Personal, CARD));
        assert!(number.see("u", &["a".to_owned()]));
        assert!(!number.see("u", &["a".to_owned()]), "nothing new");
        assert!(number.see("v", &[]));
        number.refer(reference("b", Kind::Personal, CARD + 1));
        assert_eq!(ids(&number.candidates("u", Some(CARD), false)), ["a"]);
        assert!(number.candidates("v", Some(CARD), false).is_empty());
    }

    #[test]
    fn a_record_stays_small() {
        let mut number = Number::default();
        for at in 0..300 {
            number.refer(reference(&"f".repeat(32), Kind::Personal, at));
            number.refer(reference(&at.to_string(), Kind::Personal, at));
            number.see(&at.to_string(), &[at.to_string()]);
        }
        assert_eq!(number.occurrences.len(), MAX_OCCURRENCES);
        assert_eq!(number.seen.len(), MAX_SEEN);
        assert!(serde_json::to_vec(&number).unwrap().len() < 32 * 1024);
    }

    #[test]
    fn occurrences_that_have_expired_are_forgotten() {
        let mut number = Number::default();
        number.refer(reference("old", Kind::Personal, CARD));
        number.refer(reference("new", Kind::Personal, CARD + 1));
        number.tidy(CARD + 1 + 30 * 24 * 3600 * 1000);
        assert_eq!(ids(&number.occurrences), ["new"]);
        assert!(number.since > 0);
    }

    #[test]
    fn what_was_never_posted_is_forgotten() {
        let mut number = Number::default();
        number.refer(reference("a", Kind::Ordinary, CARD));
        assert!(number.forget("a") && !number.forget("a"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, uuid in ".*", start: i64) {
            if let Some(number) = parse(&bytes) {
                let _ = number.candidates(&uuid, Some(start), false);
            }
        }
    }
}
