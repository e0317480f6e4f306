//! `GET /oauth2/complete`: the browser comes back from Zoom.
//!
//! The answer must belong to a link that this user opened. Its state is used up before the code is spent. Then the
//! connection is stored, and the meeting that the user wanted starts where they were. The start gets the connection as
//! it was stored, because a read of the database may not find it yet.
//!
//! Zoom may accept the code and then not say who authorized the app. In that case the new grant is revoked, and the
//! record of an older connection stays as it is.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error as HostError;
use crate::config::{Config, trusts_unverified_addresses};
use crate::connection::link::may_connect;
use crate::platform::channels::{Place, tell};
use crate::platform::http::query::parameter;
use crate::platform::http::response;
use crate::platform::people::Person;
use crate::platform::{clock, log};
use crate::store::accounts::{self, Account};
use crate::store::connection::Connection;
use crate::store::oauth_state::{self, State, Taken};
use crate::store::organization::{self, Organization, Origin};
use crate::text::{self, Locale, Message};
use crate::zoom;
use crate::zoom::client::{Client, Who};
use crate::zoom::hosts;
use crate::zoom::token::{self, Tokens};
use crate::zoom::types::User;

/// What Zoom sent along.
#[derive(Debug, PartialEq, Eq)]
pub enum Return {
    /// The user agreed.
    Code(String),
    /// The user declined, or Zoom refused.
    Declined,
    /// Neither.
    Nothing,
}

/// Reads the query.
pub fn read(query: &str) -> Return {
    match (parameter(query, "code"), parameter(query, "error")) {
        (_, Some(error)) if !error.is_empty() => Return::Declined,
        (Some(code), _) if !code.is_empty() => Return::Code(code.into_owned()),
        _ => Return::Nothing,
    }
}

/// Answers the request of a signed-in user.
pub fn get(
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
        response::page(status, person.locale, &text::plain(person.locale, message))
    };
    if !may_connect(config, &person) {
        return page(403, Message::OauthAdminsOnly);
    }
    let back = read(&request.query);
    let nonce = parameter(&request.query, "state").unwrap_or_default();
    let state = match oauth_state::take(user_id, &nonce) {
        Ok(Taken::State(state)) => state,
        Ok(Taken::Nothing) if back == Return::Declined => return page(200, Message::OauthDeclined),
        Ok(Taken::Nothing) => return page(400, Message::OauthExpired),
        Ok(Taken::Mismatch) => return page(401, Message::OauthMismatch),
        Err(error) => return host_failed(Some(&person), &error),
    };
    if state.for_everybody != config.account_level {
        return page(400, Message::OauthExpired);
    }
    let code = match back {
        Return::Code(code) => code,
        Return::Declined => return page(200, Message::OauthDeclined),
        Return::Nothing => return page(400, Message::OauthExpired),
    };
    let connected = match connect(config, &person, &code, &state.verifier) {
        Ok(connected) => connected,
        Err(error) => {
            log::warn(
                "A connection to Zoom could not be made.",
                &[("user", user_id), ("error", &error.to_string())],
            );
            return response::page(
                error.status(),
                person.locale,
                &error.sentence(&person.reader()),
            );
        }
    };
    let connection = match connected.save(config) {
        Ok(connection) => connection,
        Err(error) => return host_failed(Some(&person), &error),
    };
    let complete = text::plain(person.locale, Message::OauthComplete);
    match go_on(config, &person, &state, connection, start_meeting) {
        Ok(()) => response::closing_page(person.locale, &complete),
        Err(unsaid) => response::page(200, person.locale, &format!("{complete} {unsaid}")),
    }
}

fn host_failed(person: Option<&Person>, error: &HostError) -> Response {
    log::warn(
        "A connection could not be completed.",
        &[("error", &error.to_string())],
    );
    let locale = person.map(|person| person.locale).unwrap_or_default();
    response::page(500, locale, &text::plain(locale, Message::MattermostFailed))
}

/// A connection that is not stored yet.
enum Connected {
    User(Account),
    Organization(Organization),
}

