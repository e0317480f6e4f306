//! Reads that are confirmed by the primary database.
//!
//! The server may read from a database replica that lags behind: a record that was just written may read as absent or as
//! the older value. The primary database decides a write with an expected value. Therefore a read that leads to a refusal,
//! to a prompt to connect again, or to an irreversible effect is confirmed with such a write ([`read_confirmed`]). Where
//! possible, a value that was just written is passed on instead of being read again.
//!
//! | read | what the result decides | how it is confirmed |
//! |---|---|---|
//! | `accounts::load`, `organization::load` | absent: the user is asked to connect | confirmed |
//! | the same, present but older | which tokens are used | Zoom refuses old tokens; before a refresh [`super::connection::Connection::confirm`] compares the record |
//! | `server_token::load` | absent or older: a new token is requested | [`super::connection::Connection::confirm`] compares the record first |
//! | `zoom_identity::load` | absent or older: Zoom is asked again | not confirmed; Zoom decides |
//! | `accounts::load` after the callback | whether the waiting start may begin | not read: the record is passed on |
//! | `accounts::remove`, `organization::remove` | absent: there is nothing to disconnect | confirmed |
//! | `accounts::save`, the record before | whether an older copy loses this user's name | harmless: a copy is never authoritative |
//! | `accounts::save` after a failed write | whether the record was stored anyway | compared by a write of the same value |
//! | `zoom_user_index::users_of`, `organization::load_origin` | who loses a connection that Zoom ended | absent is confirmed |
//! | `zoom_user_index::change` | the next value of the copy | written with the value read as the expected one |
//! | `zoom_user_index`, whether another user's record names the Zoom account | whether a grant is shared, and whose name leaves the copy | "no" is confirmed |
//! | `oauth_state::open_link`, `oauth_state::take` | the link or the answer is not valid | confirmed |
//! | the same, found | the link or the answer is used | written with the value read as the expected one |
//! | `connection_site::load` | whether refreshes pause | "pause" is confirmed |

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;

/// Attempts and pause, in milliseconds, while a replica lags behind: 3 seconds in total.
const ATTEMPTS: u32 = 16;
const PAUSE: u64 = 200;
/// The value that is stored for a moment to prove that a record is absent.
const PLACEHOLDER: &[u8] = b"-";
/// The lifetime of the placeholder if it cannot be deleted, in seconds.
const PLACEHOLDER_LIFETIME: u64 = 1;

/// Whether the result of a read must be confirmed.
pub enum Decision<T> {
    /// The result is certain, or harmless if it is out of date.
    Sure(T),
    /// The result must not be out of date.
    Confirm(T),
}

/// Reads a record that does not expire. `decide` receives the stored bytes.
pub fn read_confirmed<T>(
    key: &str,
    decide: impl Fn(Option<&[u8]>) -> Decision<T>,
) -> Result<T, Error> {
    read_confirmed_with_expiry(key, None, decide)
}

/// Reads a record that expires. Confirming writes the record again with the lifetime `expires_in`.
pub fn read_confirmed_with_expiry<T>(
    key: &str,
    expires_in: Option<u64>,
    decide: impl Fn(Option<&[u8]>) -> Decision<T>,
) -> Result<T, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        let stored = read(key)?;
        let answer = match decide(stored.as_deref()) {
            Decision::Sure(answer) => return Ok(answer),
            Decision::Confirm(answer) => answer,
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

/// The stored bytes. They may be out of date.
pub fn read(key: &str) -> Result<Option<Vec<u8>>, Error> {
    Ok(kv::get(key)?.filter(|bytes| bytes != PLACEHOLDER))
}

/// Confirms that the primary database stores these bytes, or nothing. Fails with `Conflict` if it does not.
pub fn confirm(key: &str, bytes: Option<&[u8]>, expires_in: Option<u64>) -> Result<(), Error> {
    if let Some(bytes) = bytes {
        return kv::set(key, bytes, expires_in, &Expected::Value(bytes.to_vec()));
    }
    insert(key, PLACEHOLDER, Some(PLACEHOLDER_LIFETIME))?;
    // The placeholder would also expire, and readers ignore it.
    let remove = || kv::delete(key, &Expected::Value(PLACEHOLDER.to_vec()));
    let _ = remove().or_else(|_| remove());
    Ok(())
}

/// Replaces the record that was read, or inserts one if there was none. Fails with `Conflict` if another value is stored.
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

/// Inserts a record. A placeholder counts as no record.
fn insert(key: &str, bytes: &[u8], expires_in: Option<u64>) -> Result<(), Error> {
    match kv::set(key, bytes, expires_in, &Expected::Absent) {
        Err(Error::Conflict) => {
            let placeholder = Expected::Value(PLACEHOLDER.to_vec());
            kv::set(key, bytes, expires_in, &placeholder)
        }
        stored => stored,
    }
}
