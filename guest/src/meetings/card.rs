//! The card of a meeting that a user started: its post, the record behind the post, and the event for the client.

use crate::bindings::posts::{self, Author, Post};
use crate::bindings::types::Error as HostError;
use crate::bindings::websocket::{self, Audience};
use crate::meetings::create::Meeting;
use crate::meetings::failure::Failure;
use crate::meetings::request::Start;
use crate::occurrence::post::{self, Content};
use crate::occurrence::state::{Card, Occurrence, Part};
use crate::occurrence::{card, not_started, record};
use crate::platform::channels::channel_locale;
use crate::platform::ids::is_id;
use crate::platform::once::{STEP, is_refusal};
use crate::platform::{clock, log};
use crate::store::locks::Claim;
use crate::store::meeting_number;
use crate::store::occurrence_reference::{self, Kind, Reference};

/// Writes the post as the user, so that Zoom's webhooks find it whatever happens meanwhile, and lets the user's client open
/// the meeting. Once the post is there, nothing else is worth a failure.
pub fn announce(start: &Start<'_>, meeting: &Meeting, claim: &Claim) -> Result<(), Failure> {
    let now = clock::now_ms();
    let reference = reference(start, meeting, now);
    let referred = meeting_number::refer(meeting.id, &reference);
    let post = write(start, meeting, &reference.id).map_err(|error| {
        if is_refusal(&error) {
            // There will be no post. If this fails, the reference leads nowhere, and expires.
            let _ = meeting_number::change(meeting.id, |number| number.forget(&reference.id));
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
    let recorded = remember(meeting, &reference, &post, claim);
    let referred = match referred {
        // Once more, because without it no webhook finds the post.
        Err(_) => meeting_number::refer(meeting.id, &reference),
        done => done,
    };
    let waits = match meeting.personal {
        // A second job does no harm.
        true => not_started::enqueue(meeting.id, &reference)
            .or_else(|_| not_started::enqueue(meeting.id, &reference)),
        false => Ok(()),
    };
    let later = [
        ("number of the meeting", referred),
        ("record of the meeting", recorded),
        ("end of the wait", waits),
        ("event for the client", open(start, &meeting.join_url)),
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

/// What leads from the meeting's number to the post, from before the post is there.
fn reference(start: &Start<'_>, meeting: &Meeting, now: i64) -> Reference {
    let uuids = [meeting.uuid.as_str(), meeting.in_progress.as_str()];
    let uuids = uuids.into_iter().filter(|uuid| !uuid.is_empty());
    Reference {
        id: record::new_id(),
        created_at: now,
        kind: if meeting.personal {
            Kind::Personal
        } else {
            Kind::Ordinary
        },
        channel_id: start.place.channel_id.to_owned(),
        parts: uuids.map(occurrence_reference::tag).collect(),
    }
}

/// Stores the record of the meeting.
fn remember(
    meeting: &Meeting,
    reference: &Reference,
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
        shown: card::digest_of(&occurrence),
    });
    match record::insert(&reference.id, &occurrence) {
        // An event was faster and has found the post. It knows the rest of the meeting from the post.
        Err(HostError::Conflict) => record::change(meeting.id, reference, |known| {
            known.host_id.clone_from(&occurrence.host_id);
            known.claim.clone_from(&occurrence.claim);
        })
        .map(drop),
        done => done,
    }
}

fn write(start: &Start<'_>, meeting: &Meeting, record: &str) -> Result<Post, HostError> {
    let content = Content {
        number: meeting.id,
        topic: &meeting.topic,
        join_url: &meeting.join_url,
        personal: meeting.personal,
        followed: false,
        locale: channel_locale(),
    };
    let creator = &start.person.username;
    let mut props = post::started(&content, &meeting.uuid, creator, record);
    if let Some(props) = props.as_object_mut() {
        props.insert(STEP.to_owned(), record.into());
    }
    let message = content.message();
    let draft = start.place.draft(message, post::KIND, props.to_string());
    posts::create(Author::ActingUser, &draft)
}

/// Lets the user's clients know. The connection ID says which of them asked; it comes from the request and could be that
/// of somebody else's client, so the event goes to the user's clients, and each compares the ID with its own.
fn open(start: &Start<'_>, join_url: &str) -> Result<(), HostError> {
    let mut data = vec![("meeting_url".to_owned(), join_url.to_owned())];
    if is_id(start.connection_id) {
        data.push(("connection_id".to_owned(), start.connection_id.to_owned()));
    }
    let audience = Audience::User(start.person.id.clone());
    websocket::publish("meeting_started", &data, &audience)
}
