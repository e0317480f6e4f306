//! `POST /api/v1/admin/…`: the section *Setup and status* of the System Console.
//!
//! Only the plugin's webapp can send these requests (see [`crate::entry::http`]), and only for users who manage the system at
//! that moment. They work with incomplete settings. No answer contains a secret, except the URLs that [`Action::Reveal`]
//! returns. Revealing them and ending a user's connection leave records in the server's audit log.

use crate::bindings::audit::{self, Outcome as Audited};
use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::config::{self, ConnectionMode, Partial};
use crate::connection::disconnect::{self, Outcome};
use crate::connection::notice::{self, Notice};
use crate::platform::http::response;
use crate::platform::ids::is_id;
use crate::platform::people::Person;
use crate::platform::{clock, log, site};
use crate::setup::check::{Check, Context};
use crate::setup::checks;
use crate::setup::scopes::{self, Feature};
use crate::setup::{addresses, connected_users};
use crate::store::organization;
use crate::text::{self, Locale, Message};
use serde::Deserialize;
use serde_json::{Value, json};

/// The prefix of the routes.
pub const PREFIX: &str = "/api/v1/admin/";
/// The permission that the user needs.
const PERMISSION: &str = "manage_system";

/// One of the routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The values for the Zoom app, and the checks that make no request to Zoom.
    Status,
    /// The webhook and deauthorization URLs with their secret.
    Reveal,
    /// All checks.
    Test,
    /// Connected users.
    Users,
    /// Ends a user's connection.
    Disconnect,
}

impl Action {
    /// The route for the path below [`PREFIX`].
    pub fn find(name: &str) -> Option<Action> {
        Some(match name {
            "status" => Action::Status,
            "reveal" => Action::Reveal,
            "test" => Action::Test,
            "users" => Action::Users,
            "disconnect" => Action::Disconnect,
            _ => return None,
        })
    }
}

/// Handles a request of a signed-in user. The caller has verified that the plugin's webapp sent it.
pub fn handle(action: Action, request: &Request, user_id: &str) -> Response {
    let answered = authorize(user_id).and_then(|allowed| match allowed {
        Some(person) => answer(action, request, &person),
        None => Ok(refuse(Locale::En, 403, Message::HttpForbidden)),
    });
    answered.unwrap_or_else(|error| {
        log::warn(
            "A request of the System Console failed.",
            &[("error", &error.to_string())],
        );
        refuse(Locale::En, 500, Message::MattermostFailed)
    })
}

/// The user, if they manage the system at this moment.
fn authorize(user_id: &str) -> Result<Option<Person>, Error> {
    if users::has_permission(user_id, PERMISSION)? {
        Person::load(user_id).map(Some)
    } else {
        log::warn(
            "A request of the System Console was refused: the user does not manage the system.",
            &[("user", user_id)],
        );
        Ok(None)
    }
}

fn refuse(locale: Locale, status: u16, message: Message) -> Response {
    response::error(status, &text::plain(locale, message))
}

fn refuse_unconfigured(locale: Locale, status: u16) -> Response {
    let url = site::guide_url("zoom-app.html");
    let sentence = text::text(locale, Message::HttpNotConfigured, &[("url", &url)]);
    response::error(status, &sentence)
}

fn answer(action: Action, request: &Request, person: &Person) -> Result<Response, Error> {
    let answer = match action {
        Action::Status => status(person)?,
        Action::Reveal => return Ok(reveal(person)),
        Action::Test => json!({ "checks": run(person, checks::run) }),
        Action::Users => {
            let Ok(query) = serde_json::from_slice(&request.body) else {
                return Ok(refuse(person.locale, 400, Message::HttpBadRequest));
            };
            connected_users::answer(&query)?
        }
        Action::Disconnect => return end_connection(request, person),
    };
    Ok(response::json(200, &answer))
}

/// The values for the Zoom app and the state of the setup.
fn status(person: &Person) -> Result<Value, Error> {
    let partial = config::load_partial();
    let mode = partial.mode.unwrap_or_default();
    let site = partial.site_url.ok();
    let scopes = scopes::needed(mode, &[Feature::Recordings]);
    let scopes = scopes
        .iter()
        .map(|scope| json!({ "name": scope.name, "optional": scope.optional }));
    Ok(json!({
        "mode": mode.value(),
        "urls": site.as_deref().map(urls).unwrap_or_default(),
        "has_secret": partial.webhook_secret.is_ok(),
        "scopes": scopes.collect::<Vec<_>>(),
        "checks": run(person, checks::run_local),
        "connection": match mode {
            ConnectionMode::AdminManaged => connection_for_everyone()?,
            ConnectionMode::UserManaged | ConnectionMode::ServerToServer => Value::Null,
        },
    }))
}

