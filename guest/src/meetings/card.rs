//! The card of a meeting that a user started: its post, the record behind the post, and the event for the client.

use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error as HostError;
use crate::bindings::websocket::{self, Audience};
use crate::meetings::create::Meeting;
use crate::meetings::failure::Failure;
use crate::meetings::request::StartRequest;
use crate::occurrence::post::{self, Content};
use crate::occurrence::state::{Card, Occurrence, Part};
use crate::occurrence::{card, not_started, record};
use crate::platform::channels::channel_locale;
use crate::platform::ids::is_id;
use crate::platform::once::{STEP, is_refusal};
use crate::platform::{clock, log};
use crate::store::locks::Claim;
use crate::store::meeting_number;
use crate::store::occurrence_reference::{self, MeetingKind, OccurrenceReference};

/// Posts the card as the user, and lets the user's client open the meeting. The reference is stored before the post, so
/// that Zoom's events find the post even if this is interrupted. After the post, errors are only logged.
pub fn post_card(
    start: &StartRequest<'_>,
    meeting: &Meeting,
    claim: &Claim,
) -> Result<(), Failure> {
    let now = clock::now_ms();
    let reference = new_reference(start, meeting, now);
    let referred = meeting_number::link_occurrence(meeting.id, &reference);
    let post = create_post(start, meeting, &reference.id).map_err(|error| {
        if is_refusal(&error) {
            // There is no post. If this fails, the unused reference expires.
            let _ = meeting_number::change(meeting.id, |number| {
                number.unlink_occurrence(&reference.id)
            });
        }
        Failure::NotPosted {
            join_url: meeting.join_url.clone(),
            error,
        }
    })?;
    // A forced start holds no claim on the channel.
    let claim = match start.force {
        true => String::new(),
        false => claim.value(),
    };
    let recorded = store_record(meeting, &reference, &post, claim);
    let referred = match referred {
        // Try again, because without the reference no event finds the post.
        Err(_) => meeting_number::link_occurrence(meeting.id, &reference),
        done => done,
    };
    let waits = match meeting.personal {
        // A second job is harmless.
        true => not_started::enqueue(meeting.id, &reference)
            .or_else(|_| not_started::enqueue(meeting.id, &reference)),
        false => Ok(()),
    };
    let later = [
        ("number of the meeting", referred),
        ("record of the meeting", recorded),
        ("end of the wait", waits),
        (
            "event for the client",
            notify_client(start, &meeting.join_url),
        ),
    ];
    for (what, result) in later {
        if let Err(error) = result {
            log::warn(
                "A meeting was posted, but a later step failed.",
                &[("what", what), ("error", &error.to_string())],
            );
        }
    }
    Ok(())
}

/// The reference from the meeting's number to the record. It is stored before the post.
fn new_reference(start: &StartRequest<'_>, meeting: &Meeting, now: i64) -> OccurrenceReference {
    let uuids = [meeting.uuid.as_str(), meeting.in_progress.as_str()];
    let uuids = uuids.into_iter().filter(|uuid| !uuid.is_empty());
    OccurrenceReference {
        id: record::new_id(),
        created_at: now,
        kind: if meeting.personal {
            MeetingKind::Personal
        } else {
            MeetingKind::Ordinary
        },
        channel_id: start.place.channel_id.to_owned(),
        parts: uuids.map(occurrence_reference::short_uuid).collect(),
    }
}

/// Stores the record of the meeting.
fn store_record(
    meeting: &Meeting,
    reference: &OccurrenceReference,
    post: &Post,
    claim: String,
) -> Result<(), HostError> {
    let mut occurrence = Occurrence {
        number: meeting.id,
        kind: reference.kind,
        topic: meeting.topic.clone(),
        host_id: meeting.host_id.clone(),
        created_at: post.create_at,
        parts: Vec::new(),
        claim,
        ..Occurrence::default()
    };
    occurrence.set_link(&meeting.join_url);
    if !meeting.uuid.is_empty() {
        occurrence.parts.push(Part {
            uuid: meeting.uuid.clone(),
            ..Part::default()
        });
    }
    if !meeting.in_progress.is_empty() {
        occurrence.parts.push(Part {
            uuid: meeting.in_progress.clone(),
            start: Some(post.create_at),
            end: None,
            only_end: true,
        });
    }
    occurrence.cards.push(Card {
        channel_id: post.channel_id.clone(),
        post_id: post.id.clone(),
        posted_at: post.create_at,
        followed: false,
        shown: card::content_digest(&occurrence),
    });
    match record::insert(&reference.id, &occurrence) {
        // An event was faster and has created the record from the post. Add the fields that are not in the post.
        Err(HostError::Conflict) => record::change(meeting.id, reference, |known| {
            known.host_id.clone_from(&occurrence.host_id);
            known.claim.clone_from(&occurrence.claim);
        })
        .map(drop),
        done => done,
    }
}

fn create_post(
    start: &StartRequest<'_>,
    meeting: &Meeting,
    record: &str,
) -> Result<Post, HostError> {
    let content = Content {
        number: meeting.id,
        topic: &meeting.topic,
        join_url: &meeting.join_url,
        personal: meeting.personal,
        followed: false,
        posted_at: clock::now_ms(),
        locale: channel_locale(),
    };
    let creator = &start.person.username;
    let mut props = post::new_card_props(&content, &meeting.uuid, creator, record);
    if let Some(props) = props.as_object_mut() {
        props.insert(STEP.to_owned(), record.into());
    }
    let message = content.message();
    let draft = start.place.draft(message, post::KIND, props.to_string());
    posts::create(Author::ActingUser, &draft)
}

/// Notifies the user's clients. The connection ID names the client that asked. It comes from the request and could belong
/// to another user's client, so the event goes to all clients of this user, and each client compares the ID with its own.
fn notify_client(start: &StartRequest<'_>, join_url: &str) -> Result<(), HostError> {
    let mut data = vec![("meeting_url".to_owned(), join_url.to_owned())];
    if is_id(start.connection_id) {
        data.push(("connection_id".to_owned(), start.connection_id.to_owned()));
    }
    let audience = Audience::User(start.person.id.clone());
    websocket::publish("meeting_started", &data, &audience)
}
