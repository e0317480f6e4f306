//! `GET /oauth2/complete`: the browser comes back from Zoom.
//!
//! The `state` parameter must belong to a link that this user opened. The state is consumed before the code is exchanged.
//! Then the connection is stored, and the meeting that the user asked for starts. The new connection is passed on to the
//! start, because a read of the database may not find it yet. The caller passes in the function that starts the meeting:
//! `meetings` imports this folder, so this folder cannot import `meetings`.
//!
//! If Zoom accepts the code but does not say who authorized the app, the new grant is revoked and the record of an older
//! connection is kept.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error as HostError;
use crate::config::{Config, trusts_unverified_addresses};
use crate::connection::link::{not_connected_page, refusal};
use crate::platform::channels::{Place, show_to_user};
use crate::platform::http::page::Page;
use crate::platform::http::query::parameter;
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::store::accounts::{self, Account};
use crate::store::connection::Connection;
use crate::store::oauth_state::{self, State, TakeResult};
use crate::store::organization::{self, Organization, Origin};
use crate::text::{self, Locale, Message};
use crate::zoom;
use crate::zoom::client::{Client, UserRef};
use crate::zoom::hosts;
use crate::zoom::token::{self, Tokens};
use crate::zoom::types::User;

/// The result that Zoom sent in the query.
#[derive(Debug, PartialEq, Eq)]
pub enum ZoomAnswer {
    /// The user authorized the app. Contains the authorization code.
    Code(String),
    /// The user declined, or Zoom refused.
    Declined,
    /// The query has neither a code nor an error.
    Nothing,
}

/// Parses the query.
pub fn parse_query(query: &str) -> ZoomAnswer {
    match (parameter(query, "code"), parameter(query, "error")) {
        (_, Some(error)) if !error.is_empty() => ZoomAnswer::Declined,
        (Some(code), _) if !code.is_empty() => ZoomAnswer::Code(code.into_owned()),
        _ => ZoomAnswer::Nothing,
    }
}

/// Handles the request of a signed-in user.
pub fn handle(
    config: &Config,
    request: &Request,
    user_id: &str,
    start_meeting: impl FnOnce(&Config, &Person, &State, Connection) -> Option<String>,
) -> Response {
    let person = match Person::load(user_id) {
        Ok(person) => person,
        Err(error) => return host_failed(None, &error),
    };
    let page = |status, message| {
        not_connected_page(status, person.locale, &text::plain(person.locale, message))
    };
    if let Some((status, message)) = refusal(config, &person) {
        return page(status, message);
    }
    let back = parse_query(&request.query);
    let nonce = parameter(&request.query, "state").unwrap_or_default();
    let state = match oauth_state::take(user_id, &nonce) {
        Ok(TakeResult::State(state)) => state,
        Ok(TakeResult::Nothing) if back == ZoomAnswer::Declined => {
            return page(200, Message::OauthDeclined);
        }
        Ok(TakeResult::Nothing) => return page(400, Message::OauthExpired),
        Ok(TakeResult::Mismatch) => return page(401, Message::OauthMismatch),
        Err(error) => return host_failed(Some(&person), &error),
    };
    if state.for_everybody != config.mode.is_account_wide() {
        return page(400, Message::OauthExpired);
    }
    let code = match back {
        ZoomAnswer::Code(code) => code,
        ZoomAnswer::Declined => return page(200, Message::OauthDeclined),
        ZoomAnswer::Nothing => return page(400, Message::OauthExpired),
    };
    let connected = match connect(config, &person, &code, &state.verifier) {
        Ok(connected) => connected,
        Err(error) => {
            log::warn(
                "A connection to Zoom could not be made.",
                &[("user", user_id), ("error", &error.to_string())],
            );
            let sentence = error.sentence(&person.reader());
            return not_connected_page(error.status(), person.locale, &sentence);
        }
    };
    let connection = match connected.save(config) {
        Ok(connection) => connection,
        Err(error) => return host_failed(Some(&person), &error),
    };
    let complete = text::plain(person.locale, Message::OauthComplete);
    match finish(config, &person, &state, connection, start_meeting) {
        Ok(()) => connected_page(person.locale, &complete).closing(),
        Err(unsaid) => {
            let text = format!("{complete}\n\n{unsaid}");
            connected_page(person.locale, &text).response()
        }
    }
}

fn connected_page(locale: Locale, text: &str) -> Page<'_> {
    Page {
        status: 200,
        locale,
        heading: Message::PageConnected,
        text,
    }
}

fn host_failed(person: Option<&Person>, error: &HostError) -> Response {
    log::warn(
        "A connection could not be completed.",
        &[("error", &error.to_string())],
    );
    let locale = person.map(|person| person.locale).unwrap_or_default();
    not_connected_page(500, locale, &text::plain(locale, Message::MattermostFailed))
}

/// A connection that is not stored yet.
enum NewConnection {
    User(Account),
    Organization(Organization),
}

impl NewConnection {
    fn save(&self, config: &Config) -> Result<Connection, HostError> {
        let key = &config.encryption_key;
        match self {
            NewConnection::User(account) => accounts::save(account, key).map(Connection::User),
            NewConnection::Organization(one) => {
                organization::save(one, key).map(Connection::Organization)
            }
        }
    }
}

/// Exchanges the code and asks Zoom who authorized the app.
fn connect(
    config: &Config,
    person: &Person,
    code: &str,
    verifier: &str,
) -> Result<NewConnection, zoom::Error> {
    let now = clock::now_ms();
    let tokens = token::exchange_code(&config.app(), &config.redirect_uri(), now, code, verifier)?;
    connect_with(config, person, now, &tokens).inspect_err(|_| {
        if let Err(error) = token::revoke(&config.app(), &tokens.access) {
            log::debug(
                "A new grant that cannot be used could not be revoked.",
                &[("error", &error.to_string())],
            );
        }
    })
}

