//! The plugin's part of the user settings in Mattermost: the connection, and the kind of meeting ID.
//!
//! `GET /api/v1/settings` answers with the settings. The other routes change one setting, as the commands do, and answer
//! with the new settings. None of them asks Zoom: the dialog opens at once, and a grant that was revoked at Zoom is found
//! at the next start.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::command::disconnected;
use crate::connection::disconnect;
use crate::connection::link::{AfterConnecting, begin, refusal};
use crate::connection::session::{OpenError, Session};
use crate::platform::channels::Place;
use crate::platform::http::response;
use crate::platform::log;
use crate::platform::people::Person;
use crate::store::user_preference::{self, Preference};
use crate::text::{self, Locale, Message};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The path of the settings.
pub const ROUTE: &str = "/api/v1/settings";
/// The path that begins an authorization.
pub const CONNECT: &str = "/api/v1/settings/connect";
/// The path that ends the connection.
pub const DISCONNECT: &str = "/api/v1/settings/disconnect";
/// The path that changes the kind of meeting ID.
pub const MEETING_ID: &str = "/api/v1/settings/meeting_id";

/// A request about the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read the settings.
    Read,
    /// Begin an authorization.
    Connect,
    /// End the connection.
    Disconnect,
    /// Change the kind of meeting ID.
    ChangeMeetingId,
}

/// The kind of meeting ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum MeetingId {
    Personal,
    Unique,
    Ask,
}

impl MeetingId {
    fn of(preference: Preference) -> MeetingId {
        match preference {
            Preference::Personal => MeetingId::Personal,
            Preference::Unique => MeetingId::Unique,
            Preference::Ask | Preference::Unset => MeetingId::Ask,
        }
    }

    fn preference(self) -> Preference {
        match self {
            MeetingId::Personal => Preference::Personal,
            MeetingId::Unique => Preference::Unique,
            MeetingId::Ask => Preference::Ask,
        }
    }
}

#[derive(Debug, Serialize)]
struct Settings {
    /// Whether one connection serves everyone on this server.
    for_everybody: bool,
    /// Whether the user may connect and disconnect.
    may_connect: bool,
    connected: bool,
    /// The email address of the connected Zoom user. Empty if it is unknown, or if the user may not connect.
    zoom_email: String,
    /// The reason why the user cannot use the connection, or empty.
    problem: String,
    meeting_id: MeetingId,
    /// The result of the request, or empty.
    message: String,
}

#[derive(Debug, Deserialize)]
struct Change {
    meeting_id: MeetingId,
}

/// Handles a request of a signed-in user.
pub fn handle(config: &Config, request: &Request, user_id: &str, action: Action) -> Response {
    let (locale, result) = match Person::load(user_id) {
        Ok(person) => (person.locale, perform(config, request, &person, action)),
        Err(error) => (Locale::En, Err(error)),
    };
    result.unwrap_or_else(|error| {
        log::warn(
            "The settings of a user could not be read or changed.",
            &[("user", user_id), ("error", &error.to_string())],
        );
        response::error(500, &text::plain(locale, Message::MattermostFailed))
    })
}

fn perform(
    config: &Config,
    request: &Request,
    person: &Person,
    action: Action,
) -> Result<Response, Error> {
    let changes_connection = matches!(action, Action::Connect | Action::Disconnect);
    if let Some((status, message)) = refusal(config, person).filter(|_| changes_connection) {
        let sentence = text::plain(person.locale, message);
        return Ok(response::error(status, &sentence));
    }
    let message = match action {
        Action::Read => String::new(),
        Action::Connect => {
            let nowhere = Place {
                channel_id: "",
                root_id: "",
            };
            let url = begin(config, person, nowhere, AfterConnecting::Nothing)?;
            return Ok(response::json(200, &json!({ "url": url })));
        }
        Action::Disconnect => {
            let outcome = disconnect::disconnect(config, &person.id)?;
            text::plain(person.locale, disconnected(outcome, config.mode))
        }
        Action::ChangeMeetingId => {
            let Ok(change) = serde_json::from_slice::<Change>(&request.body) else {
                let sentence = text::plain(person.locale, Message::HttpBadRequest);
                return Ok(response::error(400, &sentence));
            };
            user_preference::save(&person.id, change.meeting_id.preference())?;
            let settings = settings(config, person, change.meeting_id, String::new())?;
            return Ok(response::json(200, &settings));
        }
    };
    let meeting_id = MeetingId::of(user_preference::load(&person.id)?);
    let mut settings = settings(config, person, meeting_id, message)?;
    if action == Action::Disconnect {
        // A database replica may still have the connection.
        settings.connected = false;
        settings.zoom_email.clear();
        settings.problem.clear();
    }
    Ok(response::json(200, &settings))
}

fn settings(
    config: &Config,
    person: &Person,
    meeting_id: MeetingId,
    message: String,
) -> Result<Settings, Error> {
    let may_connect = refusal(config, person).is_none();
    let (connected, zoom_email, problem) = match Session::open_for_start(config, person) {
        Ok(session) => (true, session.zoom_email().to_owned(), String::new()),
        Err(OpenError::NotConnected) => (false, String::new(), String::new()),
        Err(OpenError::Refused(error)) => (true, String::new(), error.sentence(&person.reader())),
        Err(OpenError::Host(error)) => return Err(error),
    };
    Ok(Settings {
        for_everybody: config.mode.is_account_wide(),
        may_connect,
        connected,
        zoom_email: if may_connect {
            zoom_email
        } else {
            String::new()
        },
        problem,
        meeting_id,
        message,
    })
}
