//! A user's access to Zoom. An expired access token is refreshed here.
//!
//! A refresh token works once, so only one node at a time may use it. That node holds a lease, reads the record again, and
//! confirms it with a compare-and-set of the same bytes: a read may come from a replica that lags behind, a compare-and-set
//! does not. The new tokens are stored before they are used. All other nodes wait until the newer record appears.

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
use crate::zoom::client::{Client, UserRef};
use crate::zoom::hosts;
use crate::zoom::token::{self, Tokens};

/// Attempts and pause, in milliseconds, while another node refreshes the tokens: 12 seconds in total, a little longer than
/// the request may take.
const ATTEMPTS: u32 = 40;
const PAUSE: u64 = 300;
/// Attempts to store new tokens. If they are lost, the user must connect again.
const SAVE_ATTEMPTS: u32 = 4;

/// The reason why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The user must connect. With an account-level app, a system admin must connect.
    #[error("there is no connection that can be used")]
    NotConnected,
    /// There is a connection, but this user may not use it. The error's sentence says what to do.
    #[error(transparent)]
    Refused(zoom::Error),
    /// Mattermost did not answer.
    #[error(transparent)]
    Host(#[from] HostError),
}

/// One user's access to Zoom during one event. It uses the user's own connection, or the connection for everyone on behalf
/// of the Zoom user with the same email address.
pub struct Session<'a> {
    config: &'a Config,
    connection: Connection,
    who: UserRef,
}

impl<'a> Session<'a> {
    /// The session of a person. This makes no request to Zoom.
    pub fn open(config: &'a Config, person: &Person) -> Result<Session<'a>, OpenError> {
        let owner = if config.mode.is_account_wide() {
            Owner::Organization
        } else {
            Owner::User(&person.id)
        };
        Session::with_connection(config, person, load(config, owner)?)
    }

    /// The session of a person with a connection that was just stored.
    pub fn with_connection(
        config: &'a Config,
        person: &Person,
        connection: Connection,
    ) -> Result<Session<'a>, OpenError> {
        if !config.mode.is_account_wide() {
            return Ok(Session {
                config,
                connection,
                who: UserRef::Me,
            });
        }
        let must_prove = email_verification_required();
        let who = zoom_user_for(&person.email, person.email_verified, must_prove)
            .map_err(OpenError::Refused)?;
        Ok(Session {
            config,
            connection,
            who,
        })
    }

