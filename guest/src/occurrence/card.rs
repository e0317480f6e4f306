//! What the cards of a meeting show, and bringing them up to date.

use crate::bindings::posts::{self, Change};
use crate::bindings::types::Error;
use crate::occurrence::post::{self, Look, Span};
use crate::occurrence::state::{Card, Occurrence, State};
use crate::platform::channels::channel_locale;
use crate::platform::digest::digest;
use crate::platform::{clock, log};
use crate::store::occurrence_reference::Kind;
use serde_json::Value;
use std::collections::BTreeSet;

/// For how long a post that cannot be found may only be missing on a replica, in milliseconds.
const UNKNOWN: i64 = 5 * 60_000;

/// Whether something that cannot be found may only be missing on a database replica.
pub fn is_young(created_at: i64) -> bool {
    clock::now_ms().saturating_sub(created_at) < UNKNOWN
}

/// What all cards of a meeting show.
pub fn look(occurrence: &Occurrence) -> Look {
    match occurrence.state() {
        State::Waiting | State::InProgress => Look::Started,
        State::Ended => Look::Ended(Span {
            start: occurrence.start(),
            end: occurrence.end(),
            length: occurrence.length(),
        }),
        State::NotStarted => Look::NotStarted,
    }
}

/// The digest of what a card shows. A waiting card and one of a meeting in progress show the same, so that the start of a
/// meeting costs no change of its post.
pub fn digest_of(occurrence: &Occurrence) -> String {
    let look = match look(occurrence) {
        Look::Started => "started".to_owned(),
        Look::Ended(span) => format!("ended {} {} {}", span.start, span.end, span.length),
        Look::NotStarted => "not started".to_owned(),
    };
    digest([look.as_str(), &occurrence.link], 6)
}

/// Whether a post shows something else than the meeting's state, or has been `touched` by this change before.
pub fn must_update(occurrence: &Occurrence, touched: &BTreeSet<String>) -> bool {
    let wanted = digest_of(occurrence);
    let mut posts = occurrence.posts();
    posts.any(|card| card.shown != wanted || touched.contains(&card.post_id))
}

/// Updates all posts that show something else than the meeting's state, and those that this change has `touched` before.
/// Drops cards whose posts are gone. Continues with the other posts if one fails, and answers with the failure.
pub fn update_all(occurrence: &mut Occurrence, touched: &mut BTreeSet<String>) -> Option<Error> {
    let wanted = digest_of(occurrence);
    let mut failure = None;
    let mut cards = std::mem::take(&mut occurrence.cards);
    cards.retain_mut(|card| {
        let is_current = card.shown == wanted && !touched.contains(&card.post_id);
        if card.is_pending() || is_current {
            return true;
        }
        touched.insert(card.post_id.clone());
        match update(occurrence, card) {
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
    /// The post shows it, or can never be changed.
    Shown,
    /// There is no post any more.
    Gone,
}

fn update(occurrence: &Occurrence, card: &Card) -> Result<Updated, Error> {
    let post = match posts::get(&card.post_id) {
        Ok(post) => post,
        Err(error) => return settled(card, error),
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
        personal: occurrence.kind == Kind::Personal,
        followed: card.followed,
        locale: channel_locale(),
    };
    let (message, props) = post::render(&content, look(occurrence), &props);
    let change = Change {
        message,
        props: props.to_string(),
    };
    match posts::update(&card.post_id, &change) {
        Ok(_) => Ok(Updated::Shown),
        Err(error) => settled(card, error),
    }
}

/// What an error means for a card. A permanent refusal is not an error of the event: there is nothing left to do.
fn settled(card: &Card, error: Error) -> Result<Updated, Error> {
    match error {
        // A database replica may not have the post yet.
        Error::NotFound if is_young(card.posted_at) => Err(Error::NotFound),
        Error::NotFound => Ok(Updated::Gone),
        // In an archived channel, beyond the message history that the server's license allows, or not this plugin's.
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
