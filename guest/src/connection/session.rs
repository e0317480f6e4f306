//! A user's access to Zoom, with a token that is renewed when it must be.
//!
//! Zoom's refresh tokens work once, so one node at a time may spend a user's. Whoever does holds a
//! lease, reads the record again, and confirms it with a compare-and-set of the same bytes: a read may
//! come from a replica that is behind, a compare-and-set does not. The new tokens are stored before
//! they are used. Everybody else waits for the newer record to appear.

use crate::bindings::config::email_verification_required;
use crate::bindings::types::Error as HostError;
use crate::config::Config;
use crate::connection::disconnect;
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::store::accounts::LoadError;
use crate::store::connection::Connection;
use crate::store::tokens::Owner;
use crate::store::{connection_site, locks};
use crate::zoom;
use crate::zoom::client::{Client, Who};
use crate::zoom::hosts;
use crate::zoom::token::{self, Tokens};

/// How often and how long to wait for somebody else's refresh: together 12 seconds, a little more than
/// the request may take.
const ATTEMPTS: u32 = 40;
const PAUSE: u64 = 300;
/// How often to try to store new tokens. Losing them costs the user a new connection.
const SAVE_ATTEMPTS: u32 = 4;

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody must connect first, or again: the user, or at an account-level app an administrator.
    #[error("there is no connection that can be used")]
    NotConnected,
    /// There is a connection, and this user may not use it; the sentence says what to do.
    #[error(transparent)]
    Refused(zoom::Error),
    /// Mattermost did not answer.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// One user's access to Zoom during one event: with their own connection, or with the one that serves
/// everybody and in the name of the Zoom user who has their address.
pub struct Session<'a> {
    config: &'a Config,
    connection: Connection,
    who: Who,
}

impl<'a> Session<'a> {
    /// The session of a person. Asks nothing of Zoom.
    pub fn open(config: &'a Config, person: &Person) -> Result<Session<'a>, OpenError> {
        let owner = if config.account_level {
            Owner::Organization
        } else {
            Owner::User(&person.id)
        };
        Session::with(config, person, load(config, owner)?)
    }

    /// The session of a person with a connection that was just stored.
    pub fn with(
        config: &'a Config,
        person: &Person,
        connection: Connection,
    ) -> Result<Session<'a>, OpenError> {
        if !config.account_level {
            return Ok(Session {
                config,
                connection,
                who: Who::Me,
            });
        }
        let must_prove = email_verification_required();
        let who = identity(&person.email, person.email_verified, must_prove)
            .map_err(OpenError::Refused)?;
        Ok(Session {
            config,
            connection,
            who,
        })
    }

