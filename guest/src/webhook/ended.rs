//! `meeting.ended`: the post tells that the meeting is over, and how long it was.
//!
//! The UUID leads to the post. For a personal room also all other posts that announce it and have not
//! ended: there is one room, and it is empty now. A post that was written after this end belongs to the
//! next occurrence and stays.

use super::body::Meeting;
use crate::bindings::posts::{self, Change, Post};
use crate::bindings::types::Error;
use crate::meeting::find;
use crate::meeting::post::{self, Span};
use crate::store::meetings::{Announcement, Mapping};
use crate::store::{locks, meetings};
use crate::system;
use crate::text::{self, Locale, Message};
use serde_json::Value;

/// The event's name, as Zoom has it.
pub const EVENT: &str = "meeting.ended";
/// How far Zoom's clock may be from Mattermost's, in milliseconds.
const SKEW: i64 = 60_000;

/// Works on a delivery. Safe to repeat: a post that has ended is left alone. Of several at once one does it, and
/// the others wait for what comes of it.
pub fn handle(meeting: &Meeting) -> Result<(), Error> {
    let bound = meetings::post_of(&meeting.uuid)?;
    let mapping = if meeting.id == 0 {
        None
    } else {
        meetings::mapping_of(meeting.id)?
    };
    let now = system::now_ms();
    let announced = match &mapping {
        Some(mapping) => announced(meeting, bound.is_some(), mapping, now)?,
        None => Vec::new(),
    };
    let candidates = candidates(bound.as_deref(), &announced);
    if candidates.is_empty() {
        // An announcement that is still under way must not come after the end.
        let followed = mapping.is_some_and(|mapping| mapping.is_subscription);
        return match followed {
            true => locks::mark_seen(EVENT, &meeting.uuid),
            false => Ok(()),
        };
    }
    let Some(turn) = locks::turn(EVENT, &meeting.uuid)? else {
        return Ok(());
    };
    let known = Known {
        bound,
        listed: mapping.map(|mapping| mapping.posts).unwrap_or_default(),
        announced,
    };
    match end_all(meeting, candidates, &known, now) {
        Ok(All::Over) => turn.done(),
        Ok(All::Refused) => {
            turn.pass();
            Ok(())
        }
        Err(error) => {
            turn.pass();
            Err(error)
        }
    }
}

/// What is known of an occurrence's posts.
struct Known {
    /// The post that its record leads to.
    bound: Option<String>,
    /// What the number's record holds.
    listed: Vec<Announcement>,
    /// The posts that come of it.
    announced: Vec<String>,
}

/// What became of all posts.
enum All {
    /// Nothing is left to do about them.
    Over,
    /// Some cannot be changed, now.
    Refused,
}

/// Ends the posts and forgets them.
fn end_all(
    meeting: &Meeting,
    candidates: Vec<String>,
    known: &Known,
    now: i64,
) -> Result<All, Error> {
    let mut over = Vec::new();
    let mut refused = false;
    let mut failure = None;
    for post_id in candidates {
        let is_bound = known.bound.as_deref() == Some(post_id.as_str());
        match end(meeting, &post_id, is_bound) {
            Ok(Step::Over) => over.push(post_id),
            Ok(Step::Later) => {}
            Ok(Step::Refused) => refused = true,
            // The other posts are not to blame.
            Err(error) => failure = Some(error),
        }
    }
    if known.bound.is_none()
        && let Some(post_id) = over.last()
    {
        meetings::bind(&meeting.uuid, post_id)?;
    }
    let is_over = |post: &Announcement| {
        let is_of_it = !post.uuid.is_empty() && post.uuid == meeting.uuid;
        let was_begun = is_of_it || post.create_at <= latest(meeting, now);
        over.contains(&post.post_id) || post.is_under_way() && was_begun && failure.is_none()
    };
    let found = over.iter().any(|post_id| known.announced.contains(post_id));
    if found || known.listed.iter().any(is_over) {
        meetings::forget(meeting.id, is_over)?;
    }
    match failure {
        Some(error) => Err(error),
        None if refused => Ok(All::Refused),
        None => Ok(All::Over),
    }
}

/// The posts that the number's record leads to. One that was under way is looked for, unless it is that of
/// this occurrence, to which another record leads.
fn announced(
    meeting: &Meeting,
    is_bound: bool,
    mapping: &Mapping,
    now: i64,
) -> Result<Vec<String>, Error> {
    let posts = if is_bound {
        let mut listed = mapping.posts.clone();
        listed.retain(|post| !post.is_under_way() || post.uuid != meeting.uuid);
        find::found(&listed, meeting.id, false)?
    } else {
        find::announced(mapping, meeting.id, now, false)?
    };
    Ok(posts.into_iter().map(|post| post.post_id).collect())
}

/// When a post about this occurrence was written at the latest, in milliseconds.
fn latest(meeting: &Meeting, now: i64) -> i64 {
    meeting.end().unwrap_or(now).saturating_add(SKEW)
}

/// What became of one post.
enum Step {
    /// Nothing is left to do about it.
    Over,
    /// It is about a later occurrence.
    Later,
    /// It cannot be changed, now.
    Refused,
}

/// The posts it may be about, each once: that of the UUID first, then oldest first.
fn candidates(bound: Option<&str>, announced: &[String]) -> Vec<String> {
    let mut candidates: Vec<String> = bound.map(str::to_owned).into_iter().collect();
    candidates.extend(
        announced
            .iter()
            .filter(|id| Some(id.as_str()) != bound)
            .cloned(),
    );
    candidates
}

