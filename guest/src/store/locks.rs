//! Short claims, so that one thing is done by one node at a time, and marks of what is done.
//!
//! A claim is a key that is set only where there is none and that expires by itself, so a crashed
//! holder blocks nobody for long. Its value is random, so only the holder takes it away. It expires by the
//! server's clock: a claim that was made by a clock which was ahead, and has been set right since, would
//! last until the right clock gets there. So the value also says when it was made, and one of the future
//! binds nobody.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::store::oauth_state::token;
use crate::store::tokens::Owner;
use crate::system::{self, SKEW};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// How long a start keeps others from starting a meeting in the channel, in seconds: longer than its
/// requests to Zoom may take together, and than a meeting counts as recent. It is not shortened when the
/// meeting is there, which would cost a call of every start; whoever comes later is warned meanwhile.
const STARTING: u64 = 45;
/// How long a second click is the same one, in seconds.
const DOUBLE: u64 = 3;
/// Longer than a refresh may take, in seconds: a request to Zoom's token endpoint, repeated once after
/// a short wait, and a few calls of the store.
const REFRESH: u64 = 30;
/// Longer than the host lets a job run, in seconds.
const WORKING: u64 = 330;
/// Longer than Zoom repeats a delivery, in seconds.
const SEEN: u64 = 7 * 24 * 3600;
/// What stands where something is done.
const DONE: &[u8] = b"1";
/// Longer than an event may take, in seconds, and shorter than Zoom waits before it repeats a delivery.
const HANDLING: u64 = 90;
/// How often and how long to wait for somebody who handles the same event: 2 seconds. Zoom waits for three.
const ATTEMPTS: u32 = 11;
const PAUSE: u64 = 200;

/// A held claim.
pub struct Claim {
    key: String,
    value: Vec<u8>,
}

impl Claim {
    /// Gives it back.
    pub fn release(self) {
        let held = Expected::Value(self.value.clone());
        let outcome = kv::delete(&self.key, &held);
        self.settle(outcome);
    }

    /// A claim that could not be changed is no harm: it expires, or has already.
    fn settle(self, outcome: Result<(), Error>) {
        if let Err(error) = outcome
            && error != Error::Conflict
        {
            system::debug(
                "A claim was left to expire.",
                &[("key", &self.key), ("error", &error.to_string())],
            );
        }
    }
}

fn claim(key: String, seconds: u64) -> Result<Option<Claim>, Error> {
    Ok(claim_or_look(key, seconds)?.ok())
}

/// Claims a key, or answers with what stands there, if that is still there.
fn claim_or_look(key: String, seconds: u64) -> Result<Result<Claim, Option<Vec<u8>>>, Error> {
    let now = system::now_ms();
    let value = format!("{}.{now}", token(system::random())).into_bytes();
    let claim = |expected: &Expected| match kv::set(&key, &value, Some(seconds), expected) {
        Ok(()) => Ok(true),
        Err(Error::Conflict) => Ok(false),
        Err(error) => Err(error),
    };
    if claim(&Expected::Absent)? {
        return Ok(Ok(Claim { key, value }));
    }
    let other = kv::get(&key)?;
    if let Some(other) = other.clone()
        && is_of_the_future(&other, now)
        && claim(&Expected::Value(other))?
    {
        return Ok(Ok(Claim { key, value }));
    }
    Ok(Err(other))
}

/// Whether a claim was made by a clock that was wrong.
fn is_of_the_future(claim: &[u8], now: i64) -> bool {
    let text = std::str::from_utf8(claim).unwrap_or_default();
    let made = text
        .rsplit_once('.')
        .and_then(|(_, made)| made.parse().ok());
    made.is_some_and(|made: i64| made > now.saturating_add(SKEW))
}

/// The right to start a meeting in this channel; none while somebody else has it.
pub fn start(channel_id: &str) -> Result<Option<Claim>, Error> {
    claim(start_key(channel_id), STARTING)
}

/// The right of the user's first forced start in the channel within a moment; none for a second one,
/// which is a double click. Given back when it failed, so that it can be tried again at once.
pub fn forced(channel_id: &str, user_id: &str) -> Result<Option<Claim>, Error> {
    claim(format!("start_forced_{channel_id}_{user_id}"), DOUBLE)
}

