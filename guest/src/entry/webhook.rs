//! `POST /webhook` and `POST /deauthorization`: events from Zoom.
//!
//! A delivery is processed only if the secret in its URL and the signature over its raw body are right. Zoom repeats a
//! delivery that does not get a 2xx answer within three seconds, and may deliver events twice or out of order. All effects
//! are therefore safe to repeat. The two secrets are enough for the validation of the URL and for the start and end of
//! meetings; other events wait for complete settings. An event about an unknown meeting gets 200. Answers contain no data of Mattermost.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::config::{Config, Partial};
use crate::connection::deauthorize;
use crate::occurrence::events;
use crate::platform::http::query::header;
use crate::platform::http::response;
use crate::platform::{clock, log, site};
use crate::recordings::event as recording;
use crate::setup::webhook_status::{self, Refusal};
use crate::setup::wizard;
use crate::text::{self, Locale, Message};
use crate::zoom::webhook::body::{self, Event};
use crate::zoom::webhook::validation;
use crate::zoom::webhook::verify::{self, Rejection};

/// The two secrets that a delivery proves.
struct Secrets<'a> {
    /// The one in the URL.
    url: &'a str,
    /// The one that Zoom signs with.
    signing: &'a str,
}

impl<'a> Secrets<'a> {
    /// The secrets, or the answer while one of them is missing.
    fn of(settings: &'a Partial) -> Result<Self, Response> {
        match (&settings.webhook_secret, &settings.zoom_webhook_secret) {
            (Ok(url), Ok(signing)) => Ok(Self { url, signing }),
            _ => Err(refuse_unconfigured()),
        }
    }
}

/// Handles a delivery.
pub fn handle(settings: Partial, request: &Request) -> Response {
    match accept(&settings, request) {
        Ok(event) => dispatch(settings, &event),
        Err(answer) => answer,
    }
}

/// Handles a delivery to the URL for deauthorizations. Other events are refused there.
pub fn deauthorization(settings: Partial, request: &Request) -> Response {
    match accept(&settings, request) {
        Ok(event @ Event::Deauthorized(_)) => dispatch(settings, &event),
        Ok(_) => refuse(400, Message::WebhookMalformed),
        Err(answer) => answer,
    }
}

/// The event in a delivery, or the answer if there is nothing to do. The signature is verified before the body is parsed.
/// Only Zoom's validation of the URL may be unsigned; it has no effect.
fn accept(settings: &Partial, request: &Request) -> Result<Event, Response> {
    let secrets = Secrets::of(settings)?;
    if !verify::has_url_secret(&request.query, secrets.url) {
        return Err(refuse_unverified(
            Refusal::UrlSecret,
            "A webhook was refused because the secret in its URL is wrong. Compare the URL at Zoom with the setting Webhook URL secret.",
            None,
        ));
    }
    let signed_at = match check_signature(&secrets, request) {
        Ok(seconds) => seconds,
        Err(Rejection::Unsigned) => return Err(answer_unsigned(&secrets, request)),
        Err(reason) => return Err(refuse_rejection(reason)),
    };
    if !header(request, "content-type").is_some_and(is_json) {
        return Err(refuse(400, Message::WebhookNotJson));
    }
    match body::parse(&request.body) {
        Ok(Event::Validation(token)) => {
            let answer = answer_validation(&secrets, &token, true);
            if answer.status == 200 {
                wizard::access::after_validation();
            }
            Err(answer)
        }
        Ok(mut event) => {
            let age = clock::now_ms().div_euclid(1000).saturating_sub(signed_at);
            webhook_status::accepted(event.kind(), age);
            if let Event::Deauthorized(event) = &mut event {
                event.signed_at = signed_at.saturating_mul(1000);
            }
            Ok(event)
        }
        Err(body::Malformed) => Err(refuse(400, Message::WebhookMalformed)),
    }
}

fn check_signature(secrets: &Secrets<'_>, request: &Request) -> Result<i64, Rejection> {
    let timestamp = header(request, "x-zm-request-timestamp").unwrap_or_default();
    let signature = header(request, "x-zm-signature").unwrap_or_default();
    let key = secrets.signing.as_bytes();
    verify::verify_signature(key, timestamp, signature, &request.body, clock::now_ms())
}

/// The answer to a delivery without a signature: the signed token for Zoom's validation of the URL, or a refusal.
fn answer_unsigned(secrets: &Secrets<'_>, request: &Request) -> Response {
    match body::parse(&request.body) {
        Ok(Event::Validation(token)) => answer_validation(secrets, &token, false),
        _ => refuse_rejection(Rejection::Unsigned),
    }
}

fn answer_validation(secrets: &Secrets<'_>, token: &str, signed: bool) -> Response {
    match validation::sign_token(token, secrets.signing) {
        Some(answer) => {
            webhook_status::validated(signed);
            answer
        }
        None => refuse(400, Message::WebhookMalformed),
    }
}

fn refuse_rejection(reason: Rejection) -> Response {
    refuse_unverified(reason.into(), reason.log_line(), reason.age())
}

/// The answer to a delivery that is not from Zoom. Its cause is only in the server log, with the age of the timestamp in
/// seconds.
fn refuse_unverified(refusal: Refusal, log_line: &str, age: Option<i64>) -> Response {
    webhook_status::refused(refusal, age);
    let guide = site::guide_url("troubleshooting.html#webhooks-get-status-401");
    let age = age.map(|age| age.to_string());
    let mut fields = vec![("guide", guide.as_str())];
    fields.extend(
        age.iter()
            .map(|age| ("timestamp_age_seconds", age.as_str())),
    );
    log::warn(log_line, &fields);
    refuse(401, Message::WebhookUnverified)
}

/// Applies an event. An event that needs settings with a problem gets 501, so that Zoom delivers it again.
fn dispatch(settings: Partial, event: &Event) -> Response {
    let now = clock::now_ms();
    let configured = |handle: &dyn Fn(&Config) -> Result<(), Error>| match settings.complete() {
        Ok(config) => finish(handle(&config)),
        Err(_) => refuse_unconfigured(),
    };
    match event {
        Event::Started(meeting) => finish(events::meeting_started(&meeting.event(now))),
        Event::Ended(meeting) => finish(events::meeting_ended(&meeting.event(now))),
        Event::Deauthorized(event) => configured(&|config| deauthorize::handle(config, event)),
        Event::Recording(event) => configured(&|config| recording::handle(config, event)),
        Event::Validation(_) | Event::Other => finish(Ok(())),
    }
}

/// Answers 500 after a failure, so that Zoom delivers the event again.
fn finish(result: Result<(), Error>) -> Response {
    match result {
        Ok(()) => response::status_only(200),
        Err(error) => {
            log::warn(
                "A webhook could not be processed; Zoom will repeat it.",
                &[("error", &error.to_string())],
            );
            response::status_only(500)
        }
    }
}

/// The answer while settings are missing.
fn refuse_unconfigured() -> Response {
    let url = site::guide_url("zoom-app.html");
    let sentence = text::text(Locale::En, Message::HttpNotConfigured, &[("url", &url)]);
    response::text(501, &sentence)
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
    fn d12_d11_the_answer_to_a_webhook_is_empty() {
        let answer = finish(Ok(()));
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b""[..]));
    }
}