impl Connected {
    fn save(&self, config: &Config) -> Result<Connection, HostError> {
        let key = &config.encryption_key;
        match self {
            Connected::User(account) => accounts::save(account, key).map(Connection::User),
            Connected::Organization(one) => {
                organization::save(one, key).map(Connection::Organization)
            }
        }
    }
}

/// Spends the code and learns from Zoom who agreed.
fn connect(
    config: &Config,
    person: &Person,
    code: &str,
    verifier: &str,
) -> Result<Connected, zoom::Error> {
    let now = clock::now_ms();
    let tokens = token::exchange(&config.app(), &config.redirect_uri(), now, code, verifier)?;
    connected(config, person, now, &tokens).inspect_err(|_| {
        if let Err(error) = token::revoke(&config.app(), &tokens.access) {
            log::debug(
                "A new grant that is of no use could not be revoked.",
                &[("error", &error.to_string())],
            );
        }
    })
}

/// Learns from Zoom who agreed.
fn connected(
    config: &Config,
    person: &Person,
    now: i64,
    tokens: &Tokens,
) -> Result<Connected, zoom::Error> {
    let here = config.site_url.clone();
    let api = hosts::api(&config.zoom_api_url, &tokens.api_url);
    let ask = |who: &Who| {
        let client = Client {
            api: &api,
            access_token: &tokens.access,
            who,
        };
        client.me()
    };
    if config.account_level {
        let me = administrator(&person.email, ask)?;
        return Ok(Connected::Organization(Organization {
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
    let me = ask(&Who::Me)?;
    Ok(Connected::User(Account {
        user_id: person.id.clone(),
        zoom_id: me.id,
        zoom_email: me.email,
        connected_at: now,
        site: here,
        tokens: tokens.clone(),
    }))
}

/// Who agreed for everybody. Zoom need not tell an account-level app; then it is tried as it will be used,
/// with an address, and nobody in particular agreed. Zoom need not know that address.
fn administrator(
    address: &str,
    ask: impl Fn(&Who) -> Result<User, zoom::Error>,
) -> Result<User, zoom::Error> {
    use zoom::Error::{Forbidden, Invalid, MissingScope, NotFound, OtherAccount};
    use zoom::Error::{Refused, Unexpected, UnknownAddress};
    match ask(&Who::Me) {
        Err(NotFound | Forbidden | MissingScope | OtherAccount) => {}
        Err(Invalid(_) | Refused(_) | Unexpected(_)) => {}
        told => return told,
    }
    match ask(&Who::Address(address.to_owned())) {
        Ok(user) => Ok(User {
            account_id: user.account_id,
            ..User::default()
        }),
        Err(UnknownAddress(_)) => Ok(User::default()),
        Err(error) => Err(error),
    }
}

/// What the user wanted before they had to connect. What goes wrong is said in Mattermost, because
/// the browser's window closes. Answers with what could not be said there.
fn go_on(
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
    if config.account_level && trusts_unverified_addresses() {
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
    tell(&person.id, place, &said).map_err(|_| said)
}

fn confirmation(config: &Config, locale: Locale, zoom_email: &str) -> String {
    let message = match (config.account_level, zoom_email.is_empty()) {
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
    fn zm048_d51_declining_is_no_missing_code() {
        assert_eq!(read("error=access_denied&state=x"), Return::Declined);
        assert_eq!(read("code=a%2Bb&state=x"), Return::Code("a+b".into()));
        assert_eq!(read("code=a&error="), Return::Code("a".into()));
        assert_eq!(read("state=x&code="), Return::Nothing);
        assert_eq!(read(""), Return::Nothing);
    }

    #[test]
    fn zm048_an_account_level_app_need_not_know_who_agreed() {
        let user = |id: &str| User {
            id: id.into(),
            account_id: "account".into(),
            ..User::default()
        };
        let told = |me: Result<User, zoom::Error>, by_address: Result<User, zoom::Error>| {
            administrator("a@example.com", |who| match who {
                Who::Me => me.clone(),
                Who::Address(_) => by_address.clone(),
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
            let _ = read(&query);
        }
    }
}
