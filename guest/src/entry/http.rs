//! Routes requests to `/plugins/zoom/…` to their handlers.
//!
//! Paths are exact, and each path has one method. While the settings are incomplete, a route answers 501 unless it works
//! with the settings that are there: webhooks need only their two secrets. Routes for people answer 401 without a session;
//! requests from Zoom prove themselves with their own secrets.
//!
//! Any member can post a button that leads to one of these routes. A route that changes something therefore accepts only
//! requests whose origin the host has verified. `/oauth2/connect` and `/oauth2/complete` are protected by single-use links
//! that are bound to the user.

use crate::bindings::handlers::http_handler::{Origin, Request, Response};
use crate::config::{self, Config, Partial};
use crate::connection::{callback, link, mode_change};
use crate::entry::webhook;
use crate::meetings::{answer, rest, start};
use crate::platform::http::page::Page;
use crate::platform::http::{query, response};
use crate::platform::people::Person;
use crate::platform::site;
use crate::preferences::user_settings::{self, Action};
use crate::preferences::{channel_settings, personal_meeting_id};
use crate::setup::{console, wizard};
use crate::store::connection::Connection;
use crate::store::oauth_state::State;
use crate::text::{self, Locale, Message};
use serde_json::json;

/// The routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A client starts a meeting.
    Meetings,
    /// A client asks which links lead to Zoom.
    Client,
    /// A user chose the kind of meeting ID for one meeting.
    AskPmi,
    /// A user chose the kind of meeting ID for all meetings.
    UpdatePmi,
    /// A system admin submitted the dialog for a channel's rule.
    ChannelPreference,
    /// A user reads or changes the plugin's part of the user settings.
    Settings(Action),
    /// A system admin deletes the connections of an earlier connection mode.
    UnusedConnections,
    /// A user opens the link to connect a Zoom account.
    Connect,
    /// Zoom sends the user back.
    Complete,
    /// A system admin pressed a button of the guided setup.
    Setup,
    /// Zoom sends an event.
    Webhook,
    /// Zoom reports that a user removed the app.
    Deauthorization,
    /// The System Console's section. These routes need no settings.
    Admin(console::Action),
}

/// Why no route matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// The path is unknown.
    Unknown,
    /// The path accepts only this method.
    Method(&'static str),
}

/// The client that receives an error. It determines the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A script: JSON.
    Script,
    /// A browser window: a page.
    Browser,
    /// Another server: text.
    Server,
}

impl Route {
    /// The route for a path and a method.
    pub fn find(method: &str, path: &str) -> Result<Route, NoRoute> {
        let (route, allowed) = match path {
            "/api/v1/meetings" => (Route::Meetings, "POST"),
            "/api/v1/client" => (Route::Client, "GET"),
            "/api/v1/askPMI" => (Route::AskPmi, "POST"),
            "/api/v1/updatePMI" => (Route::UpdatePmi, "POST"),
            channel_settings::ROUTE => (Route::ChannelPreference, "POST"),
            user_settings::ROUTE => (Route::Settings(Action::Read), "GET"),
            user_settings::CONNECT => (Route::Settings(Action::Connect), "POST"),
            user_settings::DISCONNECT => (Route::Settings(Action::Disconnect), "POST"),
            user_settings::MEETING_ID => (Route::Settings(Action::ChangeMeetingId), "POST"),
            mode_change::ROUTE => (Route::UnusedConnections, "POST"),
            "/oauth2/connect" => (Route::Connect, "GET"),
            "/oauth2/complete" => (Route::Complete, "GET"),
            wizard::message::ROUTE => (Route::Setup, "POST"),
            "/webhook" => (Route::Webhook, "POST"),
            "/deauthorization" => (Route::Deauthorization, "POST"),
            _ => {
                let name = path.strip_prefix(console::PREFIX);
                let action = name.and_then(console::Action::find);
                (Route::Admin(action.ok_or(NoRoute::Unknown)?), "POST")
            }
        };
        if method == allowed {
            Ok(route)
        } else {
            Err(NoRoute::Method(allowed))
        }
    }

