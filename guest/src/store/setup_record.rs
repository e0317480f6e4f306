//! The guided setup that is in progress: who runs it, where its message is, and the steps that no setting shows.
//!
//! There is at most one. The key `setup` has a JSON object without secrets. It expires 30 days after the last step.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::platform::clock;
use crate::store::confirmed_read::{self, Decision};
use serde::{Deserialize, Serialize};

const KEY: &str = "setup";
/// How long an unfinished setup is kept, in seconds.
const LIFETIME: u64 = 30 * 24 * 3600;
/// Attempts and pause, in milliseconds, if another event changes the record too.
const ATTEMPTS: usize = 10;
const PAUSE: u64 = 100;

/// A guided setup.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// The system admin who runs it.
    pub user_id: String,
    /// The direct channel of that user and the bot.
    pub channel_id: String,
    /// The message that shows the current step.
    pub post_id: String,
    /// Whether the user keeps the connection mode that nobody chose.
    pub mode_kept: bool,
    /// Whether the app exists in Zoom.
    pub app_created: bool,
    /// The connection mode in which a connection was made or the credentials were accepted, or empty.
    pub connected: String,
    /// Whether the event subscription was created through Zoom's API.
    pub subscribed: bool,
    /// When the user last opened a form for secrets or let the server generate them, in milliseconds; 0 for not yet.
    pub secrets_changed_at: i64,
    /// When Zoom validated the URL during this setup, in milliseconds; 0 for not yet.
    pub validated_at: i64,
    /// Whether the user continues without events.
    pub events_skipped: bool,
    /// Whether the announcement was posted or skipped.
    pub announced: bool,
}

fn decode(bytes: &[u8]) -> Setup {
    serde_json::from_slice(bytes).unwrap_or_default()
}

fn encode(setup: &Setup) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(setup).map_err(|error| Error::Invalid(error.to_string()))
}

/// The setup in progress. A database replica may lag behind, so use this only to update its message.
pub fn load() -> Result<Option<Setup>, Error> {
    Ok(confirmed_read::read(KEY)?.as_deref().map(decode))
}

/// The setup that this message shows, if it is in progress.
pub fn with_message(post_id: &str) -> Result<Option<Setup>, Error> {
    confirmed_read::read_confirmed_with_expiry(KEY, Some(LIFETIME), |bytes| {
        let setup = bytes.map(decode).filter(|setup| setup.post_id == post_id);
        match setup {
            Some(setup) => Decision::Sure(Some(setup)),
            None => Decision::Confirm(None),
        }
    })
}

/// Stores a setup in place of any other.
pub fn replace(setup: &Setup) -> Result<(), Error> {
    kv::set(KEY, &encode(setup)?, Some(LIFETIME), &Expected::Any)
}

/// Changes the setup that `setup` was read from, and returns it. Returns none if another setup has replaced it, or it is
/// over.
pub fn change(setup: &Setup, apply: impl Fn(&mut Setup)) -> Result<Option<Setup>, Error> {
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            clock::sleep_ms(PAUSE);
        }
        // A replica that lags behind has no record, or an older one: the write then conflicts.
        let old = match kv::get(KEY)? {
            Some(bytes) => bytes,
            None if attempt + 1 == ATTEMPTS => return Ok(None),
            None => continue,
        };
        let mut next = decode(&old);
        if next.post_id != setup.post_id {
            if attempt + 1 == ATTEMPTS {
                return Ok(None);
            }
            continue;
        }
        apply(&mut next);
        let expected = Expected::Value(old);
        match kv::set(KEY, &encode(&next)?, Some(LIFETIME), &expected) {
            Ok(()) => return Ok(Some(next)),
            Err(Error::Conflict) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::Conflict)
}

/// Ends the setup.
pub fn remove() -> Result<(), Error> {
    kv::delete(KEY, &Expected::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written_and_damage_is_no_error() {
        let setup = Setup {
            user_id: "u".into(),
            post_id: "p".into(),
            app_created: true,
            validated_at: 7,
            ..Setup::default()
        };
        assert_eq!(decode(&encode(&setup).unwrap()), setup);
        assert_eq!(decode(b"{\"later\":1}"), Setup::default());
        assert_eq!(decode(b"["), Setup::default());
    }
}
