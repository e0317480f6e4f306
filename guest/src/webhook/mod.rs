//! `POST /webhook`: what Zoom tells us.
//!
//! A delivery passes the secret in its address, then the signature over its raw body, before anything
//! is done. Zoom repeats what is not answered with 2xx within three seconds, and may deliver twice or in
//! another order than things happened. So effects are safe to repeat, a delivery is marked as done only
//! after its effect, and what is about a meeting that we do not know is answered with 200. Answers carry
//! nothing of Mattermost's.

pub mod announce;
pub mod body;
pub mod deauthorized;
pub mod ended;
pub mod recorded;
pub mod started;
pub mod validation;
pub mod verify;

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::http::query::header;
use crate::http::response;
use crate::system;
use crate::text::{self, Locale, Message};
use body::{Event, Malformed};

/// Answers a delivery.
pub fn handle(config: &Config, request: &Request) -> Response {
    match accept(config, request) {
        Ok(event) => finish(work(config, &event)),
        Err(answer) => answer,
    }
}

/// Answers a delivery to the address that is for deauthorizations alone.
pub fn deauthorization(config: &Config, request: &Request) -> Response {
    match accept(config, request) {
        Ok(event @ Event::Deauthorized(_)) => finish(work(config, &event)),
        Ok(_) => refuse(400, Message::WebhookMalformed),
        Err(answer) => answer,
    }
}

/// The event of a delivery that is Zoom's, or the answer.
fn accept(config: &Config, request: &Request) -> Result<Event, Response> {
    if !verify::secret(&request.query, &config.webhook_secret) {
        system::warn(
            "A webhook with a wrong secret in its address was refused. Compare the address at Zoom with the setting WebhookSecret.",
            &[],
        );
        return Err(refuse(401, Message::HttpUnauthorized));
    }
    if !header(request, "content-type").is_some_and(is_json) {
        return Err(refuse(400, Message::WebhookNotJson));
    }
    let event = match body::parse(&request.body) {
        Ok(event) => event,
        Err(Malformed) => return Err(refuse(400, Message::WebhookMalformed)),
    };
    if let Event::Validation(token) = &event {
        let answer = validation::answer(token, &config.zoom_webhook_secret);
        return Err(answer.unwrap_or_else(|| refuse(400, Message::WebhookMalformed)));
    }
    let timestamp = header(request, "x-zm-request-timestamp").unwrap_or_default();
    let signature = header(request, "x-zm-signature").unwrap_or_default();
    let key = config.zoom_webhook_secret.as_bytes();
    if let Err(reason) =
        verify::signature(key, timestamp, signature, &request.body, system::now_ms())
    {
        system::warn(
            "A webhook without a good signature was refused. Compare the setting ZoomWebhookSecret with the secret token at Zoom.",
            &[("reason", &reason.to_string())],
        );
        return Err(refuse(401, Message::HttpUnauthorized));
    }
    Ok(event)
}

fn work(config: &Config, event: &Event) -> Result<(), Error> {
    match event {
        Event::Started(meeting) => started::handle(meeting),
        Event::Ended(meeting) => ended::handle(meeting),
        Event::Deauthorized(event) => deauthorized::handle(config, event),
        Event::Recorded(event) => recorded::handle(config, event),
        Event::Validation(_) | Event::Other => Ok(()),
    }
}

/// A failure is told to Zoom, so that it delivers again.
fn finish(result: Result<(), Error>) -> Response {
    match result {
        Ok(()) => response::bare(200),
        Err(error) => {
            system::warn(
                "A webhook could not be worked on; Zoom will repeat it.",
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