/// The URLs for the Zoom app, without their secret.
fn urls(site: &str) -> Value {
    json!({
        "redirect": addresses::redirect(site),
        "webhook": config::route_url(site, "/webhook"),
        "deauthorization": config::route_url(site, "/deauthorization"),
    })
}

/// Who made the connection for everyone, and when; null if there is none.
fn connection_for_everyone() -> Result<Value, Error> {
    let origin = organization::load_origin()?;
    Ok(origin.map_or(Value::Null, |origin| {
        let by = users::get(&origin.connected_by).map(|user| user.username);
        json!({ "by": by.unwrap_or_default(), "at": origin.connected_at })
    }))
}

/// The URLs with their secret.
fn reveal(person: &Person) -> Response {
    let Partial {
        site_url,
        webhook_secret,
        ..
    } = config::load_partial();
    let (Ok(site), Ok(secret)) = (site_url, webhook_secret) else {
        return refuse_unconfigured(person.locale, 409);
    };
    audit::write("reveal_webhook_url", Audited::Success, &[]);
    response::json(
        200,
        &json!({
            "webhook": addresses::webhook(&site, &secret),
            "deauthorization": addresses::deauthorization(&site, &secret),
        }),
    )
}

/// Runs checks for this person.
fn run(person: &Person, run: impl Fn(&Context<'_>) -> Vec<Check>) -> Vec<Value> {
    let loaded = config::load();
    let context = Context {
        config: match &loaded {
            Ok(config) => Ok(config),
            Err(problems) => Err(problems.as_slice()),
        },
        reader: person.reader(),
        person: Some(person),
    };
    let checks = run(&context);
    checks.iter().map(|check| shown(check, person)).collect()
}

fn shown(check: &Check, person: &Person) -> Value {
    json!({
        "id": check.subject.name(),
        "label": check.subject.label(&person.reader()),
        "outcome": check.outcome.name(),
        "sentence": check.sentence,
        "guide": check.section.map(|section| section.0),
    })
}

#[derive(Deserialize)]
struct Ended {
    user_id: String,
}

fn end_connection(request: &Request, person: &Person) -> Result<Response, Error> {
    let ended = serde_json::from_slice::<Ended>(&request.body);
    let Some(user_id) = ended.ok().map(|ended| ended.user_id).filter(|id| is_id(id)) else {
        return Ok(refuse(person.locale, 400, Message::HttpBadRequest));
    };
    let Ok(config) = config::load() else {
        return Ok(refuse_unconfigured(person.locale, 501));
    };
    let outcome = disconnect::disconnect_user(&config, &user_id);
    let audited = match outcome {
        Ok(_) => Audited::Success,
        Err(_) => Audited::Fail,
    };
    let target = ("target_user".to_owned(), user_id.clone());
    audit::write("disconnect_user", audited, &[target]);
    let name = match outcome? {
        Outcome::Nothing => "not_connected",
        Outcome::Done => "disconnected",
        Outcome::NotRevoked => "not_revoked",
    };
    if name != "not_connected" {
        tell(&user_id);
    }
    Ok(response::json(200, &json!({ "outcome": name })))
}

/// Tells the user that their connection has ended. The connection is over, so a failure is only logged.
fn tell(user_id: &str) {
    let mark = format!("console/{}", clock::now_ms());
    if let Err(error) = notice::enqueue(&mark, user_id, Notice::DisconnectedByAdmin) {
        log::warn(
            "A user could not be told that a system admin ended their Zoom connection.",
            &[("user", user_id), ("error", &error.to_string())],
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_routes_are_exact() {
        assert_eq!(Action::find("status"), Some(Action::Status));
        for name in ["", "Status", "status/", "users/1", "admin"] {
            assert_eq!(Action::find(name), None, "{name}");
        }
    }

    #[test]
    fn urls_have_no_secret() {
        let urls = urls("https://chat.example.com").to_string();
        assert!(urls.contains("/plugins/zoom/webhook\""), "{urls}");
        assert!(!urls.contains("secret"), "{urls}");
    }
}
