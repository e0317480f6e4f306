//! The link to connect a Zoom account, and `GET /oauth2/connect`, which sends the browser to Zoom.
//!
//! The link names the authorization that the user has begun (see [`crate::store::oauth_state`]). Without a session, the
//! page asks the user to sign in and to open the link again. It does not use `redirect_to`: Mattermost's clients follow
//! that inside the app and would show an empty page.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::config::{Config, ConnectionMode};
use crate::platform::channels::Place;
use crate::platform::http::page::{Link, Page, Target};
use crate::platform::http::query::parameter;
use crate::platform::http::response;
use crate::platform::log;
use crate::platform::people::Person;
use crate::store::oauth_state::{self, State, challenge};
use crate::text::{self, Locale, Message};
use form_urlencoded::Serializer;

/// The query parameter that names the begun authorization.
pub const LINK: &str = "link";

/// The next step after the user has connected.
#[derive(Clone, Copy, Debug)]
pub enum AfterConnecting<'a> {
    /// None.
    Nothing,
    /// Continue the guided setup.
    Setup,
    /// Start the meeting that the user asked for.
    Start {
        /// The topic, or empty.
        topic: &'a str,
        /// The connection ID of the client that waits, or empty.
        connection_id: &'a str,
        /// Whether to start although there is a recent meeting.
        force: bool,
    },
}

/// Begins an authorization and returns the sentence with the link.
///
/// In admin-managed mode, only a system admin can connect. Other users get a sentence that says whom to ask, and no
/// authorization begins. In server-to-server mode, nobody connects anything.
pub fn offer_link(
    config: &Config,
    person: &Person,
    place: Place<'_>,
    then: AfterConnecting<'_>,
) -> Result<String, Error> {
    if config.mode.is_server_to_server() {
        return Ok(text::plain(person.locale, Message::NothingToConnect));
    }
    if refusal(config, person).is_some() {
        return Ok(text::plain(person.locale, Message::AskToConnect));
    }
    let link = begin(config, person, place, then)?;
    let message = if config.mode.is_account_wide() {
        Message::ConnectLinkForEverybody
    } else {
        Message::ConnectLink
    };
    Ok(text::text(person.locale, message, &[("url", &link)]))
}

/// Begins an authorization of a person who may connect. Returns the link. Without a channel, the page at the end of the
/// authorization has the confirmation.
pub fn begin(
    config: &Config,
    person: &Person,
    place: Place<'_>,
    then: AfterConnecting<'_>,
) -> Result<String, Error> {
    let (topic, connection_id, force, just_connect) = match then {
        AfterConnecting::Nothing => ("", "", false, true),
        AfterConnecting::Setup => ("", "", false, false),
        AfterConnecting::Start {
            topic,
            connection_id,
            force,
        } => (topic, connection_id, force, false),
    };
    let state = State {
        channel_id: place.channel_id.to_owned(),
        root_id: place.root_id.to_owned(),
        topic: topic.to_owned(),
        connection_id: connection_id.to_owned(),
        force,
        just_connect,
        setup: matches!(then, AfterConnecting::Setup),
        for_everybody: config.mode.is_account_wide(),
        ..State::default()
    };
    let name = oauth_state::begin(&person.id, &state)?;
    let link = config.route("/oauth2/connect");
    Ok(format!("{link}?{LINK}={name}"))
}

/// The status and the sentence for a person who may not connect, or none for a person who may: everyone in user-managed
/// mode, and system admins in admin-managed mode.
pub fn refusal(config: &Config, person: &Person) -> Option<(u16, Message)> {
    match config.mode {
        ConnectionMode::UserManaged => None,
        ConnectionMode::AdminManaged if person.is_system_admin => None,
        ConnectionMode::AdminManaged => Some((403, Message::OauthAdminsOnly)),
        ConnectionMode::ServerToServer => Some((400, Message::OauthNotNeeded)),
    }
}

/// The page for a browser without a session. `language` is the header `Accept-Language`.
pub fn sign_in_page(config: &Config, language: &str) -> Response {
    let first = language.split([',', ';']).next().unwrap_or_default();
    let locale = Locale::from_tag(first.trim());
    let sign_in = format!("{}/login", config.site_url);
    let links = [
        (Message::SignInLink, sign_in.as_str(), Target::NewTab),
        (Message::OpenAgain, "", Target::Same),
    ];
    let links = links.map(|(message, address, target)| Link {
        text: text::plain(locale, message),
        address,
        target,
    });
    let sentence = text::plain(locale, Message::SignInFirst);
    let page = Page {
        status: 401,
        locale,
        heading: Message::PageSignIn,
        text: &sentence,
    };
    page.with_links(&links)
}

/// The page for a user who was not connected.
pub fn not_connected_page(status: u16, locale: Locale, text: &str) -> Response {
    let page = Page {
        status,
        locale,
        heading: Message::PageNotConnected,
        text,
    };
    page.response()
}

/// Handles the request of a signed-in user.
pub fn redirect_to_zoom(config: &Config, request: &Request, user_id: &str) -> Response {
    let link = parameter(&request.query, LINK).unwrap_or_default();
    match open_link(config, user_id, &link) {
        Ok(Ok(state)) => response::redirect(&authorize_url(config, &state)),
        Ok(Err((locale, status, message))) => {
            not_connected_page(status, locale, &text::plain(locale, message))
        }
        Err(error) => {
            log::warn(
                "The state of a begun authorization could not be read.",
                &[("error", &error.to_string())],
            );
            let sentence = text::plain(Locale::En, Message::MattermostFailed);
            not_connected_page(500, Locale::En, &sentence)
        }
    }
}

type Refusal = (Locale, u16, Message);

/// Opens the begun authorization, if the user may connect and the level of the app has not changed since.
fn open_link(config: &Config, user_id: &str, link: &str) -> Result<Result<State, Refusal>, Error> {
    let person = Person::load(user_id)?;
    if let Some((status, message)) = refusal(config, &person) {
        return Ok(Err((person.locale, status, message)));
    }
    let state = oauth_state::open_link(user_id, link)?;
    let state = state.filter(|state| state.for_everybody == config.mode.is_account_wide());
    Ok(state.ok_or((person.locale, 400, Message::OauthExpired)))
}

/// The URL of Zoom's authorization page. It names no scopes, so the scopes of the Zoom app apply.
pub fn authorize_url(config: &Config, state: &State) -> String {
    let query = Serializer::new(String::new())
        .append_pair("client_id", &config.client_id)
        .append_pair("code_challenge", &challenge(&state.verifier))
        .append_pair("code_challenge_method", "S256")
        .append_pair("redirect_uri", &config.redirect_uri())
        .append_pair("response_type", "code")
        .append_pair("state", &state.nonce)
        .finish();
    format!("{}/oauth/authorize?{query}", config.accounts_url())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::complete;

    #[test]
    fn zm009_zm043_zm047_zoom_gets_the_challenge_and_never_the_verifier() {
        let config = crate::config::parse(&complete(), Some("https://chat.example.com"))
            .ok()
            .unwrap();
        let state = State {
            nonce: "NONCE".into(),
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into(),
            ..State::default()
        };
        assert_eq!(
            authorize_url(&config, &state),
            "https://zoom.us/oauth/authorize?client_id=id\
             &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256\
             &redirect_uri=https%3A%2F%2Fchat.example.com%2Fplugins%2Fzoom%2Foauth2%2Fcomplete\
             &response_type=code&state=NONCE"
        );
    }
}