    /// The session of a user who did not cause the event, such as the creator of a subscription. If the user was
    /// deactivated or deleted, this ends their connection.
    pub fn for_user(config: &'a Config, user_id: &str) -> Result<Session<'a>, OpenError> {
        match Person::load(user_id) {
            Ok(person) if !person.deactivated => Session::open(config, &person),
            Ok(_) | Err(HostError::NotFound) => {
                disconnect::disconnect_deactivated_user(config, user_id);
                Err(OpenError::NotConnected)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The session of an account-level app, not on behalf of a user.
    pub fn organization(config: &'a Config) -> Result<Session<'a>, OpenError> {
        Ok(Session {
            config,
            connection: load(config, Owner::Organization)?,
            who: UserRef::Me,
        })
    }

    /// The email address of the connected Zoom user, or empty if it is not known.
    pub fn zoom_email(&self) -> &str {
        self.connection.zoom_email()
    }

    /// Makes a request. Refreshes the access token first if it is about to expire, or afterwards if Zoom rejects it; then
    /// the request is repeated.
    pub fn call<T>(
        &mut self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        let mut renewed = false;
        if !self.connection.tokens().is_good(clock::now_ms(), None) {
            self.refresh_tokens(None)?;
            renewed = true;
        }
        let result = match self.send(&request) {
            Err(zoom::Error::Unauthorized) if !renewed => {
                let rejected = self.connection.tokens().access.clone();
                self.refresh_tokens(Some(&rejected))?;
                self.send(&request)
            }
            other => other,
        };
        result.map_err(|error| match error {
            zoom::Error::Unauthorized => zoom::Error::NotConnected,
            other => other,
        })
    }

    fn send<T>(
        &self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        let tokens = self.connection.tokens();
        request(&Client {
            api: &hosts::regional_api_url(&self.config.zoom_api_url, &tokens.api_url),
            access_token: &tokens.access,
            who: &self.who,
        })
    }

    fn refresh_tokens(&mut self, rejected: Option<&str>) -> Result<(), zoom::Error> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                clock::sleep_ms(PAUSE);
                self.reload()?;
                if self.connection.tokens().is_good(clock::now_ms(), rejected) {
                    return Ok(());
                }
            }
            let Some(lease) = locks::claim_refresh(self.connection.owner()).map_err(unavailable)?
            else {
                continue;
            };
            let renewed = self.refresh_with_lease(rejected);
            lease.release();
            if renewed? {
                return Ok(());
            }
        }
        Err(zoom::Error::Timeout)
    }

    /// Refreshes the tokens while holding the lease. Returns false if another node changed the record meanwhile: try again.
    fn refresh_with_lease(&mut self, rejected: Option<&str>) -> Result<bool, zoom::Error> {
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
            Err(error) => return Err(unavailable(error)),
        }
        let site = connection_site::other_site(self.connection.site(), &self.config.site_url)
            .map_err(unavailable)?;
        if let Some(site) = site {
            connection_site::log_paused(&site);
            return Err(zoom::Error::OtherSite(site));
        }
        let old = self.connection.tokens().clone();
        match token::request_new_tokens(&self.config.app(), clock::now_ms(), &old.refresh) {
            Ok(tokens) => self.save(with_region(tokens, &old.api_url)),
            // A node whose lease had expired may have used the token. Then there is a newer record.
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
                clock::sleep_ms(PAUSE);
            }
            let renewed = self
                .connection
                .store_tokens(tokens.clone(), &self.config.encryption_key);
            match renewed {
                Ok(connection) => {
                    self.connection = connection;
                    return Ok(true);
                }
                // After a failure with an unknown outcome, the new record may already be stored.
                Err(HostError::Conflict) => return Ok(false),
                Err(error) => failure = error,
            }
        }
        log::warn(
            "New Zoom tokens could not be stored; the user may have to connect again.",
            &[("error", &failure.to_string())],
        );
        Err(unavailable(failure))
    }

    fn reload(&mut self) -> Result<(), zoom::Error> {
        match Connection::load(self.connection.owner(), &self.config.encryption_key) {
            Ok(connection) => {
                self.connection = connection;
                Ok(())
            }
            Err(LoadError::Absent | LoadError::Unreadable(_)) => Err(zoom::Error::NotConnected),
            Err(LoadError::Store(error)) => Err(unavailable(error)),
        }
    }
}

fn load(config: &Config, owner: Owner<'_>) -> Result<Connection, OpenError> {
    match Connection::load(owner, &config.encryption_key) {
        Ok(connection) => Ok(connection),
        Err(LoadError::Absent) => Err(OpenError::NotConnected),
        Err(LoadError::Unreadable(why)) => {
            log::warn(
                "A stored Zoom connection cannot be read. The user must run /zoom connect again.",
                &[("owner", owner.name()), ("reason", why)],
            );
            Err(OpenError::NotConnected)
        }
        Err(LoadError::Store(error)) => Err(error.into()),
    }
}

/// The Zoom user with this email address. If the server requires verified addresses, an unverified address is refused.
fn zoom_user_for(email: &str, verified: bool, must_prove: bool) -> Result<UserRef, zoom::Error> {
    if email.is_empty() {
        return Err(zoom::Error::UnknownAddress(String::new()));
    }
    if must_prove && !verified {
        return Err(zoom::Error::UnverifiedAddress(email.to_owned()));
    }
    Ok(UserRef::Address(email.to_owned()))
}

/// The new tokens, with the API URL of the old ones if Zoom did not send one.
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

/// A failure of the store, reported as Zoom being unavailable.
fn unavailable(error: HostError) -> zoom::Error {
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
    fn zm049_d52_an_unverified_address_is_refused_if_the_server_requires_verification() {
        let address = "ann@example.com";
        let who = Ok(UserRef::Address(address.into()));
        assert_eq!(zoom_user_for(address, true, true), who);
        assert_eq!(zoom_user_for(address, false, false), who);
        let refused = zoom::Error::UnverifiedAddress(address.into());
        assert_eq!(zoom_user_for(address, false, true), Err(refused));
        assert!(zoom_user_for("", true, true).is_err());
    }

    #[test]
    fn the_api_url_is_kept_until_zoom_sends_another() {
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
