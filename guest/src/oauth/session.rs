//! A user's access to Zoom, with a token that is renewed when it must be.
//!
//! Zoom's refresh tokens work once, so one node at a time may spend a user's. Whoever does holds a
//! lease, reads the record again, and confirms it with a compare-and-set of the same bytes: a read may
//! come from a replica that is behind, a compare-and-set does not. The new tokens are stored before
//! they are used. Everybody else waits for the newer record to appear.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error as HostError;
use crate::config::Config;
use crate::store::accounts::{self, Account, LoadError, Stored, Tokens};
use crate::store::locks;
use crate::system;
use crate::zoom::{self, Client, token};

/// A token that ends sooner than this is renewed first, in milliseconds.
const MARGIN: i64 = 60_000;
/// How often and how long to wait for somebody else's refresh: together 12 seconds, a little more than
/// the request may take.
const ATTEMPTS: u32 = 40;
const PAUSE: u64 = 300;
/// How often to try to store new tokens. Losing them costs the user a new connection.
const SAVE_ATTEMPTS: u32 = 4;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The user must connect first, or again.
    #[error("the user is not connected")]
    NotConnected,
    /// Mattermost did not answer.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// One user's access to Zoom during one event.
pub struct Session<'a> {
    config: &'a Config,
    stored: Stored,
}

impl<'a> Session<'a> {
    /// The session of a connected user. Asks nothing of Zoom.
    pub fn open(config: &'a Config, user_id: &str) -> Result<Session<'a>, OpenError> {
        match accounts::load(user_id, &config.encryption_key) {
            Ok(stored) => Ok(Session { config, stored }),
            Err(LoadError::Absent) => Err(OpenError::NotConnected),
            Err(LoadError::Unreadable(why)) => {
                system::warn(
                    "A stored Zoom connection cannot be read; the user must connect again.",
                    &[("user", user_id), ("reason", why)],
                );
                Err(OpenError::NotConnected)
            }
            Err(LoadError::Store(error)) => Err(error.into()),
        }
    }

    /// The connected account.
    pub fn account(&self) -> &Account {
        &self.stored.account
    }

    /// Makes a request, renewing the token before it when it is about to end, and after it when Zoom
    /// does not accept it.
    pub fn call<T>(
        &mut self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        let mut renewed = false;
        if !is_good(&self.stored.account.tokens, system::now_ms(), None) {
            self.renew(None)?;
            renewed = true;
        }
        let result = match request(&self.client()) {
            Err(zoom::Error::Unauthorized) if !renewed => {
                let rejected = self.stored.account.tokens.access.clone();
                self.renew(Some(&rejected))?;
                request(&self.client())
            }
            other => other,
        };
        result.map_err(|error| match error {
            zoom::Error::Unauthorized => zoom::Error::NotConnected,
            other => other,
        })
    }

    fn client(&self) -> Client<'_> {
        Client {
            api: &self.config.zoom_api_url,
            access_token: &self.stored.account.tokens.access,
        }
    }

    fn renew(&mut self, rejected: Option<&str>) -> Result<(), zoom::Error> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                system::pause(PAUSE);
                self.reload()?;
                if is_good(&self.stored.account.tokens, system::now_ms(), rejected) {
                    return Ok(());
                }
            }
            let Some(lease) = locks::refresh(&self.stored.account.user_id).map_err(host)? else {
                continue;
            };
            let renewed = self.renew_with_lease(rejected);
            lease.release();
            if renewed? {
                return Ok(());
            }
        }
        Err(zoom::Error::Timeout)
    }

    /// Answers false where the record changed under us: look again.
    fn renew_with_lease(&mut self, rejected: Option<&str>) -> Result<bool, zoom::Error> {
        self.reload()?;
        if is_good(&self.stored.account.tokens, system::now_ms(), rejected) {
            return Ok(true);
        }
        if self.stored.account.tokens.refresh.is_empty() {
            return Err(zoom::Error::NotConnected);
        }
        let key = accounts::key(&self.stored.account.user_id);
        let bytes = &self.stored.bytes;
        match kv::set(&key, bytes, None, &Expected::Value(bytes.clone())) {
            Ok(()) => {}
            Err(HostError::Conflict) => return Ok(false),
            Err(error) => return Err(host(error)),
        }
        let tokens = token::refresh(
            self.config,
            system::now_ms(),
            &self.stored.account.tokens.refresh,
        )?;
        self.save(tokens)
    }

    fn save(&mut self, tokens: Tokens) -> Result<bool, zoom::Error> {
        let account = Account {
            tokens,
            ..self.stored.account.clone()
        };
        let mut failure = HostError::Conflict;
        for attempt in 0..SAVE_ATTEMPTS {
            if attempt > 0 {
                system::pause(PAUSE);
            }
            match accounts::replace(&self.stored, &account, &self.config.encryption_key) {
                Ok(stored) => {
                    self.stored = stored;
                    return Ok(true);
                }
                // After a failure of unknown outcome the record may be ours already.
                Err(HostError::Conflict) => return Ok(false),
                Err(error) => failure = error,
            }
        }
        system::warn(
            "New Zoom tokens could not be stored; the user may have to connect again.",
            &[("error", &failure.to_string())],
        );
        Err(host(failure))
    }

    fn reload(&mut self) -> Result<(), zoom::Error> {
        match accounts::load(&self.stored.account.user_id, &self.config.encryption_key) {
            Ok(stored) => {
                self.stored = stored;
                Ok(())
            }
            Err(LoadError::Absent | LoadError::Unreadable(_)) => Err(zoom::Error::NotConnected),
            Err(LoadError::Store(error)) => Err(host(error)),
        }
    }
}

/// Mattermost's failures are told as what they mean here: Zoom cannot be asked now.
fn host(error: HostError) -> zoom::Error {
    zoom::Error::Unavailable(format!("the store failed: {error}"))
}

/// Whether the access token is worth sending: it is not the one that was rejected, and not about to end.
pub fn is_good(tokens: &Tokens, now: i64, rejected: Option<&str>) -> bool {
    rejected != Some(tokens.access.as_str())
        && tokens
            .expiry
            .is_none_or(|expiry| expiry > now.saturating_add(MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(expiry: Option<i64>) -> Tokens {
        Tokens {
            access: "a".into(),
            refresh: "r".into(),
            kind: "bearer".into(),
            expiry,
        }
    }

    #[test]
    fn a_token_is_renewed_a_minute_early() {
        assert!(is_good(&tokens(Some(160_001)), 100_000, None));
        assert!(!is_good(&tokens(Some(160_000)), 100_000, None));
        assert!(is_good(&tokens(None), i64::MAX, None));
    }

    #[test]
    fn a_rejected_token_is_not_sent_again() {
        assert!(!is_good(&tokens(None), 0, Some("a")));
        assert!(is_good(&tokens(None), 0, Some("b")));
    }
}
