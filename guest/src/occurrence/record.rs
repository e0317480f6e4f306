//! Loads and changes the record of an occurrence, and updates its cards.
//!
//! `occurrence_{id}` is changed by compare-and-set. If posts need an update after a change:
//!
//! 1. The change is stored together with a deadline (`updating`). Other nodes wait until the deadline, so that only one of
//!    several deliveries changes the posts.
//! 2. The posts are updated.
//! 3. The record stores the content of the posts, and the deadline is removed.
//!
//! If the process ends in between, the deadline expires and the next delivery updates the posts. If the deadline was too
//! short and another node took over, the posts are updated again from the newest record.
//!
//! | read | result | effect |
//! |---|---|---|
//! | the record | absent, but referenced | the post is searched; the write expects the record to be absent |
//! | the record | absent, and there is no post | confirmed ([`confirmed_read`]) unless the reference is new |
//! | the record | an older value (a replica lags behind) | the write conflicts, and the record is read again |
//! | a post | not found, and younger than five minutes | unknown: the event fails and is repeated |
//! | a post | not found, and older | the card is removed |

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::occurrence::card::{self, may_lag_on_replica};
use crate::occurrence::state::{Card, Occurrence, Part};
use crate::platform::clock::{self, MAX_CLOCK_SKEW};
use crate::platform::digest::{digest, hex};
use crate::platform::once::find_post_of_step;
use crate::platform::random;
use crate::store::confirmed_read;
use crate::store::occurrence_reference::{LIFETIME, MeetingKind, OccurrenceReference};
use serde_json::Value;
use std::collections::BTreeSet;

/// Attempts and pause, in milliseconds, if another node changes the record or writes the post, or if a database replica
/// lags behind.
const ATTEMPTS: u32 = 8;
const PAUSE: u64 = 200;
/// The longest time for an update of the posts, in milliseconds.
const UPDATING: i64 = 30_000;

/// The prefix of the keys.
pub const PREFIX: &str = "occurrence_";

fn key(id: &str) -> String {
    format!("{PREFIX}{id}")
}

/// A new random ID for a record.
pub fn new_id() -> String {
    let random: [u8; 16] = random::random_bytes();
    hex(&random)
}

/// The ID for the record of a meeting that channels follow. It is the same on all nodes.
pub fn followed_id(number: u64, uuid: &str) -> String {
    digest(["followed", &number.to_string(), uuid], 16)
}

fn parse(bytes: &[u8]) -> Option<Occurrence> {
    serde_json::from_slice(bytes).ok()
}

/// Loads the record with this ID.
pub fn load(id: &str) -> Result<Option<Occurrence>, Error> {
    Ok(kv::get(&key(id))?.and_then(|bytes| parse(&bytes)))
}

/// Stores a new record. Fails with `Conflict` if it exists.
pub fn insert(id: &str, occurrence: &Occurrence) -> Result<(), Error> {
    store(id, occurrence, &Expected::Absent).map(drop)
}

/// Stores a record and returns its bytes.
fn store(id: &str, occurrence: &Occurrence, expected: &Expected) -> Result<Vec<u8>, Error> {
    let bytes =
        serde_json::to_vec(occurrence).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(&key(id), &bytes, Some(LIFETIME), expected)?;
    Ok(bytes)
}

/// Changes a record and updates its cards. Returns the changed record, or none if there is nothing to change: the host's
/// data was deleted, or the meeting was never posted.
///
/// After an error, the caller must make the same change again.
pub fn change(
    number: u64,
    reference: &OccurrenceReference,
    mut change: impl FnMut(&mut Occurrence),
) -> Result<Option<Occurrence>, Error> {
    let mut touched = BTreeSet::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = kv::get(&key(&reference.id))?;
        let known = stored.as_deref().and_then(parse);
        if known.as_ref().is_some_and(is_being_updated) {
            continue;
        }
        let found = match known.clone() {
            Some(known) => Some(known),
            None => recover_from_post(number, reference)?,
        };
        let Some(mut occurrence) = found else {
            if may_lag_on_replica(reference.created_at) {
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
        let outcome = if card::needs_update(&occurrence, &touched) {
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

/// Whether another node is updating the posts. Ignores deadlines that are too far in the future.
fn is_being_updated(occurrence: &Occurrence) -> bool {
    let now = clock::now_ms();
    let range = now..=now.saturating_add(UPDATING + MAX_CLOCK_SKEW);
    occurrence
        .updating
        .is_some_and(|until| range.contains(&until))
}

/// Stores a change, updates the posts, and stores their content. Fails with `Conflict` if another node was faster.
fn store_and_update(
    id: &str,
    occurrence: &mut Occurrence,
    expected: &Expected,
    touched: &mut BTreeSet<String>,
) -> Result<(), Error> {
    occurrence.updating = Some(clock::now_ms().saturating_add(UPDATING));
    let held = store(id, occurrence, expected)?;
    let failure = card::update_posts(occurrence, touched);
    occurrence.updating = None;
    store(id, occurrence, &Expected::Value(held))?;
    failure.map_or(Ok(()), Err)
}

/// Replaces a record with a tombstone if the meeting's host is this Zoom user and the record was not created after `until`,
/// in milliseconds.
pub fn delete_for_host(id: &str, host_id: &str, until: i64) -> Result<(), Error> {
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
            Err(Error::Conflict) => clock::sleep_ms(PAUSE),
            done => return done.map(drop),
        }
    }
    Err(Error::Conflict)
}

/// Rebuilds an occurrence without a record from its post: the process may have ended between the post and the record.
/// Returns none if there is no post either.
fn recover_from_post(
    number: u64,
    reference: &OccurrenceReference,
) -> Result<Option<Occurrence>, Error> {
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
    if reference.kind != MeetingKind::Personal && !uuid.is_empty() {
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
