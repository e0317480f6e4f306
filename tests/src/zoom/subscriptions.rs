//! Event subscriptions of the app (`POST /marketplace/app/event_subscription`), and Zoom's validation of their URLs.
//!
//! Only a token of the app itself can create one: of a general app, by `client_credentials`, or of a server-to-server app
//! with the scope. If a test says how Zoom reaches a URL, a URL that does not sign Zoom's token is refused.

use std::sync::PoisonError;

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::random::{hex, random};
use super::state::Shared;
use super::webhook::Webhook;

/// The scope that is needed.
pub(super) const SCOPE: &str = "marketplace:write:event_subscription";

/// Creates a subscription.
pub(super) fn create(shared: &Shared, request: &Request) -> Response {
    if let Err(refusal) = examine(shared, request) {
        return refusal;
    }
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let url = asked.get("event_webhook_url").and_then(Value::as_str);
    let url = url.unwrap_or_default();
    if !validates(shared, url) {
        return refuse(300, "The event notification endpoint URL is not valid.");
    }
    let id = hex(&random::<11>());
    shared.lock().subscriptions.push(asked);
    Response::json(201, json!({"event_subscription_id": id}))
}

fn refuse(code: u32, message: &str) -> Response {
    Response::json(400, json!({"code": code, "message": message}))
}

/// Checks the token and the fields that the plugin sends.
fn examine(shared: &Shared, request: &Request) -> Result<(), Response> {
    let state = shared.lock();
    let token = request.header("Authorization").strip_prefix("Bearer ");
    let token = token.unwrap_or_default();
    match state.account.caller(token) {
        Some(user) if user.is_empty() => {}
        Some(_) => return Err(refuse(4700, "Invalid access token, not a token of an app.")),
        None => {
            let body = json!({"code": 124, "message": "Access token is expired."});
            return Err(Response::json(401, body));
        }
    }
    if !state.account.grants.has(token, SCOPE) {
        let message = format!("Invalid access token, does not contain scopes:[{SCOPE}].");
        return Err(refuse(4711, &message));
    }
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let events = asked.get("events").and_then(Value::as_array);
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let complete = events.is_some_and(|events| !events.is_empty())
        && !text("event_subscription_name").is_empty()
        && text("subscription_scope") == "account"
        && text("account_id") == state.account.id;
    match complete {
        true => Ok(()),
        false => Err(refuse(300, "Validation Failed.")),
    }
}

/// Whether a URL signs Zoom's token. Without a way to reach it, it counts as valid.
pub(super) fn validates(shared: &Shared, url: &str) -> bool {
    let visitor = shared.visitor.lock();
    let visitor = visitor.unwrap_or_else(PoisonError::into_inner).clone();
    let Some(visitor) = visitor else { return true };
    let token = hex(&random::<16>());
    let body = json!({"event": "endpoint.url_validation", "payload": {"plainToken": token}});
    let (key, now) = (
        &shared.app.webhook_secret,
        shared.lock().account.now().unix_timestamp(),
    );
    let webhook = Webhook::sign_at(key, body.to_string(), now);
    let answer = visitor(url, &webhook).and_then(|body| serde_json::from_str::<Value>(&body).ok());
    let expected = json!({
        "plainToken": token, "encryptedToken": Webhook::encrypted_token(key, &token),
    });
    answer == Some(expected)
}