    /// The origin that requests must have, if the route changes something.
    fn origin(self) -> Option<Origin> {
        match self {
            Route::Settings(Action::Read) => None,
            Route::Meetings | Route::Settings(_) | Route::Admin(_) => Some(Origin::Webapp),
            Route::AskPmi | Route::UpdatePmi | Route::Setup | Route::UnusedConnections => {
                Some(Origin::GenuineClick)
            }
            Route::ChannelPreference => Some(Origin::GenuineDialog),
            Route::Client
            | Route::Connect
            | Route::Complete
            | Route::Webhook
            | Route::Deauthorization => None,
        }
    }
}

/// The user of the session.
fn signed_in(request: &Request) -> Option<&str> {
    request.user_id.as_deref().filter(|id| !id.is_empty())
}

/// The origin that the request should have, but does not have.
fn wrong_origin(route: Route, request: &Request) -> Option<Origin> {
    route.origin().filter(|wanted| *wanted != request.origin)
}

/// Refuses a request with another origin.
fn refuse_origin(wanted: Origin, user_id: &str) -> Response {
    if wanted == Origin::Webapp {
        let sentence = text::plain(Locale::En, Message::HttpRequestedWith);
        return response::error(403, &sentence);
    }
    // The server shows one of the two to the user who pressed the button.
    let sentence = text::plain(Person::locale_of(user_id), Message::HttpExpired);
    response::json(
        403,
        &json!({ "error": sentence, "ephemeral_text": sentence }),
    )
}

fn reader(path: &str) -> Reader {
    if path.starts_with("/api/") {
        Reader::Script
    } else if path.starts_with("/oauth2/") {
        Reader::Browser
    } else {
        Reader::Server
    }
}

/// An error in the format that the client expects.
fn refuse(path: &str, status: u16, message: Message) -> Response {
    refuse_with(path, status, &text::plain(Locale::En, message))
}

fn refuse_with(path: &str, status: u16, sentence: &str) -> Response {
    match reader(path) {
        Reader::Script => response::error(status, sentence),
        Reader::Browser => Page {
            status,
            locale: Locale::En,
            heading: Message::PageTitle,
            text: sentence,
        }
        .response(),
        Reader::Server => response::text(status, sentence),
    }
}

/// The answer while the settings are incomplete.
fn refuse_unconfigured(path: &str) -> Response {
    let url = site::guide_url("zoom-app.html");
    let sentence = text::text(Locale::En, Message::HttpNotConfigured, &[("url", &url)]);
    refuse_with(path, 501, &sentence)
}

/// Handles a request.
pub fn handle(request: &Request) -> Response {
    let path = request.path.as_str();
    let settings = config::load_partial();
    let found = Route::find(&request.method, path);
    match found {
        Ok(Route::Webhook) => return webhook::handle(settings, request),
        Ok(Route::Deauthorization) => return webhook::deauthorization(settings, request),
        Ok(Route::Setup) => return handle_setup(settings, request),
        Ok(route @ Route::Admin(action)) => {
            return match without_settings(route, request) {
                Ok(user_id) => console::handle(action, request, user_id),
                Err(refusal) => refusal,
            };
        }
        _ => {}
    }
    let Ok(config) = settings.complete() else {
        return refuse_unconfigured(path);
    };
    let route = match found {
        Ok(route) => route,
        Err(NoRoute::Unknown) => return refuse(path, 404, Message::HttpNotFound),
        Err(NoRoute::Method(allowed)) => {
            let answer = refuse(path, 405, Message::HttpMethod);
            return response::with_header(answer, "Allow", allowed);
        }
    };
    let Some(user_id) = signed_in(request) else {
        return match route {
            Route::Connect | Route::Complete => {
                let language = query::header(request, "accept-language").unwrap_or_default();
                link::sign_in_page(&config, language)
            }
            _ => refuse(path, 401, Message::HttpUnauthorized),
        };
    };
    if let Some(wanted) = wrong_origin(route, request) {
        return refuse_origin(wanted, user_id);
    }
    match route {
        Route::Meetings => rest::handle(&config, request, user_id),
        Route::Client => response::json(200, &json!({ "zoom_url": config.zoom_url })),
        Route::AskPmi => answer::handle_answer(&config, request, user_id),
        Route::UpdatePmi => personal_meeting_id::handle_answer(request, user_id),
        Route::ChannelPreference => channel_settings::handle_answer(request, user_id),
        Route::Settings(action) => user_settings::handle(&config, request, user_id, action),
        Route::UnusedConnections => mode_change::handle_click(&config, request, user_id),
        Route::Connect => link::redirect_to_zoom(&config, request, user_id),
        Route::Complete => callback::handle(&config, request, user_id, after_connecting),
        // Handled above.
        Route::Webhook | Route::Deauthorization | Route::Setup | Route::Admin(_) => {
            refuse(path, 404, Message::HttpNotFound)
        }
    }
}

