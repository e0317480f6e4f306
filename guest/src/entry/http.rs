//! Requests to `/plugins/zoom/…`: which handler answers which, and what comes before any of them.
//!
//! Paths are exact and methods are checked. While the settings are incomplete every route answers
//! 501. A route of a person answers 401 unless somebody is signed in; what Zoom sends has secrets of
//! its own. A route that changes something accepts only requests that the person meant, as the host has verified:
//! any member can post a button that leads here. `/oauth2/connect` and `/oauth2/complete` have links of their own, bound to the
//! person.

use crate::bindings::handlers::http_handler::{Origin, Request, Response};
use crate::config;
use crate::connection::{callback, link};
use crate::entry::webhook;
use crate::meetings::{answer, rest, start};
use crate::platform::http::{query, response};
use crate::platform::people::Person;
use crate::preferences::{channel_settings, personal_meeting_id};
use crate::text::{self, Locale, Message};
use serde_json::json;

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// A client wants a meeting.
    Meetings,
    /// A client wants to know which links lead to Zoom.
    Client,
    /// Somebody answered which kind of meeting ID to use.
    AskPmi,
    /// Somebody answered which kind of meeting ID to use from now on.
    UpdatePmi,
    /// The answer of the dialog for a channel's preference.
    ChannelPreference,
    /// Somebody goes to Zoom.
    Connect,
    /// Somebody comes back from Zoom.
    Complete,
    /// Zoom tells something.
    Webhook,
    /// Zoom tells that somebody removed the app.
    Deauthorization,
}

/// Why there is no handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoute {
    /// No such path.
    Unknown,
    /// The path is for this method.
    Method(&'static str),
}

/// Whom an error is shown to, which decides its form.
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
    /// The route of a path and a method.
    pub fn find(method: &str, path: &str) -> Result<Route, NoRoute> {
        let (route, allowed) = match path {
            "/api/v1/meetings" => (Route::Meetings, "POST"),
            "/api/v1/client" => (Route::Client, "GET"),
            "/api/v1/askPMI" => (Route::AskPmi, "POST"),
            "/api/v1/updatePMI" => (Route::UpdatePmi, "POST"),
            channel_settings::ROUTE => (Route::ChannelPreference, "POST"),
            "/oauth2/connect" => (Route::Connect, "GET"),
            "/oauth2/complete" => (Route::Complete, "GET"),
            "/webhook" => (Route::Webhook, "POST"),
            "/deauthorization" => (Route::Deauthorization, "POST"),
            _ => return Err(NoRoute::Unknown),
        };
        if method == allowed {
            Ok(route)
        } else {
            Err(NoRoute::Method(allowed))
        }
    }

    /// Where its requests must come from, if it matters.
    fn origin(self) -> Option<Origin> {
        match self {
            Route::Meetings => Some(Origin::Webapp),
            Route::AskPmi | Route::UpdatePmi => Some(Origin::GenuineClick),
            Route::ChannelPreference => Some(Origin::GenuineDialog),
            Route::Client
            | Route::Connect
            | Route::Complete
            | Route::Webhook
            | Route::Deauthorization => None,
        }
    }
}

/// Refuses a request from elsewhere than its route is for.
fn refuse_origin(wanted: Origin, user_id: &str) -> Response {
    if wanted == Origin::Webapp {
        let sentence = text::plain(Locale::En, Message::HttpRequestedWith);
        return response::error(403, &sentence);
    }
    // The server shows one of the two to whoever pressed the button.
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

/// An error in the form that its reader understands.
fn refuse(path: &str, status: u16, message: Message) -> Response {
    let sentence = text::plain(Locale::En, message);
    match reader(path) {
        Reader::Script => response::error(status, &sentence),
        Reader::Browser => response::page(status, Locale::En, &sentence),
        Reader::Server => response::text(status, &sentence),
    }
}

/// Answers a request.
pub fn handle(request: &Request) -> Response {
    let path = request.path.as_str();
    let Ok(config) = config::load() else {
        return refuse(path, 501, Message::HttpNotConfigured);
    };
    let route = match Route::find(&request.method, path) {
        Ok(route) => route,
        Err(NoRoute::Unknown) => return refuse(path, 404, Message::HttpNotFound),
        Err(NoRoute::Method(allowed)) => {
            let answer = refuse(path, 405, Message::HttpMethod);
            return response::with_header(answer, "Allow", allowed);
        }
    };
    match route {
        Route::Webhook => return webhook::handle(&config, request),
        Route::Deauthorization => return webhook::deauthorization(&config, request),
        _ => {}
    }
    let Some(user_id) = request.user_id.as_deref().filter(|id| !id.is_empty()) else {
        return match route {
            Route::Connect | Route::Complete => {
                let language = query::header(request, "accept-language").unwrap_or_default();
                link::without_session(&config, language)
            }
            _ => refuse(path, 401, Message::HttpUnauthorized),
        };
    };
    if let Some(wanted) = route.origin().filter(|wanted| *wanted != request.origin) {
        return refuse_origin(wanted, user_id);
    }
    match route {
        Route::Meetings => rest::post(&config, request, user_id),
        Route::Client => response::json(200, &json!({ "zoom_url": config.zoom_url })),
        Route::AskPmi => answer::answered(&config, request, user_id),
        Route::UpdatePmi => personal_meeting_id::answered(request, user_id),
        Route::ChannelPreference => channel_settings::answered(request, user_id),
        Route::Connect => link::get(&config, request, user_id),
        Route::Complete => callback::get(&config, request, user_id, start::after_connecting),
        Route::Webhook => webhook::handle(&config, request),
        Route::Deauthorization => webhook::deauthorization(&config, request),
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
    fn errors_have_the_form_that_their_reader_understands() {
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
