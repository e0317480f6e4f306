//! Records and posts of the Go plugin.
//!
//! The Go plugin stores the post of a part under `post_meeting_{UUID}` and the channel of a number under
//! `meeting_channel_{number}`, both for a day. They are merged when an event needs them, because a node that still runs
//! the Go plugin may write them during an update. After 30 days, the records of a number are not merged any more.
//!
//! A post without a UUID is treated like a post about a personal room, because it may be one.

use crate::bindings::kv;
use crate::bindings::posts::{self, Post};
use crate::bindings::types::Error;
use crate::occurrence::card::content_digest;
use crate::occurrence::state::{Card, Occurrence, Part};
use crate::occurrence::{post, record};
use crate::platform::channels::posts_since;
use crate::platform::clock;
use crate::platform::digest::digest;
use crate::store::meeting_number::{self, Number};
use crate::store::occurrence_reference::{self, MeetingKind, OccurrenceReference};
use crate::zoom::types::number as parse_number;
use crate::zoom::webhook::meeting::MeetingEvent;
use serde_json::Value;

/// The time in which records of the Go plugin are merged, in milliseconds.
const MERGING: i64 = 30 * 24 * 3600 * 1000;
/// The age up to which posts of the Go plugin are searched, in milliseconds. It is the lifetime of the Go plugin's records.
const WINDOW: i64 = 24 * 3600 * 1000;
/// The store's limit for keys.
const MAX_KEY: usize = 150;

/// The record of a number, merged with the Go plugin's record of the part.
pub fn merge_legacy_post(mut number: Number, event: &MeetingEvent<'_>) -> Result<Number, Error> {
    let now = clock::now_ms();
    let tag = occurrence_reference::short_uuid(event.uuid);
    let mut references = number.occurrences.iter();
    let is_known = references.any(|one| one.parts.contains(&tag));
    if is_known || (number.since > 0 && now.saturating_sub(number.since) > MERGING) {
        return Ok(number);
    }
    let Some((post, uuid)) = find_post(&number, event, now)? else {
        return Ok(number);
    };
    let (reference, occurrence) = occurrence_from_post(&post, event, uuid);
    match record::insert(&reference.id, &occurrence) {
        Ok(()) | Err(Error::Conflict) => {}
        Err(error) => return Err(error),
    }
    meeting_number::link_occurrence_to_loaded(event.number, &number, &reference)?;
    number.link_occurrence(reference);
    Ok(number)
}

