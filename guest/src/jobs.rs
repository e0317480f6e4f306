//! What is done after an event was answered: which kind of job is whose.

use crate::bindings::handlers::job_handler::Outcome;
use crate::bindings::posts::Post;
use crate::bindings::types::Error;
use crate::channel::posts_since;
use crate::config;
use crate::lifecycle;
use crate::oauth::compliance::{self, Run};
use crate::oauth::notice;
use crate::recording;
use crate::store::{locks, tries};
use crate::system::{self, SKEW};
use crate::webhook::announce;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// How long a job waits for an administrator to correct the settings, in seconds.
const UNTIL_CONFIGURED: u32 = 300;
/// Between two tries, in seconds.
const PAUSE: u32 = 30;
/// The longest wait between two tries, in seconds.
pub const LONGEST_PAUSE: u32 = 3600;

/// The property of a post that names the step that wrote it.
pub const STEP: &str = "step_id";

/// Runs a job. `attempt` counts from 1.
pub fn run(kind: &str, payload: &[u8], attempt: u32) -> Outcome {
    let Ok(config) = config::load() else {
        return Outcome::RetryAfter(UNTIL_CONFIGURED);
    };
    match kind {
        recording::KIND => recording::run(&config, payload, attempt),
        announce::KIND => announce::run(&config, payload, attempt),
        notice::KIND => notice::run(payload, attempt),
        compliance::KIND => match compliance::run(&config, payload, attempt.saturating_sub(1)) {
            Run::Done => Outcome::Done,
            Run::Again(seconds) => Outcome::RetryAfter(seconds),
        },
        _ => {
            // Of a later version, perhaps, that was replaced by this one.
            system::warn("A job of an unknown kind was dropped.", &[("kind", kind)]);
            Outcome::Done
        }
    }
}

/// The name of a step: the same for the same things, in every run and in every delivery.
pub fn step<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut name = String::new();
    for byte in hash.finalize().iter().take(16) {
        // Writing to a string does not fail.
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// The post that an earlier run of a step wrote and did not come to mark. `happened` is when its event did, in
/// milliseconds. Anybody can write a post that names the step; those of jobs are the bot's.
pub fn written(channel_id: &str, happened: i64, step: &str) -> Result<Option<Post>, Error> {
    let mut posts = posts_since(channel_id, happened.saturating_sub(SKEW))?;
    posts.retain(|post| is_step(post, step));
    if posts.is_empty() {
        return Ok(None);
    }
    let bot_id = lifecycle::bot_id()?;
    Ok(posts.into_iter().find(|post| post.user_id == bot_id))
}

fn is_step(post: &Post, step: &str) -> bool {
    let props: Value = serde_json::from_str(&post.props).unwrap_or_default();
    !post.deleted && props.get(STEP).and_then(Value::as_str) == Some(step)
}

/// Does a step while nobody else does it, and marks it as done when it is.
pub fn alone(
    kind: &str,
    step: &str,
    act: impl FnOnce() -> Result<Outcome, Error>,
) -> Result<Outcome, Error> {
    if locks::seen(kind, step)? {
        return Ok(Outcome::Done);
    }
    let Some(claim) = locks::work(step)? else {
        return Ok(Outcome::RetryAfter(PAUSE));
    };
    let outcome = act();
    let marked = match outcome {
        Ok(Outcome::Done) => locks::mark_seen(kind, step),
        _ => Ok(()),
    };
    claim.release();
    marked.and(outcome)
}

/// Does the same where patience ends: `act` is told which try this is, from 1. `attempt` is the host's count of all runs.
pub fn tried_alone(
    kind: &str,
    step: &str,
    attempt: u32,
    act: impl FnOnce(u32) -> Result<Outcome, Error>,
) -> Result<Outcome, Error> {
    alone(kind, step, || {
        let before = if attempt > 1 { tries::of(step)? } else { 0 };
        let this = before.saturating_add(1);
        let outcome = act(this);
        if !matches!(outcome, Ok(Outcome::Done)) {
            // One that is not noted is one more.
            let _ = tries::note(step, this);
        }
        outcome
    })
}

/// How long to wait after this many attempts, in seconds: doubled each time, up to an hour.
pub fn pause(attempt: u32) -> u32 {
    let doublings = attempt.saturating_sub(1).min(10);
    PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

/// Tells whom it concerns that a job failed for a day.
pub fn given_up(kind: &str, payload: &[u8]) -> Outcome {
    if kind != recording::KIND {
        return Outcome::Done;
    }
    match config::load() {
        Ok(config) => recording::given_up(&config, payload),
        Err(_) => Outcome::RetryAfter(UNTIL_CONFIGURED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d06_a_step_is_named_by_what_it_is_about() {
        assert_eq!(step(["e", "u", "a", "b"]), step(["e", "u", "a", "b"]));
        assert_ne!(step(["e", "u", "a", "b"]), step(["e", "u", "ab"]));
        assert_ne!(step(["e", "u"]), step(["e", "v"]));
    }

    #[test]
    fn waits_grow_and_end() {
        assert_eq!([pause(1), pause(2), pause(8)], [30, 60, LONGEST_PAUSE]);
    }
}
