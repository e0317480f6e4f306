//! Connecting Mattermost users with Zoom accounts, and keeping the connections alive.
//!
//! At the user level everybody connects their own account. At the account level one administrator
//! connects for everybody, and people are matched with Zoom's users by their addresses.
//!
//! The user follows a link of ours ([`connect`]), agrees at Zoom, and comes back ([`complete`]). From
//! then on a [`Session`] has an access token that works, or says that the user must connect again.

pub mod complete;
pub mod compliance;
pub mod connect;
pub mod deauthorize;
pub mod disconnect;
pub mod notice;
pub mod session;

pub use session::Session;

use crate::bindings::types::Error;
use crate::config::Config;
use crate::people::{Person, Place};
use crate::store::oauth_state::{self, State};
use crate::text::{self, Message};

/// What is to happen once the user has connected.
#[derive(Clone, Copy, Debug)]
pub enum Then<'a> {
    /// Nothing more.
    Nothing,
    /// The meeting that the user wanted starts.
    Start {
        /// Its topic, or empty.
        topic: &'a str,
        /// The client that waits for it, or empty.
        connection_id: &'a str,
        /// Whether it starts although there is a recent one.
        force: bool,
    },
}

/// Begins a connection and answers with the sentence that holds the link.
///
/// At an account-level app only a system administrator connects; everybody else is told whom to ask, and
/// nothing is begun in their name.
pub fn invite(
    config: &Config,
    person: &Person,
    place: Place<'_>,
    then: Then<'_>,
) -> Result<String, Error> {
    if !may_connect(config, person) {
        return Ok(text::plain(person.locale, Message::AskToConnect));
    }
    let (topic, connection_id, force, just_connect) = match then {
        Then::Nothing => ("", "", false, true),
        Then::Start {
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
        for_everybody: config.account_level,
        ..State::default()
    };
    let name = oauth_state::begin(&person.id, &state)?;
    let message = if config.account_level {
        Message::ConnectLinkForEverybody
    } else {
        Message::ConnectLink
    };
    let link = config.route("/oauth2/connect");
    let link = format!("{link}?{}={name}", connect::LINK);
    Ok(text::text(person.locale, message, &[("url", &link)]))
}

/// Who may connect and disconnect: everybody their own account, and only system administrators the one
/// for everybody.
pub fn may_connect(config: &Config, person: &Person) -> bool {
    !config.account_level || person.is_system_admin
}