/// The Go plugin's post about this part, and the UUID if a record links it to the post.
fn find_post<'a>(
    number: &Number,
    event: &MeetingEvent<'a>,
    now: i64,
) -> Result<Option<(Post, Option<&'a str>)>, Error> {
    if let Some(post_id) = stored_post_id(event.uuid)? {
        let post = match posts::get(&post_id) {
            Ok(post) => post,
            Err(Error::NotFound | Error::Denied(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        return Ok(is_about(&post, event.number).then_some((post, Some(event.uuid))));
    }
    if number.since > 0 || number.is_subscription || number.channel_id.is_empty() {
        return Ok(None);
    }
    let posts = posts_since(&number.channel_id, now.saturating_sub(WINDOW))?;
    let found = posts
        .into_iter()
        .filter(|post| is_about(post, event.number) && !has_ended(post));
    Ok(found
        .max_by_key(|post| post.create_at)
        .map(|post| (post, None)))
}

/// Whether the Go plugin posted this about the number. The host checks again before it allows a change of such a post.
fn is_about(post: &Post, number: u64) -> bool {
    !post.ours
        && !post.deleted
        && post.kind == post::KIND
        && props(post).get("meeting_id").map(parse_number) == Some(number)
}

fn has_ended(post: &Post) -> bool {
    post::status(&props(post)) == post::ENDED
}

fn props(post: &Post) -> Value {
    serde_json::from_str(&post.props).unwrap_or_default()
}

/// The occurrence for a post of the Go plugin. The Go plugin links every part of a personal room to the last post, even
/// private calls. Such a part therefore counts only if it started within the post's window.
fn occurrence_from_post(
    post: &Post,
    event: &MeetingEvent<'_>,
    uuid: Option<&str>,
) -> (OccurrenceReference, Occurrence) {
    let props = props(post);
    let text = |name: &str| props.get(name).and_then(Value::as_str).unwrap_or_default();
    let is_ordinary = !event.personal && uuid.is_some_and(|uuid| uuid == text("meeting_uuid"));
    let (from, to) = occurrence_reference::personal_room_window(post.create_at);
    let in_window = event
        .start
        .is_some_and(|start| (from..=to).contains(&start));
    let uuid = uuid.filter(|_| is_ordinary || in_window);
    let kind = if is_ordinary {
        MeetingKind::Ordinary
    } else {
        MeetingKind::Personal
    };
    let reference = OccurrenceReference {
        id: digest(["go", &post.id], 16),
        created_at: post.create_at,
        kind,
        channel_id: post.channel_id.clone(),
        parts: uuid
            .map(occurrence_reference::short_uuid)
            .into_iter()
            .collect(),
    };
    let ended = has_ended(post).then_some(post.update_at);
    let mut occurrence = Occurrence {
        number: event.number,
        kind,
        topic: text("meeting_topic").to_owned(),
        created_at: post.create_at,
        parts: uuid
            .map(|uuid| Part {
                uuid: uuid.to_owned(),
                start: ended.map(|_| event.start.unwrap_or(post.create_at)),
                end: ended,
                ..Part::default()
            })
            .into_iter()
            .collect(),
        cards: vec![Card {
            channel_id: post.channel_id.clone(),
            post_id: post.id.clone(),
            posted_at: post.create_at,
            followed: text("meeting_creator_username") == "zoom",
            shown: String::new(),
        }],
        ..Occurrence::default()
    };
    occurrence.set_link(text("meeting_link"));
    if ended.is_some() {
        // The post stays as the Go plugin left it.
        let shown = content_digest(&occurrence);
        for card in &mut occurrence.cards {
            card.shown.clone_from(&shown);
        }
    }
    (reference, occurrence)
}

/// The post that the Go plugin stored for a UUID.
fn stored_post_id(uuid: &str) -> Result<Option<String>, Error> {
    let key = format!("post_meeting_{}", escape(uuid));
    if uuid.is_empty() || key.len() > MAX_KEY {
        return Ok(None);
    }
    let stored = kv::get(&key)?.and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(stored.filter(|id| !id.is_empty()))
}

/// A UUID as part of a key, escaped like Go's `url.PathEscape`.
fn escape(uuid: &str) -> String {
    let mut escaped = String::with_capacity(uuid.len());
    for byte in uuid.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => escaped.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'~' | b'$' | b'&' | b'+' | b'=' | b':' | b'@' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn post(props: &Value) -> Post {
        Post {
            id: "p".into(),
            create_at: 7,
            update_at: 7,
            deleted: false,
            user_id: "u".into(),
            channel_id: "c".into(),
            root_id: String::new(),
            message: String::new(),
            kind: post::KIND.into(),
            props: props.to_string(),
            ours: false,
        }
    }

    fn props() -> Value {
        json!({"meeting_id": 85_746_065_432_u64, "meeting_uuid": "u==", "meeting_status": "STARTED",
            "meeting_topic": "Standup", "meeting_link": "https://zoom.us/j/1", "meeting_creator_username": "ann"})
    }

    #[test]
    fn zm105_uuids_are_escaped_as_go_does() {
        assert_eq!(
            escape("/ab+c/d==#?;,é [x]"),
            "%2Fab+c%2Fd==%23%3F%3B%2C%C3%A9%20%5Bx%5D"
        );
        assert_eq!(escape("-_.~$&+=:@"), "-_.~$&+=:@");
    }

    #[test]
    fn zm094_posts_of_the_go_plugin_are_found_by_number() {
        let changed = |name: &str, value: Value| {
            let mut props = props();
            props[name] = value;
            post(&props)
        };
        assert!(is_about(&post(&props()), 85_746_065_432));
        assert!(!is_about(&post(&props()), 1));
        assert!(!has_ended(&post(&props())));
        assert!(has_ended(&changed("meeting_status", json!("ENDED"))));
        let ours = Post {
            ours: true,
            ..post(&props())
        };
        let gone = Post {
            deleted: true,
            ..post(&props())
        };
        let plain = Post {
            kind: String::new(),
            ..post(&props())
        };
        for other in [ours, gone, plain] {
            assert!(!is_about(&other, 85_746_065_432), "{other:?}");
        }
    }

    #[test]
    fn f01_a_post_of_the_go_plugin_without_a_uuid_is_treated_like_a_personal_room() {
        let mut event = MeetingEvent {
            number: 1,
            start: Some(60_000),
            ..MeetingEvent::default()
        };
        let (reference, occurrence) = occurrence_from_post(&post(&props()), &event, Some("u=="));
        assert_eq!(
            (reference.kind, occurrence.kind),
            (MeetingKind::Ordinary, MeetingKind::Ordinary)
        );
        assert!(occurrence.owns_part("u=="));
        assert_eq!(occurrence.topic, "Standup");
        let (reference, occurrence) =
            occurrence_from_post(&post(&props()), &event, Some("of the room"));
        assert_eq!(reference.kind, MeetingKind::Personal);
        assert!(occurrence.owns_part("of the room"));
        let (reference, occurrence) = occurrence_from_post(&post(&props()), &event, None);
        assert_eq!(reference.kind, MeetingKind::Personal);
        assert!(occurrence.has_no_known_part());
        event.personal = true;
        let (reference, occurrence) = occurrence_from_post(&post(&props()), &event, Some("u=="));
        assert_eq!(reference.kind, MeetingKind::Personal);
        assert!(occurrence.owns_part("u=="), "it started in the window");
        event.start = Some(31 * 60_000);
        let (reference, occurrence) = occurrence_from_post(&post(&props()), &event, Some("u=="));
        assert!(
            reference.parts.is_empty() && !occurrence.owns_part("u=="),
            "a private call"
        );
        assert!(occurrence.has_no_known_part());
        assert_eq!(occurrence.created_at, 7);
    }

    proptest! {
        #[test]
        fn an_escaped_uuid_has_only_characters_of_a_key(uuid in ".*") {
            let escaped = escape(&uuid);
            prop_assert!(escaped.is_ascii() && !escaped.contains('/'));
            let back = percent_encoding::percent_decode_str(&escaped).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(back, uuid);
        }
    }
}
