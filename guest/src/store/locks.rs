//! Short-lived claims, so that only one node at a time does something.
//!
//! A claim is a key that is set only if it is absent. It expires by itself, so a crashed holder does not block others for
//! long. The value is random, so only the holder can release the claim. If the clock of the server was ahead and was
//! corrected, a claim from before the correction would last too long. The value therefore contains the time of the claim,
//! and claims dated in the future are ignored.
//!
//! If a database replica lags behind, a read after a conflict finds no claim or an older one. Another node holds the claim
//! then: the caller waits or gives up.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock::{self, MAX_CLOCK_SKEW};
use crate::platform::log;
use crate::platform::random::{self, url_safe_token};
use crate::store::tokens::Owner;

/// The lifetime of the claim to start a meeting in a channel, in seconds. It is longer than all requests to Zoom may take,
/// and longer than a meeting counts as recent. The claim is not released after the start, which would cost a call. Until it
/// expires, other users are warned about the recent meeting.
const START_LIFETIME: u64 = 45;
/// The time in which a second click counts as a double click, in seconds.
const DOUBLE_CLICK: u64 = 3;
/// The lifetime of the lease to get new tokens, in seconds. It is longer than a refresh may take: two requests to Zoom's
/// token endpoint with a short wait between them, and a few calls of the store.
const REFRESH_LIFETIME: u64 = 30;
/// A held claim.
pub struct Claim {
    key: String,
    value: Vec<u8>,
}

impl Claim {
    /// The value that proves who holds the claim.
    pub fn value(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }

    /// Releases the claim.
    pub fn release(self) {
        let held = Expected::Value(self.value.clone());
        let outcome = kv::delete(&self.key, &held);
        self.log_failure(outcome);
    }

    /// Logs a failure. A claim that could not be released expires by itself.
    fn log_failure(self, outcome: Result<(), Error>) {
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

/// Claims a key. Returns none while another holder has the claim.
fn claim(key: String, seconds: u64) -> Result<Option<Claim>, Error> {
    let now = clock::now_ms();
    let value = format!("{}.{now}", url_safe_token(random::random_bytes())).into_bytes();
    let claim = |expected: &Expected| match kv::set(&key, &value, Some(seconds), expected) {
        Ok(()) => Ok(true),
        Err(Error::Conflict) => Ok(false),
        Err(error) => Err(error),
    };
    if claim(&Expected::Absent)? {
        return Ok(Some(Claim { key, value }));
    }
    if let Some(other) = kv::get(&key)?
        && is_dated_in_future(&other, now)
        && claim(&Expected::Value(other))?
    {
        return Ok(Some(Claim { key, value }));
    }
    Ok(None)
}

/// Whether a claim is dated in the future, because the clock that dated it was wrong.
fn is_dated_in_future(claim: &[u8], now: i64) -> bool {
    let text = std::str::from_utf8(claim).unwrap_or_default();
    let made = text
        .rsplit_once('.')
        .and_then(|(_, made)| made.parse().ok());
    made.is_some_and(|made: i64| made > now.saturating_add(MAX_CLOCK_SKEW))
}

/// Claims the right to start a meeting in this channel. Returns none while another start holds the claim.
pub fn claim_start(channel_id: &str) -> Result<Option<Claim>, Error> {
    claim(start_key(channel_id), START_LIFETIME)
}

/// Claims a forced start of this user in the channel. Returns none for a double click. If the start fails, release the
/// claim so that the user can try again at once.
pub fn claim_forced_start(channel_id: &str, user_id: &str) -> Result<Option<Claim>, Error> {
    claim(format!("start_forced_{channel_id}_{user_id}"), DOUBLE_CLICK)
}

/// Releases the claim with which a meeting was started, because the meeting is over. A newer claim is kept.
pub fn release_start(channel_id: &str, claim: &str) {
    let claim = Claim {
        key: start_key(channel_id),
        value: claim.as_bytes().to_vec(),
    };
    claim.release();
}

/// The lifetime of the claim to start a meeting, in milliseconds.
pub const fn start_lifetime_ms() -> i64 {
    START_LIFETIME as i64 * 1000
}

fn start_key(channel_id: &str) -> String {
    format!("start_lock_{channel_id}")
}

/// Claims the right to get new tokens for this owner. Returns none while another node holds the lease.
pub fn claim_refresh(owner: Owner<'_>) -> Result<Option<Claim>, Error> {
    claim(format!("refresh_lease_{}", owner.name()), REFRESH_LIFETIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d61_claims_dated_in_the_future_are_ignored() {
        let now = 1_785_000_000_000;
        let made = |ahead: i64| format!("random.{}", now + ahead).into_bytes();
        assert!(is_dated_in_future(&made(MAX_CLOCK_SKEW + 1), now));
        assert!(is_dated_in_future(&made(24 * 3600 * 1000), now));
        for ahead in [MAX_CLOCK_SKEW, 0, -45_000] {
            assert!(!is_dated_in_future(&made(ahead), now), "{ahead}");
        }
        // Claims without a time count as valid.
        for odd in [&b"random"[..], b"random.", b".x", b"\xff"] {
            assert!(!is_dated_in_future(odd, now));
        }
    }
}
