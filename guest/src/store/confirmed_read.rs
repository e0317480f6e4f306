//! Reads that decide something.
//!
//! The server may read from a replica of its database that is behind: a record that was just written reads as absent,
//! or as it was before. A write with an expected value is decided by the primary database. So a read that leads to a
//! refusal, to a prompt to connect again, or to something irreversible is confirmed with such a write before it counts
//! ([`settle`]). What was just written is passed on instead of being read again where that is possible.
//!
//! | read | the answer decides | how it is made sure |
//! |---|---|---|
//! | `accounts::load`, `organization::load` | absent: the user is asked to connect | confirmed |
//! | the same, present but older | which tokens are used | Zoom refuses old tokens; before a renewal [`super::connection::Connection::confirm`] compares the record |
//! | `accounts::load` after the callback | whether the waiting start may begin | not read: the record is passed on |
//! | `accounts::remove`, `organization::remove` | absent: there is nothing to disconnect | confirmed |
//! | `accounts::save`, the record before | whether an older copy loses this user's name | harmless: a copy is never believed |
//! | `accounts::save` after a failed write | whether the record was stored all the same | compared by a write of the same value |
//! | `owners::of`, `organization::origin` | who loses a connection that Zoom ended | absent is confirmed |
//! | `owners::change` | the next value of the copy | written with the value read as the expected one |
//! | `owners`, whether another user's record names the Zoom account | whether a grant is shared, and whose name leaves the copy | "no" is confirmed |
//! | `oauth_state::open`, `oauth_state::take` | the link or the answer is not valid | confirmed |
//! | the same, found | the link or the answer is used up | written with the value read as the expected one |
//! | `site::load` | whether renewals pause | "pause" is confirmed |

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;

/// How often and how long to wait for a replica that is behind: 3 seconds.
const ATTEMPTS: u32 = 16;
const PAUSE: u64 = 200;
/// What is stored for a moment where nothing is stored, in order to prove that.
const PLACEHOLDER: &[u8] = b"-";
/// How long it stays if it cannot be removed, in seconds.
const MOMENT: u64 = 1;

/// What a read means.
pub enum Meaning<T> {
    /// It holds, or it does no harm if it is out of date.
    Sure(T),
    /// It must not be out of date.
    Confirm(T),
}

/// Reads a record that does not expire. `decide` sees what is stored.
pub fn settle<T>(key: &str, decide: impl Fn(Option<&[u8]>) -> Meaning<T>) -> Result<T, Error> {
    settle_with(key, None, decide)
}

/// Reads a record that expires; `expires_in` is what remains of its time where confirming it writes it again.
pub fn settle_with<T>(
    key: &str,
    expires_in: Option<u64>,
    decide: impl Fn(Option<&[u8]>) -> Meaning<T>,
) -> Result<T, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::pause(PAUSE);
        }
        let stored = read(key)?;
        let answer = match decide(stored.as_deref()) {
            Meaning::Sure(answer) => return Ok(answer),
            Meaning::Confirm(answer) => answer,
        };
        match confirm(key, stored.as_deref(), expires_in) {
            Ok(()) => return Ok(answer),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Unavailable(
        "the database replica is behind".to_owned(),
    ))
}

/// What is stored, perhaps a moment ago.
pub fn read(key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(kv::get(key)?.filter(|bytes| bytes != PLACEHOLDER))
}

/// Makes sure that the primary database stores this, or nothing. `Conflict` where it does not.
pub fn confirm(key: &str, bytes: Option<&[u8]>, expires_in: Option<u64>) -> Result<(), Error> {
    if let Some(bytes) = bytes {
        return kv::set(key, bytes, expires_in, &Expected::Value(bytes.to_vec()));
    }
    insert(key, PLACEHOLDER, Some(MOMENT))?;
    // It would expire anyway, and no reader takes it for a record.
    let remove = || kv::delete(key, &Expected::Value(PLACEHOLDER.to_vec()));
    let _ = remove().or_else(|_| remove());
    Ok(())
}

/// Stores a record in place of the one that was read, or of none. `Conflict` where something else is stored.
pub fn replace(
    key: &str,
    bytes: &[u8],
    expires_in: Option<u64>,
    old: Option<Vec<u8>>,
) -> Result<(), Error> {
    match old {
        Some(old) => kv::set(key, bytes, expires_in, &Expected::Value(old)),
        None => insert(key, bytes, expires_in),
    }
}

/// Stores a record where there is none. A placeholder is none.
fn insert(key: &str, bytes: &[u8], expires_in: Option<u64>) -> Result<(), Error> {
    match kv::set(key, bytes, expires_in, &Expected::Absent) {
        Err(Error::Conflict) => {
            let placeholder = Expected::Value(PLACEHOLDER.to_vec());
            kv::set(key, bytes, expires_in, &placeholder)
        }
        stored => stored,
    }
}