/// Frees the channel for another start, because the meeting of the last one is over.
pub fn end_start(channel_id: &str) -> Result<(), Error> {
    kv::delete(&start_key(channel_id), &Expected::Any)
}

/// How long a start blocks others, in milliseconds.
pub const fn start_lifetime_ms() -> i64 {
    STARTING as i64 * 1000
}

fn start_key(channel_id: &str) -> String {
    format!("start_lock_{channel_id}")
}

/// The right to spend this owner's refresh token; none while somebody else has it.
pub fn refresh(owner: Owner<'_>) -> Result<Option<Claim>, Error> {
    claim(format!("refresh_lease_{}", owner.name()), REFRESH)
}

/// The right to work on this step of a job; none while somebody else does.
pub fn work(step: &str) -> Result<Option<Claim>, Error> {
    claim(format!("job_lease_{step}"), WORKING)
}

/// Where it is marked that this event of this meeting is done.
pub fn seen_key(event: &str, uuid: &str) -> String {
    let mut key = format!("webhook_seen_{event}_");
    for byte in Sha256::digest(uuid.as_bytes()).iter().take(16) {
        // Writing to a string does not fail.
        let _ = write!(key, "{byte:02x}");
    }
    key
}

/// Whether it is done already.
pub fn seen(event: &str, uuid: &str) -> Result<bool, Error> {
    Ok(!uuid.is_empty() && kv::get(&seen_key(event, uuid))?.as_deref() == Some(DONE))
}

/// The turn of one delivery of an event, of which there may be several at once.
pub struct Turn(Option<Claim>);

impl Turn {
    /// The event has had its effect.
    pub fn done(self) -> Result<(), Error> {
        match self.0 {
            Some(claim) => kv::set(&claim.key, DONE, Some(SEEN), &Expected::Any),
            None => Ok(()),
        }
    }

    /// It has not, and the next delivery may try.
    pub fn pass(self) {
        if let Some(claim) = self.0 {
            claim.release();
        }
    }
}

/// The turn to handle this event of this meeting; none where it is done. While somebody else has it, the
/// outcome is waited for; an error where that takes too long, so that Zoom delivers again.
pub fn turn(event: &str, uuid: &str) -> Result<Option<Turn>, Error> {
    if uuid.is_empty() {
        return Ok(Some(Turn(None)));
    }
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            system::pause(PAUSE);
        }
        match claim_or_look(seen_key(event, uuid), HANDLING)? {
            Ok(claim) => return Ok(Some(Turn(Some(claim)))),
            Err(stored) if stored.as_deref() == Some(DONE) => return Ok(None),
            Err(_) => {}
        }
    }
    Err(Error::Timeout)
}

/// Marks it as done, after its effect.
pub fn mark_seen(event: &str, uuid: &str) -> Result<(), Error> {
    if uuid.is_empty() {
        return Ok(());
    }
    match kv::set(&seen_key(event, uuid), DONE, Some(SEEN), &Expected::Absent) {
        Ok(()) | Err(Error::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d61_a_claim_of_a_clock_that_was_ahead_binds_nobody() {
        let now = 1_785_000_000_000;
        let made = |ahead: i64| format!("random.{}", now + ahead).into_bytes();
        assert!(is_of_the_future(&made(SKEW + 1), now));
        assert!(is_of_the_future(&made(24 * 3600 * 1000), now));
        for ahead in [SKEW, 0, -45_000] {
            assert!(!is_of_the_future(&made(ahead), now), "{ahead}");
        }
        // Claims of earlier versions do not say when they were made.
        for odd in [&b"random"[..], b"random.", b".x", b"\xff"] {
            assert!(!is_of_the_future(odd, now));
        }
    }

    #[test]
    fn a_mark_is_of_one_event_and_one_meeting_and_fits_a_key() {
        let key = seen_key("meeting.ended", "a/b+c==");
        assert_ne!(key, seen_key("meeting.ended", "a/b+c="));
        assert_ne!(key, seen_key("meeting.started", "a/b+c=="));
        assert!(seen_key("meeting.ended", &"x".repeat(5000)).len() <= 150);
        assert_eq!(
            key,
            "webhook_seen_meeting.ended_95c3253c7151e0d2fe4e475513e88422"
        );
    }
}
