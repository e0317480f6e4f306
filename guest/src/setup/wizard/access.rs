//! The steps of a setup that lead to Zoom: connecting, checking the credentials, and subscribing to events.

use crate::bindings::types::Error;
use crate::config::{Config, ConnectionMode};
use crate::connection::link::{self, AfterConnecting};
use crate::connection::session::{OpenError, Session};
use crate::platform::channels::Place;
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::setup::addresses;
use crate::setup::wizard::message;
use crate::store::organization;
use crate::store::setup_record;
use crate::text::{self, Message};
use crate::zoom::event_subscription;
use crate::zoom::{self, hosts, token};

/// The sentence with the link to connect.
pub fn offer_link(config: &Config, person: &Person, place: Place<'_>) -> Result<String, Error> {
    link::offer_link(config, person, place, AfterConnecting::Setup)
}

/// Continues the setup after its user has connected. The connection may not be readable yet, so this records it.
pub fn after_connecting(config: &Config, person: &Person) -> Option<String> {
    let recorded = setup_record::load().and_then(|setup| match setup {
        Some(setup) if setup.user_id == person.id => {
            let mode = config.mode.value();
            setup_record::change(&setup, |setup| setup.connected = mode.to_owned())
        }
        _ => Ok(None),
    });
    match recorded.and_then(|setup| setup.as_ref().map_or(Ok(()), message::show_now)) {
        Ok(()) => None,
        Err(error) => {
            warn(&error);
            Some(text::plain(person.locale, Message::SetupCheckAgain))
        }
    }
}

/// Continues the setup after Zoom has validated the webhook's URL with a signed request.
pub fn after_validation() {
    let recorded = setup_record::load().and_then(|setup| match setup {
        Some(setup) if setup.validated_at == 0 => {
            let now = clock::now_ms();
            setup_record::change(&setup, |setup| setup.validated_at = now)
        }
        _ => Ok(None),
    });
    let shown = recorded.and_then(|setup| setup.as_ref().map_or(Ok(()), message::show_now));
    if let Err(error) = shown {
        warn(&error);
    }
}

fn warn(error: &Error) {
    log::warn(
        "The message of the setup could not be updated.",
        &[("error", &error.to_string())],
    );
}

/// Asks Zoom for an access token with the credentials of a server-to-server app. The error is the sentence for the user.
pub fn check_credentials(config: &Config, person: &Person) -> Result<(), String> {
    organization_session(config, person)?
        .check()
        .map_err(|error| error.sentence(&person.reader()))
}

fn organization_session<'a>(config: &'a Config, person: &Person) -> Result<Session<'a>, String> {
    Session::organization(config).map_err(|error| match error {
        OpenError::Refused(error) => error.sentence(&person.reader()),
        OpenError::NotConnected => zoom::Error::NotConnected.sentence(&person.reader()),
        OpenError::Host(error) => {
            warn(&error);
            text::plain(person.locale, Message::MattermostFailed)
        }
    })
}

/// The event subscription was not created.
pub struct NotSubscribed {
    /// The sentence for the user.
    pub sentence: String,
    /// Whether Zoom may have created it nevertheless.
    pub may_have_happened: bool,
}

impl From<String> for NotSubscribed {
    fn from(sentence: String) -> Self {
        NotSubscribed {
            sentence,
            may_have_happened: false,
        }
    }
}

/// Creates the event subscription of the Zoom account.
pub fn subscribe(config: &Config, person: &Person) -> Result<(), NotSubscribed> {
    let (tokens, account_id) = match config.mode {
        ConnectionMode::ServerToServer => {
            let mut session = organization_session(config, person)?;
            let checked = session.check();
            checked.map_err(|error| error.sentence(&person.reader()))?;
            (
                session.connection().tokens().clone(),
                config.zoom_account_id.clone(),
            )
        }
        ConnectionMode::UserManaged | ConnectionMode::AdminManaged => {
            let tokens = token::request_app_token(&config.app(), clock::now_ms());
            let tokens = tokens.map_err(|error| error.sentence(&person.reader()))?;
            let origin = organization::load_origin().map_err(|error| {
                warn(&error);
                text::plain(person.locale, Message::MattermostFailed)
            })?;
            (tokens, origin.unwrap_or_default().zoom_account_id)
        }
    };
    let refused = || text::plain(person.locale, Message::SetupNotSubscribed);
    if account_id.is_empty() {
        log::warn(
            "The event subscription was not created, because the connection does not name its Zoom account.",
            &[],
        );
        return Err(refused().into());
    }
    let api = hosts::regional_api_url(&config.zoom_api_url, &tokens.api_url);
    let url = addresses::webhook(&config.site_url, &config.webhook_secret);
    event_subscription::create(&api, &tokens, &account_id, &url).map_err(|error| {
        log::warn(
            "Zoom did not create the event subscription.",
            &[("error", &error.to_string())],
        );
        NotSubscribed {
            sentence: refused(),
            may_have_happened: error.is_temporary(),
        }
    })
}
