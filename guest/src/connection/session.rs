//! A user's access to Zoom. An expired access token is refreshed here.
//!
//! A refresh token works once, so only one node at a time may use it. That node holds a lease, reads the record again, and
//! confirms it with a compare-and-set of the same bytes: a read may come from a replica that lags behind, a compare-and-set
//! does not. The new tokens are stored before they are used. All other nodes wait until the newer record appears.
//!
//! A server-to-server app has no refresh token: a new access token is requested with the app's credentials, under the same
//! lease. Several such tokens are valid at a time, so a token that cannot be stored is used anyway.

use crate::bindings::config::email_verification_required;
use crate::bindings::types::Error as HostError;
use crate::config::{Config, ConnectionMode};
use crate::connection::disconnect;
use crate::connection::identity::Identity;
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::store::accounts::LoadError;
use crate::store::connection::Connection;
use crate::store::tokens::Owner;
use crate::store::{connection_site, locks, server_token};
use crate::zoom;
use crate::zoom::client::{Client, UserRef};
use crate::zoom::hosts;
use crate::zoom::token::{self, Tokens};
use crate::zoom::types::{Meeting, User};

#[cfg(test)]
mod tests;

/// Attempts and pause, in milliseconds, while another node refreshes the tokens: 12 seconds in total, a little longer than
/// the request may take.
const ATTEMPTS: u32 = 40;
const PAUSE: u64 = 300;
/// Attempts to store new tokens. If they are lost, the user must connect again.
const SAVE_ATTEMPTS: u32 = 4;
/// The age from which a server-to-server token is requested again because a scope is missing, in milliseconds: an
/// administrator may have added the scope since.
const SCOPE_AGE: i64 = 60_000;

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

/// One user's access to Zoom during one event. It uses the user's own connection, or an access for everyone on behalf of the
/// Zoom user with the same email address.
pub struct Session<'a> {
    config: &'a Config,
    connection: Connection,
    who: UserRef,
    /// The person whom Zoom must confirm before the first request.
    identity: Option<Identity>,
    /// Zoom's reason for ending the grant.
    ended: Option<String>,
}

