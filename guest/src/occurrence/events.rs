//! Zoom's events about a meeting: it started, or it ended.
//!
//! An event first looks for the record of the meeting's number. If there is none, nobody here knows the meeting, and the
//! event is answered after that one call. The number leads to the occurrences that the event may concern, and each of
//! them decides for itself.

use crate::bindings::types::Error;
use crate::occurrence::state::{Occurrence, State};
use crate::occurrence::{announcement_job, legacy_posts, record};
use crate::platform::{clock, log};
use crate::store::locks;
use crate::store::meeting_number::{self, Number};
use crate::store::occurrence_reference::{self, Kind, Reference};
use crate::zoom::webhook::meeting::Event;

/// Somebody entered a meeting.
pub fn started(event: &Event<'_>) -> Result<(), Error> {
    let start = event.start.unwrap_or(event.at);
    let part = event.part();
    apply(event, Some(start), true, |occurrence| {
        occurrence.started(&part, start)
    })
}

/// Everybody left a meeting, or it became a webinar.
pub fn ended(event: &Event<'_>) -> Result<(), Error> {
    let end = event.end.unwrap_or(event.at);
    let part = event.part();
    apply(event, event.start, false, |occurrence| {
        occurrence.ended(&part, event.start, end)
    })
}

/// How often an event is applied to a record of the number that has changed meanwhile.
const ROUNDS: usize = 3;

/// Applies an event to all occurrences that it concerns. `announces` says whether it may begin one that channels follow;
/// `step` answers whether it concerned the occurrence.
fn apply(
    event: &Event<'_>,
    start: Option<i64>,
    announces: bool,
    step: impl Fn(&mut Occurrence) -> bool,
) -> Result<(), Error> {
    if event.number == 0 {
        return Ok(());
    }
    let Some(stored) = meeting_number::load(event.number)? else {
        return Ok(());
    };
    let mut number = legacy_posts::merged(stored, event)?;
    for _ in 0..ROUNDS {
        match apply_known(event, &number, start, announces, &step)? {
            Some(newer) => number = newer,
            None => return Ok(()),
        }
    }
    Err(Error::Conflict)
}

/// Applies an event to all occurrences that a record of the number leads to. Answers with a newer record if that one
/// leads to others: a card may be posted at the same time, or a database replica may be behind.
fn apply_known(
    event: &Event<'_>,
    number: &Number,
    start: Option<i64>,
    announces: bool,
    step: &impl Fn(&mut Occurrence) -> bool,
) -> Result<Option<Number>, Error> {
    let part = event.part();
    let tag = occurrence_reference::tag(&part);
    let candidates = number.candidates(&tag, start, event.personal);
    let mut concerned = Vec::new();
    let mut failure = None;
    let mut announced = false;
    for reference in &candidates {
        match apply_to(event, number, reference, step) {
            Ok(true) => {
                announced |= reference.kind != Kind::Personal;
                concerned.push(reference.id.clone());
            }
            Ok(false) => {}
            // Continue with the other occurrences and report the failure at the end.
            Err(error) => failure = Some(error),
        }
    }
    let is_followed = !number.followers().is_empty();
    let mut is_over = false;
    if is_followed && event.personal {
        log::warn(
            "A channel is subscribed to a Personal Meeting ID. Meetings in a personal room may be private, so they are not announced. Use /zoom subscription remove in the channel.",
            &[("channel", &number.channel_id)],
        );
    } else if is_followed && !announced && failure.is_none() && !number.has_seen(&tag) {
        if announces {
            let reference = follow(event, number, &part, start)?;
            apply_to(event, number, &reference, step)?;
        } else {
            // A start that arrives later must not announce it.
            is_over = true;
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    let is_remembered = is_over || number.is_personal();
    if !is_remembered || !number.clone().see(&tag, &concerned) {
        return Ok(None);
    }
    let mut newer = None;
    meeting_number::change_read(event.number, number, |current| {
        let mut others = current.candidates(&tag, start, event.personal).into_iter();
        newer = others
            .any(|other| candidates.iter().all(|one| one.id != other.id))
            .then(|| current.clone());
        newer.is_none() && current.see(&tag, &concerned)
    })?;
    Ok(newer)
}

/// Applies an event to one occurrence. Answers whether it concerned it.
fn apply_to(
    event: &Event<'_>,
    number: &Number,
    reference: &Reference,
    step: &impl Fn(&mut Occurrence) -> bool,
) -> Result<bool, Error> {
    let followers = number.followers();
    let mut concerned = false;
    let changed = record::change(event.number, reference, |occurrence| {
        concerned = step(occurrence);
        if !concerned {
            return;
        }
        if occurrence.host_id.is_empty() {
            event.host_id.clone_into(&mut occurrence.host_id);
        }
        if occurrence.topic.is_empty() {
            event.topic.clone_into(&mut occurrence.topic);
        }
        let may_announce = occurrence.kind != Kind::Personal && !event.personal;
        if may_announce && occurrence.state() == State::InProgress {
            occurrence.announce_in(followers.iter().map(|one| one.channel_id.as_str()));
        }
    })?;
    let Some(occurrence) = changed.filter(|_| concerned) else {
        return Ok(false);
    };
    let is_open = occurrence.state() == State::InProgress;
    // The job that was to correct the link has ended if the meeting was over for a moment.
    let lacks_link = is_open && occurrence.kind == Kind::Followed && !occurrence.has_link();
    if lacks_link || occurrence.pending().next().is_some() {
        announcement_job::enqueue(event.number, reference, event.at)?;
    }
    free_channel(&occurrence);
    Ok(true)
}

/// Refers the number to the occurrence of a meeting that channels follow.
fn follow(
    event: &Event<'_>,
    number: &Number,
    part: &str,
    start: Option<i64>,
) -> Result<Reference, Error> {
    let reference = Reference {
        id: record::followed_id(event.number, part),
        created_at: start.unwrap_or(event.at),
        kind: Kind::Followed,
        channel_id: String::new(),
        parts: vec![occurrence_reference::tag(part)],
    };
    if !number.occurrences.contains(&reference) {
        meeting_number::refer_read(event.number, number, &reference)?;
    }
    Ok(reference)
}

/// Lets others start a meeting in the channel at once if this one ended within seconds. Only the claim with which this
/// meeting was started is released.
fn free_channel(occurrence: &Occurrence) {
    let age = clock::now_ms().saturating_sub(occurrence.created_at);
    if occurrence.state() != State::Ended
        || occurrence.claim.is_empty()
        || age > locks::start_lifetime_ms()
    {
        return;
    }
    for card in occurrence.posts() {
        locks::end_start(&card.channel_id, &occurrence.claim);
    }
}