/// Ends a post whose meeting ended before the post was remembered.
pub fn end_now(post_id: &str) -> Result<(), Error> {
    end(&Meeting::default(), post_id, true).map(drop)
}

/// Ends one post.
fn end(meeting: &Meeting, post_id: &str, bound: bool) -> Result<Step, Error> {
    let post = match posts::get(post_id) {
        Ok(post) => post,
        Err(Error::NotFound) => return Ok(Step::Over),
        Err(error) => return Err(error),
    };
    match decide(&post, meeting, bound, system::now_ms()) {
        Decision::Later => Ok(Step::Later),
        Decision::Done => Ok(Step::Over),
        Decision::End(change, span) => {
            match posts::update(post_id, &change) {
                Ok(_) => {}
                Err(Error::NotFound) => return Ok(Step::Over),
                // Not ours, or in a channel that was archived meanwhile.
                Err(Error::Denied(rule) | Error::Invalid(rule)) => {
                    system::warn(
                        "A meeting's post cannot be changed.",
                        &[("post", post_id), ("rule", &rule)],
                    );
                    return Ok(Step::Refused);
                }
                Err(error) => return Err(error),
            }
            free_channel(&post, span);
            Ok(Step::Over)
        }
    }
}

#[derive(Debug, PartialEq)]
enum Decision {
    /// The post says so already, or is no meeting's.
    Done,
    /// The post announces a later occurrence.
    Later,
    /// The post is to change.
    End(Change, Span),
}

fn decide(post: &Post, meeting: &Meeting, bound: bool, now: i64) -> Decision {
    let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
    if post.deleted || post.kind != post::KIND || post::status(&props) == post::ENDED {
        return Decision::Done;
    }
    let end = meeting.end().unwrap_or(now);
    if !bound && latest(meeting, now) < post.create_at {
        return Decision::Later;
    }
    let span = Span {
        start: meeting.start().unwrap_or(post.create_at),
        end,
    };
    let change = Change {
        message: text::plain(Locale::En, Message::PostEnded),
        kind: post::KIND.to_owned(),
        props: post::ended(&props, span).to_string(),
    };
    Decision::End(change, span)
}

/// A meeting that was over so soon does not keep others from starting one.
fn free_channel(post: &Post, span: Span) {
    if system::now_ms().saturating_sub(post.create_at) > locks::start_lifetime_ms() {
        return;
    }
    if let Err(error) = locks::end_start(&post.channel_id) {
        system::debug(
            "A channel is freed by time only.",
            &[
                ("error", &error.to_string()),
                ("end", &span.end.to_string()),
            ],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn meeting(json: Value) -> Meeting {
        serde_json::from_value(json).unwrap()
    }

    fn announcement(status: &str) -> Post {
        Post {
            id: "p".into(),
            create_at: 1_786_024_000_000,
            update_at: 0,
            deleted: false,
            user_id: "alice".into(),
            channel_id: "c".into(),
            root_id: "root".into(),
            message: "m".into(),
            kind: post::KIND.into(),
            props: json!({"meeting_status": status, "meeting_id": 7, "meeting_topic": "Standup", "mine": 1}).to_string(),
        }
    }

    #[test]
    fn d43_zooms_own_times_are_told() {
        let ended = meeting(
            json!({"id": 7, "uuid": "u", "start_time": "2026-08-06T13:50:00Z", "end_time": "2026-08-06T14:17:41Z"}),
        );
        let Decision::End(change, span) = decide(&announcement("STARTED"), &ended, true, 0) else {
            panic!()
        };
        assert_eq!(
            span,
            Span {
                start: 1_786_024_200_000,
                end: 1_786_025_861_000
            }
        );
        let props: Value = serde_json::from_str(&change.props).unwrap();
        assert_eq!(props["meeting_status"], "ENDED");
        assert_eq!(props["mine"], 1);
        assert_eq!(change.kind, "custom_zoom");
    }

    #[test]
    fn without_zooms_times_those_of_the_post_are_told() {
        let now = 1_786_024_600_000;
        let Decision::End(_, span) = decide(
            &announcement("STARTED"),
            &meeting(json!({"id": 7})),
            true,
            now,
        ) else {
            panic!()
        };
        assert_eq!(
            span,
            Span {
                start: 1_786_024_000_000,
                end: now
            }
        );
    }

    #[test]
    fn a_post_ends_once() {
        let ended = meeting(json!({"id": 7}));
        assert_eq!(
            decide(&announcement("ENDED"), &ended, true, 0),
            Decision::Done
        );
        assert_eq!(
            decide(
                &Post {
                    deleted: true,
                    ..announcement("STARTED")
                },
                &ended,
                true,
                0
            ),
            Decision::Done
        );
        assert_eq!(
            decide(
                &Post {
                    kind: String::new(),
                    ..announcement("STARTED")
                },
                &ended,
                true,
                0
            ),
            Decision::Done
        );
    }

    #[test]
    fn d18_an_end_before_the_post_is_of_an_earlier_occurrence() {
        let ended = meeting(json!({"id": 7, "end_time": "2026-08-06T13:00:00Z"}));
        assert_eq!(
            decide(&announcement("STARTED"), &ended, false, 0),
            Decision::Later
        );
        assert!(matches!(
            decide(&announcement("STARTED"), &ended, true, 0),
            Decision::End(..)
        ));
    }

    #[test]
    fn each_post_is_looked_at_once() {
        let announced = ["a".to_owned(), "b".to_owned()];
        assert_eq!(candidates(Some("b"), &announced), ["b", "a"]);
        assert_eq!(candidates(None, &announced), ["a", "b"]);
        assert!(candidates(None, &[]).is_empty());
    }
}