/// Handles a click in the guided setup, which needs no settings.
fn handle_setup(settings: Partial, request: &Request) -> Response {
    match without_settings(Route::Setup, request) {
        Ok(user_id) => wizard::click::handle(settings, request, user_id),
        Err(refusal) => refusal,
    }
}

/// The user of a request that needs no settings, or the answer to a request without a session or with the wrong origin.
fn without_settings(route: Route, request: &Request) -> Result<&str, Response> {
    let refused = || refuse(&request.path, 401, Message::HttpUnauthorized);
    let user_id = signed_in(request).ok_or_else(refused)?;
    match wrong_origin(route, request) {
        Some(wanted) => Err(refuse_origin(wanted, user_id)),
        None => Ok(user_id),
    }
}

/// Continues with the action for which the user had to connect: a meeting, or the guided setup.
fn after_connecting(
    config: &Config,
    person: &Person,
    state: &State,
    connection: Connection,
) -> Option<String> {
    match state.setup {
        true => wizard::access::after_connecting(config, person),
        false => start::after_connecting(config, person, state, connection),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm031_zm036_paths_are_exact() {
        assert_eq!(Route::find("POST", "/webhook"), Ok(Route::Webhook));
        for path in [
            "",
            "/",
            "/webhook/",
            "/Webhook",
            "//webhook",
            "/api/v1/askpmi",
            "/api/v1/admin/",
            "/api/v1/admin/Status",
            "/oauth2",
        ] {
            assert_eq!(Route::find("POST", path), Err(NoRoute::Unknown), "{path}");
        }
    }

    #[test]
    fn d23_methods_are_checked() {
        for path in [
            "/api/v1/meetings",
            "/api/v1/askPMI",
            "/api/v1/updatePMI",
            "/webhook",
            "/deauthorization",
            "/api/v1/admin/status",
            "/api/v1/admin/disconnect",
        ] {
            assert_eq!(
                Route::find("GET", path),
                Err(NoRoute::Method("POST")),
                "{path}"
            );
            assert!(Route::find("POST", path).is_ok());
        }
        for path in ["/oauth2/connect", "/oauth2/complete"] {
            assert_eq!(
                Route::find("POST", path),
                Err(NoRoute::Method("GET")),
                "{path}"
            );
            assert!(Route::find("GET", path).is_ok());
        }
    }

    #[test]
    fn errors_have_the_format_that_the_client_expects() {
        let api = refuse("/api/v1/none", 404, Message::HttpNotFound);
        let json: serde_json::Value = serde_json::from_slice(&api.body).unwrap();
        assert!(json["error"].as_str().is_some_and(|text| !text.is_empty()));
        let page = refuse("/oauth2/none", 404, Message::HttpNotFound);
        assert!(page.body.starts_with(b"<!doctype html>"));
        let text = refuse("/none", 404, Message::HttpNotFound);
        assert_eq!(text.status, 404);
        assert!(
            response::header(&text, "Content-Type")
                .unwrap()
                .starts_with("text/plain")
        );
    }
}
