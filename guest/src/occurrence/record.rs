//! Reading and changing the record of an occurrence, and bringing its cards up to date.
//!
//! `occurrence_{id}` is changed by compare-and-set. If posts must show something else after a change, the change is stored
//! together with a mark that somebody updates the posts until a certain time; then the posts are updated; then the record
//! says what they show, and the mark is removed. Others wait meanwhile, so that one delivery of several changes a post.
//! If the process ends in between, the mark expires, and the next delivery updates the posts. If the time was too short
//! and somebody else has taken over, the posts that were touched are updated once more, from the newest record.
//!
//! | read | answer that decides something | what happens |
//! |---|---|---|
//! | the record | absent, and its reference is known | the post is looked for; the write expects the record to be absent |
//! | the record | absent, and there is no post | confirmed ([`current`]), if the reference is not new |
//! | the record | an older value (a replica lags) | the write conflicts; the record is read again |
//! | a post | not found, and younger than five minutes | unknown: the event fails and is repeated |
//! | a post | not found, and older | the card is dropped |

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::occurrence::card::{self, is_young};
use crate::occurrence::state::{Card, Occurrence, Part};
use crate::platform::clock::{self, SKEW};
use crate::platform::digest::{digest, hex};
use crate::platform::once::find_post_of_step;
use crate::platform::random;
use crate::store::confirmed_read;
use crate::store::occurrence_reference::{Kind, LIFETIME, Reference};
use serde_json::Value;
use std::collections::BTreeSet;

/// How often and how long to wait when somebody else changes the record, when a database replica lags, or while the post
/// is being written at this moment.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 200;
/// How long an update of the posts takes at most, in milliseconds.
const UPDATING: i64 = 30_000;

/// What the keys of the records begin with.
pub const PREFIX: &str = "occurrence_";

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// A new name for a record, which nobody can guess.
pub fn new_id() -> String {
    let random: [u8; 16] = random::random();
    hex(&random)
}

/// The name of the record of a meeting that channels follow: the same on all nodes.
pub fn followed_id(number: u64, uuid: &str) -> String {
    digest(["followed", &number.to_string(), uuid], 16)
}

fn parse(bytes: &[u8]) -> Option<Occurrence> {
    serde_json::from_slice(bytes).ok()
}

/// The record with this name.
pub fn load(id: &str) -> Result<Option<Occurrence>, Error> {
    Ok(kv::get(&key(id))?.and_then(|bytes| parse(&bytes)))
}

/// Stores a record that is new. `Conflict` when it is there already.
pub fn insert(id: &str, occurrence: &Occurrence) -> Result<(), Error> {
    store(id, occurrence, &Expected::Absent).map(drop)
}

/// Stores a record and answers with its bytes.
fn store(id: &str, occurrence: &Occurrence, expected: &Expected) -> Result<Vec<u8>, Error> {
    let bytes =
        serde_json::to_vec(occurrence).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(&key(id), &bytes, Some(LIFETIME), expected)?;
    Ok(bytes)
}

/// Changes a record and brings its cards up to date. Answers with the record as it is then; none where there is nothing
/// to change: the host's data was deleted, or the meeting was never posted.
///
/// An error means that something is left to do, and that the same change is to be made again.
pub fn change(
    number: u64,
    reference: &Reference,
    mut change: impl FnMut(&mut Occurrence),
) -> Result<Option<Occurrence>, Error> {
    let mut touched = BTreeSet::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        let stored = kv::get(&key(&reference.id))?;
        let known = stored.as_deref().and_then(parse);
        if known.as_ref().is_some_and(is_being_updated) {
            continue;
        }
        let found = match known.clone() {
            Some(known) => Some(known),
            None => unrecorded(number, reference)?,
        };
        let Some(mut occurrence) = found else {
            if is_young(reference.created_at) {
                continue;
            }
            match confirmed_read::confirm(&key(&reference.id), None, None) {
                Ok(()) => return Ok(None),
                Err(Error::Conflict) => continue,
                Err(error) => return Err(error),
            }
        };
        if occurrence.deleted {
            return Ok(None);
        }
        occurrence.updating = None;
        change(&mut occurrence);
        let expected = stored.map_or(Expected::Absent, Expected::Value);
        let outcome = if card::must_update(&occurrence, &touched) {
            store_and_update(&reference.id, &mut occurrence, &expected, &mut touched)
        } else if known.as_ref() == Some(&occurrence) {
            Ok(())
        } else {
            store(&reference.id, &occurrence, &expected).map(drop)
        };
        match outcome {
            Ok(()) => return Ok(Some(occurrence)),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Timeout)
}

/// Whether somebody else updates the posts now. A mark that a clock which was ahead has set is ignored.
fn is_being_updated(occurrence: &Occurrence) -> bool {
    let now = clock::now_ms();
    let range = now..=now.saturating_add(UPDATING + SKEW);
    occurrence
        .updating
        .is_some_and(|until| range.contains(&until))
}

/// Stores a change, updates the posts, and stores what they show. `Conflict` if somebody else was faster.
fn store_and_update(
    id: &str,
    occurrence: &mut Occurrence,
    expected: &Expected,
    touched: &mut BTreeSet<String>,
) -> Result<(), Error> {
    occurrence.updating = Some(clock::now_ms().saturating_add(UPDATING));
    let held = store(id, occurrence, expected)?;
    let failure = card::update_all(occurrence, touched);
    occurrence.updating = None;
    store(id, occurrence, &Expected::Value(held))?;
    failure.map_or(Ok(()), Err)
}

/// Replaces a record by a mark if the meeting's host is this user of Zoom and it was not created after `until`, in
/// milliseconds.
pub fn forget(id: &str, host_id: &str, until: i64) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let Some(bytes) = kv::get(&key(id))? else {
            return Ok(());
        };
        let is_theirs = parse(&bytes)
            .is_some_and(|one| one.host_id == host_id && one.created_at <= until && !one.deleted);
        if !is_theirs {
            return Ok(());
        }
        let mark = Occurrence {
            deleted: true,
            ..Occurrence::default()
        };
        match store(id, &mark, &Expected::Value(bytes)) {
            Err(Error::Conflict) => clock::pause(PAUSE),
            done => return done.map(drop),
        }
    }
    Err(Error::Conflict)
}

/// The occurrence that a reference leads to and that has no record: the process may have ended between the post and the
/// record. None while the post is not there either.
fn unrecorded(number: u64, reference: &Reference) -> Result<Option<Occurrence>, Error> {
    let mut occurrence = Occurrence {
        number,
        kind: reference.kind,
        created_at: reference.created_at,
        ..Occurrence::default()
    };
    if reference.channel_id.is_empty() {
        return Ok(Some(occurrence));
    }
    let found = find_post_of_step(&reference.channel_id, reference.created_at, &reference.id)?;
    let Some(post) = found else {
        return Ok(None);
    };
    let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
    let text = |name: &str| props.get(name).and_then(Value::as_str).unwrap_or_default();
    let uuid = text("meeting_uuid");
    if reference.kind != Kind::Personal && !uuid.is_empty() {
        occurrence.parts.push(Part {
            uuid: uuid.to_owned(),
            ..Part::default()
        });
    }
    occurrence.topic = text("meeting_topic").to_owned();
    occurrence.set_link(text("meeting_link"));
    occurrence.cards.push(Card {
        channel_id: post.channel_id,
        post_id: post.id,
        posted_at: post.create_at,
        followed: false,
        shown: String::new(),
    });
    Ok(Some(occurrence))
}
