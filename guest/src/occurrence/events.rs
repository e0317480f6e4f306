//! Applies Zoom's events about the start and the end of a meeting.
//!
//! An event first looks up the record of the meeting's number. Without a record, the meeting is unknown, and the event
//! costs only this call. Otherwise the number leads to the occurrences to which the event may belong. Each occurrence
//! decides whether the event belongs to it ([`crate::occurrence::state`]).

use crate::bindings::types::Error;
use crate::occurrence::state::{Occurrence, State};
use crate::occurrence::{announcement_job, legacy_posts, record};
use crate::platform::{clock, log};
use crate::store::locks;
use crate::store::meeting_number::{self, Number};
use crate::store::occurrence_reference::{MeetingKind, OccurrenceReference, short_uuid};
use crate::zoom::webhook::meeting::MeetingEvent;

/// Handles the start of a meeting: the first person entered it.
pub fn meeting_started(event: &MeetingEvent<'_>) -> Result<(), Error> {
    let start = event.start.unwrap_or(event.at);
    let part = event.part();
    apply_to_all(event, Some(start), true, |occurrence| {
        occurrence.apply_start(&part, start)
    })
}

/// Handles the end of a meeting: everyone left it, or it became a webinar.
pub fn meeting_ended(event: &MeetingEvent<'_>) -> Result<(), Error> {
    let end = event.end.unwrap_or(event.at);
    let part = event.part();
    apply_to_all(event, event.start, false, |occurrence| {
        occurrence.apply_end(&part, event.start, end)
    })
}

/// The number of attempts if the record of the number changes meanwhile.
const ROUNDS: usize = 3;

/// Applies an event to all occurrences to which it belongs. `announces` says whether the event may begin an occurrence that
/// channels follow. `step` applies the event and returns whether it belongs to the occurrence.
fn apply_to_all(
    event: &MeetingEvent<'_>,
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
    let mut number = legacy_posts::merge_legacy_post(stored, event)?;
    for _ in 0..ROUNDS {
        match apply_to_candidates(event, &number, start, announces, &step)? {
            Some(newer) => number = newer,
            None => return Ok(()),
        }
    }
    Err(Error::Conflict)
}

/// Applies an event to the occurrences in a record of the number. Returns a newer record if it leads to other occurrences:
/// a card may be posted at the same time, or a database replica may lag behind.
fn apply_to_candidates(
    event: &MeetingEvent<'_>,
    number: &Number,
    start: Option<i64>,
    announces: bool,
    step: &impl Fn(&mut Occurrence) -> bool,
) -> Result<Option<Number>, Error> {
    let part = event.part();
    let tag = short_uuid(&part);
    let candidates = number.candidate_occurrences(&tag, start, event.personal);
    let mut concerned = Vec::new();
    let mut failure = None;
    let mut announced = false;
    for reference in &candidates {
        match apply_to_occurrence(event, number, reference, step) {
            Ok(true) => {
                announced |= reference.kind != MeetingKind::Personal;
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
    } else if is_followed && !announced && failure.is_none() && !number.has_seen_part(&tag) {
        if announces {
            if let Some(reference) = link_occurrence(event, number, &part, start)? {
                apply_to_occurrence(event, number, &reference, step)?;
            }
        } else {
            // Remember the part, so that a late start event does not announce the meeting.
            is_over = true;
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    let is_remembered = is_over || number.is_personal();
    if !is_remembered || !number.clone().mark_part_seen(&tag, &concerned) {
        return Ok(None);
    }
    let mut newer = None;
    meeting_number::change_loaded(event.number, number, |current| {
        let mut others = current
            .candidate_occurrences(&tag, start, event.personal)
            .into_iter();
        newer = others
            .any(|other| candidates.iter().all(|one| one.id != other.id))
            .then(|| current.clone());
        newer.is_none() && current.mark_part_seen(&tag, &concerned)
    })?;
    Ok(newer)
}

/// Applies an event to one occurrence. Returns whether the event belongs to it.
fn apply_to_occurrence(
    event: &MeetingEvent<'_>,
    number: &Number,
    reference: &OccurrenceReference,
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
        let may_announce = occurrence.kind != MeetingKind::Personal && !event.personal;
        if may_announce && occurrence.state() == State::InProgress {
            occurrence.add_pending_cards(followers.iter().map(|one| one.channel_id.as_str()));
        }
    })?;
    let Some(occurrence) = changed.filter(|_| concerned) else {
        return Ok(false);
    };
    let is_open = occurrence.state() == State::InProgress;
    // If the meeting had ended for a moment, the job that corrects the link has stopped. Start it again.
    let lacks_link = is_open && occurrence.kind == MeetingKind::Followed && !occurrence.has_link();
    if lacks_link || occurrence.pending_cards().next().is_some() {
        announcement_job::enqueue(event.number, reference, event.at)?;
    }
    release_start_claim(&occurrence);
    Ok(true)
}

/// Links the number to the occurrence of a meeting that channels follow. `None` if the part has ended meanwhile.
fn link_occurrence(
    event: &MeetingEvent<'_>,
    number: &Number,
    part: &str,
    start: Option<i64>,
) -> Result<Option<OccurrenceReference>, Error> {
    let reference = OccurrenceReference {
        id: record::followed_id(event.number, part),
        created_at: start.unwrap_or(event.at),
        kind: MeetingKind::Followed,
        channel_id: String::new(),
        parts: vec![short_uuid(part)],
    };
    let tag = short_uuid(part);
    let mut has_ended = false;
    if !number.occurrences.contains(&reference) {
        meeting_number::change_loaded(event.number, number, |current| {
            has_ended = current.has_seen_part(&tag) && !current.occurrences.contains(&reference);
            if !has_ended {
                current.link_occurrence(reference.clone());
            }
            !has_ended
        })?;
    }
    Ok((!has_ended).then_some(reference))
}

/// Lets others start a meeting in the channel at once if this one ended within seconds. Releases only the claim with which
/// this meeting was started.
fn release_start_claim(occurrence: &Occurrence) {
    let age = clock::now_ms().saturating_sub(occurrence.created_at);
    if occurrence.state() != State::Ended
        || occurrence.claim.is_empty()
        || age > locks::start_lifetime_ms()
    {
        return;
    }
    for card in occurrence.posted_cards() {
        locks::release_start(&card.channel_id, &occurrence.claim);
    }
}
