//! `POST /webhook`: Zoom's events.
//!
//! A delivery must have the secret in its URL and a signature over its raw body before anything is done. Zoom repeats a
//! delivery that is not answered with 2xx within three seconds, and may deliver twice or in another order than things
//! happened. So effects are safe to repeat, and an event about a meeting that is not known here is answered with 200.
//! Answers contain nothing of Mattermost's.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::deauthorize;
use crate::occurrence::events;
use crate::platform::http::query::header;
use crate::platform::http::response;
use crate::platform::{clock, log};
use crate::recordings::event as recording;
use crate::text::{self, Locale, Message};
use crate::zoom::webhook::body::{self, Event};
use crate::zoom::webhook::validation;
use crate::zoom::webhook::verify::{self, Refused};

/// Answers a delivery.
pub fn handle(config: &Config, request: &Request) -> Response {
    match accept(config, request) {
        Ok(event) => finish(work(config, &event)),
        Err(answer) => answer,
    }
}

/// Answers a delivery to the URL that is for deauthorizations alone.
pub fn deauthorization(config: &Config, request: &Request) -> Response {
    match accept(config, request) {
        Ok(event @ Event::Deauthorized(_)) => finish(work(config, &event)),
        Ok(_) => refuse(400, Message::WebhookMalformed),
        Err(answer) => answer,
    }
}

/// The event of a delivery from Zoom, or the answer. The signature is verified before the body is read. The one event
/// that may be unsigned is Zoom's validation of the URL, which has no effect.
fn accept(config: &Config, request: &Request) -> Result<Event, Response> {
    if !verify::secret(&request.query, &config.webhook_secret) {
        log::warn(
            "A webhook was refused because the secret in its URL is wrong. Compare the URL at Zoom with the setting Webhook URL secret.",
            &[],
        );
        return Err(refuse(401, Message::HttpUnauthorized));
    }
    let signed_at = match verified(config, request) {
        Ok(seconds) => seconds,
        Err(Refused::Unsigned) => return Err(validation(config, request)),
        Err(reason) => return Err(unverified(reason)),
    };
    if !header(request, "content-type").is_some_and(is_json) {
        return Err(refuse(400, Message::WebhookNotJson));
    }
    match body::parse(&request.body) {
        Ok(Event::Validation(token)) => Err(validated(config, &token)),
        Ok(Event::Deauthorized(mut event)) => {
            event.signed_at = signed_at.saturating_mul(1000);
            Ok(Event::Deauthorized(event))
        }
        Ok(event) => Ok(event),
        Err(body::Malformed) => Err(refuse(400, Message::WebhookMalformed)),
    }
}

fn verified(config: &Config, request: &Request) -> Result<i64, Refused> {
    let timestamp = header(request, "x-zm-request-timestamp").unwrap_or_default();
    let signature = header(request, "x-zm-signature").unwrap_or_default();
    let key = config.zoom_webhook_secret.as_bytes();
    verify::signature(key, timestamp, signature, &request.body, clock::now_ms())
}

/// The answer to a delivery without a signature: Zoom's validation of the URL, or a refusal.
fn validation(config: &Config, request: &Request) -> Response {
    match body::parse(&request.body) {
        Ok(Event::Validation(token)) => validated(config, &token),
        _ => unverified(Refused::Unsigned),
    }
}

fn validated(config: &Config, token: &str) -> Response {
    let answer = validation::answer(token, &config.zoom_webhook_secret);
    answer.unwrap_or_else(|| refuse(400, Message::WebhookMalformed))
}

fn unverified(reason: Refused) -> Response {
    let age = reason.age().map(|age| age.to_string());
    let fields: Vec<_> = age
        .iter()
        .map(|age| ("timestamp_age_seconds", age.as_str()))
        .collect();
    log::warn(reason.log_line(), &fields);
    refuse(401, Message::HttpUnauthorized)
}

fn work(config: &Config, event: &Event) -> Result<(), Error> {
    let now = clock::now_ms();
    match event {
        Event::Started(meeting) => events::started(&meeting.event(now)),
        Event::Ended(meeting) => events::ended(&meeting.event(now)),
        Event::Deauthorized(event) => deauthorize::run(config, event),
        Event::Recorded(event) => recording::handle(config, event),
        Event::Validation(_) | Event::Other => Ok(()),
    }
}

/// A failure is answered with 500, so that Zoom delivers again.
fn finish(result: Result<(), Error>) -> Response {
    match result {
        Ok(()) => response::bare(200),
        Err(error) => {
            log::warn(
                "A webhook could not be processed; Zoom will repeat it.",
                &[("error", &error.to_string())],
            );
            response::bare(500)
        }
    }
}

fn refuse(status: u16, message: Message) -> Response {
    response::text(status, &text::plain(Locale::En, message))
}

fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_recognized_with_and_without_parameters() {
        assert!(is_json("application/json") && is_json("Application/JSON; charset=utf-8"));
        assert!(!is_json("text/plain") && !is_json("application/jsonp") && !is_json(""));
    }

    #[test]
    fn d12_d11_an_answer_carries_nothing() {
        let answer = finish(Ok(()));
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]));
    }
}