impl<'a> Session<'a> {
    /// The session of a person. This makes no request to Zoom. In account-wide modes, [`Identity`] decides whether the
    /// person is found in Zoom.
    pub fn open(config: &'a Config, person: &Person) -> Result<Session<'a>, OpenError> {
        let connection = load_for(config, &person.id)?;
        if !config.mode.is_account_wide() {
            return Session::with_connection(config, person, connection);
        }
        let account_id = match &connection {
            Connection::Organization(stored) => &stored.organization.origin.zoom_account_id,
            Connection::User(_) | Connection::App(_) => &config.zoom_account_id,
        };
        let identity = Identity::of(person, account_id).map_err(OpenError::Refused)?;
        Ok(Session {
            config,
            connection,
            who: UserRef::Address(identity.address().to_owned()),
            identity: Some(identity),
            ended: None,
        })
    }

    /// The session of a person who starts a meeting. In admin-managed mode, an address counts as verified if the server
    /// does not require verification, and Zoom is not asked about the person first.
    pub fn open_for_start(config: &'a Config, person: &Person) -> Result<Session<'a>, OpenError> {
        match config.mode {
            ConnectionMode::ServerToServer => Session::open(config, person),
            ConnectionMode::UserManaged | ConnectionMode::AdminManaged => {
                let connection = load_for(config, &person.id)?;
                Session::with_connection(config, person, connection)
            }
        }
    }

    /// The session of a person with a connection that was just stored, to start a meeting.
    pub fn with_connection(
        config: &'a Config,
        person: &Person,
        connection: Connection,
    ) -> Result<Session<'a>, OpenError> {
        let who = match config.mode {
            ConnectionMode::UserManaged => UserRef::Me,
            ConnectionMode::AdminManaged => {
                let must_prove = email_verification_required();
                zoom_user_for(&person.email, person.email_verified, must_prove)
                    .map_err(OpenError::Refused)?
            }
            ConnectionMode::ServerToServer => return Session::open(config, person),
        };
        Ok(Session {
            config,
            connection,
            who,
            identity: None,
            ended: None,
        })
    }

    /// The session of a user who did not cause the event, such as the creator of a subscription. If the user was
    /// deactivated or deleted, this ends their connection. In account-wide modes, requests are not made on behalf of the
    /// user.
    pub fn for_user(config: &'a Config, user_id: &str) -> Result<Session<'a>, OpenError> {
        match Person::load(user_id) {
            Ok(person) if person.deactivated => {}
            Ok(_) if config.mode.is_account_wide() => return Session::organization(config),
            Ok(person) => return Session::open(config, &person),
            Err(HostError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
        disconnect::disconnect_deactivated_user(config, user_id);
        Err(OpenError::NotConnected)
    }

    /// The session of the access for everyone, not on behalf of a user. Only for account-wide modes.
    pub fn organization(config: &'a Config) -> Result<Session<'a>, OpenError> {
        let who = match config.mode {
            ConnectionMode::UserManaged => return Err(OpenError::NotConnected),
            ConnectionMode::AdminManaged => UserRef::Me,
            ConnectionMode::ServerToServer => UserRef::Nobody,
        };
        Ok(Session {
            config,
            connection: load_for(config, "")?,
            who,
            identity: None,
            ended: None,
        })
    }

    /// The connection as it was read, or with the tokens that were requested since.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Requests new tokens, also if the access token is still valid. A dead grant shows only here.
    pub fn renew(&mut self) -> Result<(), zoom::Error> {
        let current = self.connection.tokens().access.clone();
        self.refresh_tokens(Some(&current))
    }

    /// Zoom's reason for ending the grant, if a request of this session found out that it has ended.
    pub fn ended_because(&self) -> Option<&str> {
        self.ended.as_deref()
    }

    /// The email address of the connected Zoom user, or empty if it is not known.
    pub fn zoom_email(&self) -> &str {
        self.connection.zoom_email()
    }

    /// Asks Zoom whether the access works: about the user, or, for a server-to-server app without a user, for a new token.
    pub fn check(&mut self) -> Result<(), zoom::Error> {
        if self.who == UserRef::Nobody {
            return self.renew();
        }
        self.me().map(drop)
    }

    /// The user at Zoom.
    pub fn me(&mut self) -> Result<User, zoom::Error> {
        let user = self.request(|client| client.me())?;
        if let Some(identity) = &mut self.identity {
            identity.confirm(&user)?;
        }
        Ok(user)
    }

    /// Creates a meeting of the user that starts at once.
    pub fn create_meeting(&mut self, topic: &str) -> Result<Meeting, zoom::Error> {
        let meeting = self.call(|client| client.create_meeting(topic))?;
        if let Some(identity) = &mut self.identity {
            identity.compare(&meeting.host_id);
        }
        Ok(meeting)
    }

    /// Makes a request, after Zoom has confirmed the person where that is necessary.
    pub fn call<T>(
        &mut self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        if let Some(identity) = &mut self.identity
            && !identity.is_confirmed()
        {
            self.me()?;
        }
        let result = self.request(request);
        if let (Some(identity), Err(zoom::Error::UnknownAddress(_))) = (&mut self.identity, &result)
        {
            identity.forget();
        }
        result
    }

    /// Makes a request. Refreshes the access token first if it is about to expire, or afterwards if Zoom rejects it; then
    /// the request is repeated.
    fn request<T>(
        &mut self,
        request: impl Fn(&Client<'_>) -> Result<T, zoom::Error>,
    ) -> Result<T, zoom::Error> {
        let mut renewed = false;
        if !self.connection.tokens().is_good(clock::now_ms(), None) {
            self.refresh_tokens(None)?;
            renewed = true;
        }
        let result = match self.send(&request) {
            Err(error) if !renewed && self.is_worth_a_new_token(&error) => {
                let rejected = self.connection.tokens().access.clone();
                self.refresh_tokens(Some(&rejected))?;
                self.send(&request)
            }
            other => other,
        };
        let is_app = matches!(self.connection, Connection::App(_));
        result.map_err(|error| match error {
            zoom::Error::Unauthorized if is_app => {
                zoom::Error::Unexpected("a new access token is not accepted".to_owned())
            }
            zoom::Error::Unauthorized => zoom::Error::NotConnected,
            other => other,
        })
    }

    /// Whether the request may succeed with a new access token.
    fn is_worth_a_new_token(&self, error: &zoom::Error) -> bool {
        match (error, &self.connection) {
            (zoom::Error::Unauthorized, _) => true,
            (zoom::Error::MissingScope, Connection::App(stored)) => {
                clock::now_ms().saturating_sub(stored.requested_at) > SCOPE_AGE
            }
            _ => false,
        }
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
        let is_app = matches!(self.connection, Connection::App(_));
        if !is_app && self.connection.tokens().refresh.is_empty() {
            return Err(zoom::Error::NotConnected);
        }
        match self.connection.confirm() {
            Ok(()) => {}
            Err(HostError::Conflict) => return Ok(false),
            Err(error) => return Err(unavailable(error)),
        }
        if let Connection::App(stored) = &self.connection {
            let stored = stored.clone();
            return self.sign_in(&stored);
        }
        let site = connection_site::other_site(self.connection.site(), &self.config.site_url)
            .map_err(unavailable)?;
        if let Some(site) = site {
            connection_site::log_paused(&site);
            return Err(zoom::Error::OtherSite(site));
        }
        let old = self.connection.tokens().clone();
        match token::request_new_tokens(&self.config.app(), clock::now_ms(), &old.refresh) {
            Ok(tokens) => self.save(with_earlier_facts(tokens, &old)),
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
                self.ended = Some(reason);
                Err(zoom::Error::NotConnected)
            }
            Err(error) => Err(error),
        }
    }

    /// Requests a token with the credentials of the server-to-server app. `stored` has expired or was rejected.
    fn sign_in(&mut self, stored: &server_token::Stored) -> Result<bool, zoom::Error> {
        let (app, now) = (self.config.app(), clock::now_ms());
        match token::request_account_token(&app, now, &self.config.zoom_account_id) {
            Ok(tokens) => {
                self.connection = Connection::App(stored.with(tokens.clone(), now));
                let _ = self.save(tokens); // It logs a failure.
                Ok(true)
            }
            Err(error) if error.is_temporary() => Err(error),
            Err(error) => {
                // Other events must not use the rejected token. If this fails, they notice the same.
                let _ = stored.forget();
                Err(error)
            }
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
            "New Zoom tokens could not be stored. A user may have to connect again.",
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

/// The connection that serves a user in the configured mode.
fn load_for(config: &Config, user_id: &str) -> Result<Connection, OpenError> {
    match config.mode {
        ConnectionMode::UserManaged => load(config, Owner::User(user_id)),
        ConnectionMode::AdminManaged => load(config, Owner::Organization),
        ConnectionMode::ServerToServer => {
            let fingerprint = server_token::fingerprint(&config.app(), &config.zoom_account_id);
            load(config, Owner::App(&fingerprint))
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

/// The new tokens, with the API URL and the scopes of the old ones if Zoom did not send them.
fn with_earlier_facts(mut tokens: Tokens, old: &Tokens) -> Tokens {
    if tokens.api_url.is_empty() {
        tokens.api_url.clone_from(&old.api_url);
    }
    if tokens.scope.is_empty() {
        tokens.scope.clone_from(&old.scope);
    }
    tokens
}

/// A failure of the store, reported as Zoom being unavailable.
fn unavailable(error: HostError) -> zoom::Error {
    zoom::Error::Unavailable(format!("the store failed: {error}"))
}