    /// The session of a user who is not there, such as the creator of a subscription. A user who was deactivated or
    /// deleted has none: their connection ends here.
    pub fn for_user(config: &'a Config, user_id: &str) -> Result<Session<'a>, OpenError> {
        match Person::load(user_id) {
            Ok(person) if !person.deactivated => Session::open(config, &person),
            Ok(_) | Err(HostError::NotFound) => {
                disconnect::retire(config, user_id);
                Err(OpenError::NotConnected)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The session of an account-level app itself, in nobody's name.
    pub fn organization(config: &'a Config) -> Result<Session<'a>, OpenError> {
        Ok(Session {
            config,
            connection: load(config, Owner::Organization)?,
            who: Who::Me,
        })
    }

    /// The address with which the connection was made at Zoom, or empty where that is not known.
    pub fn zoom_email(&self) -> &str {
        self.connection.zoom_email()
    }

    /// Makes a request, renewing the token before it when it is about to end, and after it when Zoom
    /// does not accept it.
    pub fn call<T>(
        &mut self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        let mut renewed = false;
        if !self.connection.tokens().is_good(clock::now_ms(), None) {
            self.renew(None)?;
            renewed = true;
        }
        let result = match self.ask(&request) {
            Err(zoom::Error::Unauthorized) if !renewed => {
                let rejected = self.connection.tokens().access.clone();
                self.renew(Some(&rejected))?;
                self.ask(&request)
            }
            other => other,
        };
        result.map_err(|error| match error {
            zoom::Error::Unauthorized => zoom::Error::NotConnected,
            other => other,
        })
    }

    fn ask<T>(
        &self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        let tokens = self.connection.tokens();
        request(&Client {
            api: &hosts::api(&self.config.zoom_api_url, &tokens.api_url),
            access_token: &tokens.access,
            who: &self.who,
        })
    }

    fn renew(&mut self, rejected: Option<&str>) -> Result<(), zoom::Error> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                clock::pause(PAUSE);
                self.reload()?;
                if self.connection.tokens().is_good(clock::now_ms(), rejected) {
                    return Ok(());
                }
            }
            let Some(lease) = locks::refresh(self.connection.owner()).map_err(host)? else {
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
        if self.connection.tokens().is_good(clock::now_ms(), rejected) {
            return Ok(true);
        }
        if self.connection.tokens().refresh.is_empty() {
            return Err(zoom::Error::NotConnected);
        }
        match self.connection.confirm() {
            Ok(()) => {}
            Err(HostError::Conflict) => return Ok(false),
            Err(error) => return Err(host(error)),
        }
        let site = connection_site::elsewhere(self.connection.site(), &self.config.site_url)
            .map_err(host)?;
        if let Some(site) = site {
            log::warn(connection_site::PAUSED, &[("site", &site)]);
            return Err(zoom::Error::OtherSite(site));
        }
        let old = self.connection.tokens().clone();
        match token::refresh(&self.config.app(), clock::now_ms(), &old.refresh) {
            Ok(tokens) => self.save(with_region(tokens, &old.api_url)),
            // The token was spent, perhaps by a node whose lease had ended; then there is a newer record.
            Err(zoom::Error::GrantEnded(reason)) => {
                self.reload()?;
                if self.connection.tokens().refresh != old.refresh {
                    return Ok(false);
                }
                log::warn(
                    "Zoom ended a connection. The user must run /zoom connect again.",
                    &[
                        ("owner", self.connection.owner().name()),
                        ("reason", &reason),
                    ],
                );
                Err(zoom::Error::NotConnected)
            }
            Err(error) => Err(error),
        }
    }

    fn save(&mut self, tokens: Tokens) -> Result<bool, zoom::Error> {
        let mut failure = HostError::Conflict;
        for attempt in 0..SAVE_ATTEMPTS {
            if attempt > 0 {
                clock::pause(PAUSE);
            }
            let renewed = self
                .connection
                .renewed(tokens.clone(), &self.config.encryption_key);
            match renewed {
                Ok(connection) => {
                    self.connection = connection;
                    return Ok(true);
                }
                // After a failure of unknown outcome the record may be ours already.
                Err(HostError::Conflict) => return Ok(false),
                Err(error) => failure = error,
            }
        }
        log::warn(
            "New Zoom tokens could not be stored; the user may have to connect again.",
            &[("error", &failure.to_string())],
        );
        Err(host(failure))
    }

    fn reload(&mut self) -> Result<(), zoom::Error> {
        match Connection::load(self.connection.owner(), &self.config.encryption_key) {
            Ok(connection) => {
                self.connection = connection;
                Ok(())
            }
            Err(LoadError::Absent | LoadError::Unreadable(_)) => Err(zoom::Error::NotConnected),
            Err(LoadError::Store(error)) => Err(host(error)),
        }
    }
}

fn load(config: &Config, owner: Owner<'_>) -> Result<Connection, OpenError> {
    match Connection::load(owner, &config.encryption_key) {
        Ok(connection) => Ok(connection),
        Err(LoadError::Absent) => Err(OpenError::NotConnected),
        Err(LoadError::Unreadable(why)) => {
            log::warn(
                "A stored Zoom connection cannot be read; it must be made again with /zoom connect.",
                &[("owner", owner.name()), ("reason", why)],
            );
            Err(OpenError::NotConnected)
        }
        Err(LoadError::Store(error)) => Err(error.into()),
    }
}

/// Who somebody with this address is at Zoom. Where the server asks for a proof of addresses, nobody
/// is taken for somebody else without one.
fn identity(email: &str, verified: bool, must_prove: bool) -> Result<Who, zoom::Error> {
    if email.is_empty() {
        return Err(zoom::Error::UnknownAddress(String::new()));
    }
    if must_prove && !verified {
        return Err(zoom::Error::UnverifiedAddress(email.to_owned()));
    }
    Ok(Who::Address(email.to_owned()))
}

/// New tokens in the region of the old ones, where Zoom does not say it again.
fn with_region(tokens: Tokens, api_url: &str) -> Tokens {
    if tokens.api_url.is_empty() {
        Tokens {
            api_url: api_url.to_owned(),
            ..tokens
        }
    } else {
        tokens
    }
}

/// Mattermost's failures are told as what they mean here: Zoom cannot be asked now.
fn host(error: HostError) -> zoom::Error {
    zoom::Error::Unavailable(format!("the store failed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(expiry: Option<i64>) -> Tokens {
        Tokens {
            access: "a".into(),
            refresh: "r".into(),
            expiry,
            ..Tokens::default()
        }
    }

    #[test]
    fn zm049_d52_an_address_counts_only_with_the_proof_that_the_server_asks_for() {
        let address = "ann@example.com";
        let who = Ok(Who::Address(address.into()));
        assert_eq!(identity(address, true, true), who);
        assert_eq!(identity(address, false, false), who);
        let refused = zoom::Error::UnverifiedAddress(address.into());
        assert_eq!(identity(address, false, true), Err(refused));
        assert!(identity("", true, true).is_err());
    }

    #[test]
    fn a_region_stays_until_zoom_names_another() {
        let region = |said: &str| {
            let said = Tokens {
                api_url: said.into(),
                ..tokens(None)
            };
            with_region(said, "old").api_url
        };
        assert_eq!(
            (region("").as_str(), region("new").as_str()),
            ("old", "new")
        );
    }
}
