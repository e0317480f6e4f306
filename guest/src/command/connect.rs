//! `/zoom connect`, and `/zoom connect this-server` for a server that has moved to another address.

use super::Context;
use crate::bindings::types::Error;
use crate::oauth::session::{OpenError, Session};
use crate::oauth::{Then, invite};
use crate::store::site;
use crate::text::{self, Message};
use crate::zoom;

/// Says that this server goes on with the connections that were made at another address.
const THIS_SERVER: &str = "this-server";

/// Answers with the link, unless the user has a connection that works. Zoom is asked, because a grant may have been
/// revoked there; while Zoom cannot say, the connection counts as working.
pub fn run(context: &Context<'_>) -> Result<Option<String>, Error> {
    if context.person.is_system_admin {
        let site = site::remember(&context.config.site_url)?.site;
        if site != context.config.site_url {
            return paused(context, site);
        }
    }
    match Session::open(context.config, context.person) {
        Ok(mut session) => match session.call(|client| client.me()) {
            Err(zoom::Error::NotConnected | zoom::Error::OtherSite(_)) => {}
            _ => return Ok(Some(already(context, session.zoom_email()))),
        },
        Err(OpenError::Refused(_)) => return Ok(Some(already(context, ""))),
        Err(OpenError::NotConnected) => {}
        Err(OpenError::Host(error)) => return Err(error),
    }
    link(context).map(Some)
}

fn link(context: &Context<'_>) -> Result<String, Error> {
    invite(context.config, context.person, context.place, Then::Nothing)
}

/// What a system admin reads while the connections belong to another server: what to do about it, and the link for a
/// connection of one's own.
fn paused(context: &Context<'_>, site: String) -> Result<Option<String>, Error> {
    let reader = context.person.reader();
    if context.words == [THIS_SERVER] {
        site::adopt(&context.config.site_url)?;
        let adopted = text::text(reader.locale, Message::SiteAdopted, &[("site", &site)]);
        return Ok(Some(adopted));
    }
    let sentence = zoom::Error::OtherSite(site).sentence(&reader);
    Ok(Some(format!("{sentence}\n\n{}", link(context)?)))
}

fn already(context: &Context<'_>, email: &str) -> String {
    let message = if context.config.account_level {
        Message::AlreadyConnectedForEverybody
    } else {
        Message::AlreadyConnected
    };
    text::text(context.person.locale, message, &[("email", email)])
}
