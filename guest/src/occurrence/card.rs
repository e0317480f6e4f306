//! Updates the posts of a meeting's cards when its state changes.

use crate::bindings::posts::{self, Change};
use crate::bindings::types::Error;
use crate::occurrence::post::{self, CardState};
use crate::occurrence::span::Span;
use crate::occurrence::state::{Card, Occurrence, State};
use crate::platform::channels::channel_locale;
use crate::platform::digest::digest;
use crate::platform::{clock, log};
use crate::store::occurrence_reference::MeetingKind;
use serde_json::Value;
use std::collections::BTreeSet;

/// The age up to which a record or post may be missing only on a database replica, in milliseconds.
const REPLICA_LAG: i64 = 5 * 60_000;

/// Whether something that was not found may be missing only on a database replica.
pub fn may_lag_on_replica(created_at: i64) -> bool {
    clock::now_ms().saturating_sub(created_at) < REPLICA_LAG
}

/// The state that all cards of a meeting show.
pub fn card_state(occurrence: &Occurrence) -> CardState {
    match occurrence.state() {
        State::Waiting | State::InProgress => CardState::Started,
        State::Ended => CardState::Ended(Span {
            start: occurrence.start(),
            end: occurrence.end(),
            length: occurrence.duration(),
        }),
        State::NotStarted => CardState::NotStarted,
    }
}

/// The digest of a card's content. A waiting meeting and a meeting in progress have the same content, so the start of a
/// meeting does not change its post.
pub fn content_digest(occurrence: &Occurrence) -> String {
    let look = match card_state(occurrence) {
        CardState::Started => "started".to_owned(),
        CardState::Ended(span) => format!("ended {} {} {}", span.start, span.end, span.length),
        CardState::NotStarted => "not started".to_owned(),
    };
    digest([look.as_str(), &occurrence.link], 6)
}

/// Whether a post has other content than it should have, or was `touched` by an earlier attempt of this change.
pub fn needs_update(occurrence: &Occurrence, touched: &BTreeSet<String>) -> bool {
    let wanted = content_digest(occurrence);
    let mut posts = occurrence.posted_cards();
    posts.any(|card| card.shown != wanted || touched.contains(&card.post_id))
}

/// Updates all posts with outdated content, and the posts that were `touched` by an earlier attempt of this change. Removes
/// cards whose posts do not exist any more. If one post fails, continues with the others and returns the error.
pub fn update_posts(occurrence: &mut Occurrence, touched: &mut BTreeSet<String>) -> Option<Error> {
    let wanted = content_digest(occurrence);
    let mut failure = None;
    let mut cards = std::mem::take(&mut occurrence.cards);
    cards.retain_mut(|card| {
        let is_current = card.shown == wanted && !touched.contains(&card.post_id);
        if card.is_pending() || is_current {
            return true;
        }
        touched.insert(card.post_id.clone());
        match update_post(occurrence, card) {
            Ok(Updated::Shown) => {
                card.shown.clone_from(&wanted);
                true
            }
            Ok(Updated::Gone) => false,
            Err(error) => {
                failure = Some(error);
                true
            }
        }
    });
    occurrence.cards = cards;
    failure
}

enum Updated {
    /// The post is up to date, or can never be changed.
    Shown,
    /// The post does not exist any more.
    Gone,
}

fn update_post(occurrence: &Occurrence, card: &Card) -> Result<Updated, Error> {
    let post = match posts::get(&card.post_id) {
        Ok(post) => post,
        Err(error) => return handle_refusal(card, error),
    };
    if post.deleted {
        return Ok(Updated::Gone);
    }
    let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
    let claimed = props.get("meeting_link").and_then(Value::as_str);
    let content = post::Content {
        number: occurrence.number,
        topic: &occurrence.topic,
        join_url: occurrence.link(claimed.unwrap_or_default()),
        personal: occurrence.kind == MeetingKind::Personal,
        followed: card.followed,
        posted_at: post.create_at,
        locale: channel_locale(),
    };
    let (message, props) = post::render(&content, card_state(occurrence), &props);
    let change = Change {
        message,
        props: props.to_string(),
    };
    match posts::update(&card.post_id, &change) {
        Ok(_) => Ok(Updated::Shown),
        Err(error) => handle_refusal(card, error),
    }
}

/// The result for a card whose post could not be read or changed. A permanent refusal is not an error, because there is
/// nothing left to do.
fn handle_refusal(card: &Card, error: Error) -> Result<Updated, Error> {
    match error {
        // A database replica may not have the post yet.
        Error::NotFound if may_lag_on_replica(card.posted_at) => Err(Error::NotFound),
        Error::NotFound => Ok(Updated::Gone),
        // The channel is archived, the post is older than the message history that the server's license allows, or the
        // post does not belong to this plugin.
        Error::Denied(rule) | Error::Invalid(rule) => {
            log::warn(
                "The post of a meeting cannot be changed.",
                &[("post", &card.post_id), ("rule", &rule)],
            );
            Ok(Updated::Shown)
        }
        error => Err(error),
    }
}