/// Asks Zoom who authorized the app.
fn connect_with(
    config: &Config,
    person: &Person,
    now: i64,
    tokens: &Tokens,
) -> Result<NewConnection, zoom::Error> {
    let here = config.site_url.clone();
    let api = hosts::regional_api_url(&config.zoom_api_url, &tokens.api_url);
    let ask = |who: &UserRef| {
        let client = Client {
            api: &api,
            access_token: &tokens.access,
            who,
        };
        client.me()
    };
    if config.mode.is_account_wide() {
        let me = authorizing_user(&person.email, ask)?;
        return Ok(NewConnection::Organization(Organization {
            tokens: tokens.clone(),
            origin: Origin {
                connected_by: person.id.clone(),
                connected_at: now,
                zoom_user_id: me.id,
                zoom_email: me.email,
                zoom_account_id: me.account_id,
                site_url: here,
            },
        }));
    }
    let me = ask(&UserRef::Me)?;
    Ok(NewConnection::User(Account {
        user_id: person.id.clone(),
        zoom_id: me.id,
        zoom_email: me.email,
        connected_at: now,
        site: here,
        tokens: tokens.clone(),
    }))
}

/// The Zoom user who authorized an account-level app. Zoom may refuse to tell such an app. Then this tests the connection
/// with a lookup by the system admin's email address, and the authorizing user stays unknown. Zoom need not know that
/// address.
fn authorizing_user(
    address: &str,
    ask: impl Fn(&UserRef) -> Result<User, zoom::Error>,
) -> Result<User, zoom::Error> {
    use zoom::Error::{Forbidden, Invalid, MissingScope, NotFound, OtherAccount};
    use zoom::Error::{Refused, Unexpected, UnknownAddress};
    match ask(&UserRef::Me) {
        Err(NotFound | Forbidden | MissingScope | OtherAccount) => {}
        Err(Invalid(_) | Refused(_) | Unexpected(_)) => {}
        told => return told,
    }
    match ask(&UserRef::Address(address.to_owned())) {
        Ok(user) => Ok(User {
            account_id: user.account_id,
            ..User::default()
        }),
        Err(UnknownAddress(_)) => Ok(User::default()),
        Err(error) => Err(error),
    }
}

/// Continues with the action for which the user had to connect. Messages are shown in Mattermost, because the browser
/// window closes. The error contains the messages that could not be shown there.
fn finish(
    config: &Config,
    person: &Person,
    state: &State,
    connection: Connection,
    start_meeting: impl FnOnce(&Config, &Person, &State, Connection) -> Option<String>,
) -> Result<(), String> {
    let place = Place {
        channel_id: &state.channel_id,
        root_id: &state.root_id,
    };
    let mut sentences = Vec::new();
    if config.mode.is_account_wide() && trusts_unverified_addresses() {
        sentences.push(text::plain(person.locale, Message::AddressesUnproved));
    }
    if state.just_connect {
        sentences.insert(
            0,
            confirmation(config, person.locale, connection.zoom_email()),
        );
    } else {
        sentences.extend(start_meeting(config, person, state, connection));
    }
    if sentences.is_empty() {
        return Ok(());
    }
    let said = sentences.join("\n\n");
    if place.channel_id.is_empty() {
        return Err(said);
    }
    show_to_user(&person.id, place, &said).map_err(|_| said)
}

fn confirmation(config: &Config, locale: Locale, zoom_email: &str) -> String {
    let message = match (config.mode.is_account_wide(), zoom_email.is_empty()) {
        (false, _) => Message::Connected,
        (true, false) => Message::ConnectedForEverybody,
        (true, true) => Message::ConnectedForEverybodyUnnamed,
    };
    text::text(locale, message, &[("email", zoom_email)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zm048_d51_declining_is_different_from_a_missing_code() {
        assert_eq!(
            parse_query("error=access_denied&state=x"),
            ZoomAnswer::Declined
        );
        assert_eq!(
            parse_query("code=a%2Bb&state=x"),
            ZoomAnswer::Code("a+b".into())
        );
        assert_eq!(parse_query("code=a&error="), ZoomAnswer::Code("a".into()));
        assert_eq!(parse_query("state=x&code="), ZoomAnswer::Nothing);
        assert_eq!(parse_query(""), ZoomAnswer::Nothing);
    }

    #[test]
    fn zm048_an_account_level_app_may_not_know_who_authorized_it() {
        let user = |id: &str| User {
            id: id.into(),
            account_id: "account".into(),
            ..User::default()
        };
        let told = |me: Result<User, zoom::Error>, by_address: Result<User, zoom::Error>| {
            authorizing_user("a@example.com", |who| match who {
                UserRef::Me => me.clone(),
                UserRef::Address(_) | UserRef::Nobody => by_address.clone(),
            })
        };
        let scope = zoom::Error::MissingScope;
        assert_eq!(told(Ok(user("u")), Err(scope.clone())), Ok(user("u")));
        assert_eq!(told(Err(scope.clone()), Ok(user("v"))), Ok(user("")));
        let unknown = zoom::Error::UnknownAddress("a@example.com".into());
        let nobody = User::default();
        assert_eq!(told(Err(zoom::Error::NotFound), Err(unknown)), Ok(nobody));
        let missing = Err(scope.clone());
        assert_eq!(told(missing.clone(), missing.clone()), missing);
        let timeout = Err(zoom::Error::Timeout);
        assert_eq!(told(timeout.clone(), Ok(user("v"))), timeout);
    }

    proptest! {
        #[test]
        fn no_query_makes_the_reader_panic(query in ".*") {
            let _ = parse_query(&query);
        }
    }
}
