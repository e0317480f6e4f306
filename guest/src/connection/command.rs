//! `/zoom connect` and `/zoom disconnect`.
//!
//! `/zoom connect this-server` keeps the connections of a server whose Site URL has changed (see
//! [`crate::store::connection_site`]).

use crate::bindings::types::Error;
use crate::config::{Config, ConnectionMode};
use crate::connection::disconnect::{self, Outcome};
use crate::connection::link::{AfterConnecting, offer_link};
use crate::connection::mode_change;
use crate::connection::session::{OpenError, Session};
use crate::platform::command::invocation::CommandContext;
use crate::platform::log;
use crate::store::connection_site;
use crate::text::{self, Message};
use crate::zoom;

/// The argument with which a system admin moves the connections to this server's Site URL.
const THIS_SERVER: &str = "this-server";
/// The word after `/zoom disconnect` that shows the connections of earlier connection modes.
const UNUSED: &str = "unused";

/// Answers with the link, unless the user has a working connection. Asks Zoom, because the grant may have been revoked
/// there. If Zoom does not answer, the connection counts as working.
pub fn connect(config: &Config, context: &CommandContext<'_>) -> Result<Option<String>, Error> {
    if config.mode.is_server_to_server() {
        return server_to_server(config, context).map(Some);
    }
    if context.person.is_system_admin {
        let site = connection_site::record_site(&config.site_url)?.site;
        if site != config.site_url {
            return connections_paused(config, context, site);
        }
    }
    match Session::open_for_start(config, context.person) {
        Ok(mut session) => match session.me() {
            Err(zoom::Error::NotConnected | zoom::Error::OtherSite(_)) => {}
            _ => {
                return Ok(Some(already_connected(
                    config,
                    context,
                    session.zoom_email(),
                )));
            }
        },
        Err(OpenError::Refused(_)) => return Ok(Some(already_connected(config, context, ""))),
        Err(OpenError::NotConnected) => {}
        Err(OpenError::Host(error)) => return Err(error),
    }
    link(config, context).map(Some)
}

/// The answer in server-to-server mode. A system admin learns whether Zoom accepts the app's credentials.
fn server_to_server(config: &Config, context: &CommandContext<'_>) -> Result<String, Error> {
    let person = context.person;
    if person.is_system_admin {
        let mut session = match Session::organization(config) {
            Ok(session) => session,
            Err(OpenError::Host(error)) => return Err(error),
            Err(OpenError::Refused(error)) => return Ok(error.sentence(&person.reader())),
            Err(OpenError::NotConnected) => {
                return Ok(text::plain(person.locale, Message::MattermostFailed));
            }
        };
        if let Err(error) = session.check() {
            return Ok(error.sentence(&person.reader()));
        }
    }
    Ok(text::plain(person.locale, Message::NothingToConnect))
}

fn link(config: &Config, context: &CommandContext<'_>) -> Result<String, Error> {
    offer_link(
        config,
        context.person,
        context.place,
        AfterConnecting::Nothing,
    )
}

/// The answer to a system admin while the connections belong to another server: what to do about it, and the link for a
/// new connection.
fn connections_paused(
    config: &Config,
    context: &CommandContext<'_>,
    site: String,
) -> Result<Option<String>, Error> {
    let reader = context.person.reader();
    if context.words == [THIS_SERVER] {
        connection_site::move_connections_here(&config.site_url)?;
        let adopted = text::text(reader.locale, Message::SiteAdopted, &[("site", &site)]);
        return Ok(Some(adopted));
    }
    let sentence = zoom::Error::OtherSite(site).sentence(&reader);
    Ok(Some(format!("{sentence}\n\n{}", link(config, context)?)))
}

fn already_connected(config: &Config, context: &CommandContext<'_>, email: &str) -> String {
    let message = if config.mode.is_account_wide() {
        Message::AlreadyConnectedForEverybody
    } else {
        Message::AlreadyConnected
    };
    text::text(context.person.locale, message, &[("email", email)])
}

/// Ends the user's connection. At the account level, a system admin ends the connection for everyone.
///
/// With the word `unused`, a system admin sees the connections of earlier connection modes, and no connection ends.
pub fn disconnect(config: &Config, context: &CommandContext<'_>) -> Result<Option<String>, Error> {
    if context.words == [UNUSED] && context.person.is_system_admin {
        let offered = mode_change::offer(config, context.person, context.place)?;
        let nothing = || text::plain(context.person.locale, Message::UnusedNone);
        return Ok((!offered).then(nothing));
    }
    let outcome = disconnect::disconnect(config, &context.person.id)?;
    if let Err(error) = mode_change::offer(config, context.person, context.place) {
        log::warn(
            "The connections of earlier connection modes could not be listed.",
            &[("error", &error.to_string())],
        );
    }
    let message = disconnected(outcome, config.mode);
    Ok(Some(text::plain(context.person.locale, message)))
}

/// The sentence about the end of a connection.
pub fn disconnected(outcome: Outcome, mode: ConnectionMode) -> Message {
    use ConnectionMode::{AdminManaged, ServerToServer, UserManaged};
    match (outcome, mode) {
        (_, ServerToServer) => Message::NothingToDisconnect,
        (Outcome::Done, UserManaged) => Message::Disconnected,
        (Outcome::Done, AdminManaged) => Message::DisconnectedForEverybody,
        (Outcome::NotRevoked, _) => Message::DisconnectedNotRevoked,
        (Outcome::Nothing, UserManaged) => Message::NotConnectedYet,
        (Outcome::Nothing, AdminManaged) => Message::NotConnectedYetForEverybody,
    }
}
