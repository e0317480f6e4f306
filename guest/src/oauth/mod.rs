//! Connecting a Mattermost user with a Zoom account, and keeping the connection alive.
//!
//! The user follows a link of ours ([`connect`]), agrees at Zoom, and comes back ([`complete`]). From
//! then on a [`Session`] has an access token that works, or says that the user must connect again.

pub mod complete;
pub mod connect;
pub mod disconnect;
pub mod session;

pub use session::Session;

use crate::bindings::types::Error;
use crate::config::Config;
use crate::people::{Person, Place};
use crate::store::oauth_state::{self, State, token};
use crate::system;
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
pub fn invite(
    config: &Config,
    person: &Person,
    place: Place<'_>,
    then: Then<'_>,
) -> Result<String, Error> {
    let (topic, connection_id, force, just_connect) = match then {
        Then::Nothing => ("", "", false, true),
        Then::Start {
            topic,
            connection_id,
            force,
        } => (topic, connection_id, force, false),
    };
    let state = State {
        nonce: token(system::random()),
        verifier: token(system::random()),
        channel_id: place.channel_id.to_owned(),
        root_id: place.root_id.to_owned(),
        topic: topic.to_owned(),
        connection_id: connection_id.to_owned(),
        force,
        just_connect,
    };
    oauth_state::save(&person.id, &state)?;
    Ok(text::text(
        person.locale,
        Message::ConnectLink,
        &[("url", &config.route("/oauth2/connect"))],
    ))
}
