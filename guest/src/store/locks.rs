//! Short claims, so that one node at a time does something, and marks of what is done.
//!
//! A claim is a key that is set only if it is absent and that expires by itself, so a holder that crashed does not block
//! others for long. Its value is random, so only the holder can release it. It expires by the server's clock: a claim
//! made by a clock that was ahead, and has been corrected since, would last until the corrected clock gets there. So the
//! value also says when the claim was made, and claims dated in the future are ignored.
//!
//! | read | answer that decides something | what happens |
//! |---|---|---|
//! | a claim, after a conflict | absent or old (a replica lags) | somebody else holds it: the caller waits or gives up |
//! | a mark | absent (a replica lags) | the effect is repeated, which does nothing |

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock::{self, SKEW};
use crate::platform::log;
use crate::platform::random::{self, token};
use crate::store::tokens::Owner;

/// How long a start keeps others from starting a meeting in the channel, in seconds: longer than its
/// requests to Zoom may take together, and than a meeting counts as recent. It is not shortened when the
/// meeting is there, which would cost a call of every start; whoever comes later is warned meanwhile.
const STARTING: u64 = 45;
/// How long a second click is the same one, in seconds.
const DOUBLE: u64 = 3;
/// Longer than a refresh may take, in seconds: a request to Zoom's token endpoint, repeated once after
/// a short wait, and a few calls of the store.
const REFRESH: u64 = 30;
/// A held claim.
pub struct Claim {
    key: String,
    value: Vec<u8>,
}

impl Claim {
    /// The text that proves who holds it.
    pub fn value(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }

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
            log::debug(
                "A claim was left to expire.",
                &[("key", &self.key), ("error", &error.to_string())],
            );
        }
    }
}

/// Claims a key; none while somebody else holds it.
fn claim(key: String, seconds: u64) -> Result<Option<Claim>, Error> {
    let now = clock::now_ms();
    let value = format!("{}.{now}", token(random::random())).into_bytes();
    let claim = |expected: &Expected| match kv::set(&key, &value, Some(seconds), expected) {
        Ok(()) => Ok(true),
        Err(Error::Conflict) => Ok(false),
        Err(error) => Err(error),
    };
    if claim(&Expected::Absent)? {
        return Ok(Some(Claim { key, value }));
    }
    if let Some(other) = kv::get(&key)?
        && is_of_the_future(&other, now)
        && claim(&Expected::Value(other))?
    {
        return Ok(Some(Claim { key, value }));
    }
    Ok(None)
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

/// Lets others start a meeting in the channel, because the meeting that was started with this claim is over. A claim that
/// somebody else has made since stays.
pub fn end_start(channel_id: &str, claim: &str) {
    let claim = Claim {
        key: start_key(channel_id),
        value: claim.as_bytes().to_vec(),
    };
    claim.release();
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
}
