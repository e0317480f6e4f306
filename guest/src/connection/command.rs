//! `/zoom connect`, and `/zoom connect this-server` for a server that has moved to another address.

use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::disconnect::{self, Outcome};
use crate::connection::link::{Then, invite};
use crate::connection::session::{OpenError, Session};
use crate::platform::command::invocation::Context;
use crate::store::connection_site;
use crate::text::{self, Message};
use crate::zoom;

/// Says that this server goes on with the connections that were made at another address.
const THIS_SERVER: &str = "this-server";

/// Answers with the link, unless the user has a connection that works. Zoom is asked, because a grant may have been
/// revoked there; while Zoom cannot say, the connection counts as working.
pub fn connect(config: &Config, context: &Context<'_>) -> Result<Option<String>, Error> {
    if context.person.is_system_admin {
        let site = connection_site::remember(&config.site_url)?.site;
        if site != config.site_url {
            return paused(config, context, site);
        }
    }
    match Session::open(config, context.person) {
        Ok(mut session) => match session.call(|client| client.me()) {
            Err(zoom::Error::NotConnected | zoom::Error::OtherSite(_)) => {}
            _ => return Ok(Some(already(config, context, session.zoom_email()))),
        },
        Err(OpenError::Refused(_)) => return Ok(Some(already(config, context, ""))),
        Err(OpenError::NotConnected) => {}
        Err(OpenError::Host(error)) => return Err(error),
    }
    link(config, context).map(Some)
}

fn link(config: &Config, context: &Context<'_>) -> Result<String, Error> {
    invite(config, context.person, context.place, Then::Nothing)
}

/// What a system admin reads while the connections belong to another server: what to do about it, and the link for a
/// connection of one's own.
fn paused(config: &Config, context: &Context<'_>, site: String) -> Result<Option<String>, Error> {
    let reader = context.person.reader();
    if context.words == [THIS_SERVER] {
        connection_site::adopt(&config.site_url)?;
        let adopted = text::text(reader.locale, Message::SiteAdopted, &[("site", &site)]);
        return Ok(Some(adopted));
    }
    let sentence = zoom::Error::OtherSite(site).sentence(&reader);
    Ok(Some(format!("{sentence}\n\n{}", link(config, context)?)))
}

fn already(config: &Config, context: &Context<'_>, email: &str) -> String {
    let message = if config.account_level {
        Message::AlreadyConnectedForEverybody
    } else {
        Message::AlreadyConnected
    };
    text::text(context.person.locale, message, &[("email", email)])
}

/// Ends the user's connection, or an administrator the one for everybody, and says so.
pub fn disconnect(config: &Config, context: &Context<'_>) -> Result<Option<String>, Error> {
    let outcome = disconnect::disconnect(config, &context.person.id)?;
    let message = disconnected(outcome, config.account_level);
    Ok(Some(text::plain(context.person.locale, message)))
}

fn disconnected(outcome: Outcome, account_level: bool) -> Message {
    match (outcome, account_level) {
        (Outcome::Done, false) => Message::Disconnected,
        (Outcome::Done, true) => Message::DisconnectedForEverybody,
        (Outcome::NotRevoked, _) => Message::DisconnectedNotRevoked,
        (Outcome::Nothing, false) => Message::NotConnectedYet,
        (Outcome::Nothing, true) => Message::NotConnectedYetForEverybody,
    }
}
