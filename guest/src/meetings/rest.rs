//! `POST /api/v1/meetings`: the button of the webapp.

use crate::bindings::handlers::http_handler::{Request, Response};
use crate::config::Config;
use crate::meetings::failure::Failure;
use crate::meetings::request::{Outcome, StartRequest};
use crate::meetings::start;
use crate::platform::channels::{Place, show_to_user};
use crate::platform::http::query::parameter;
use crate::platform::http::response;
use crate::platform::ids::is_id;
use crate::platform::log;
use crate::platform::people::{Person, Reader};
use crate::text::{self, Locale, Message};
use serde::Deserialize;
use serde_json::json;

#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Body {
    channel_id: String,
    root_id: String,
    topic: String,
    connection_id: String,
}

/// Parses the body. Returns none if it is invalid.
fn parse_body(body: &[u8]) -> Option<Body> {
    let body: Body = serde_json::from_slice(body).ok()?;
    let sound = is_id(&body.channel_id) && (body.root_id.is_empty() || is_id(&body.root_id));
    sound.then_some(body)
}

/// Handles the request of a signed-in user.
pub fn handle(config: &Config, request: &Request, user_id: &str) -> Response {
    let Some(body) = parse_body(&request.body) else {
        return response::error(400, &text::plain(Locale::En, Message::HttpBadRequest));
    };
    let person = match Person::load(user_id) {
        Ok(person) => person,
        Err(error) => {
            log::warn(
                "A user could not be read.",
                &[("error", &error.to_string())],
            );
            return response::error(500, &text::plain(Locale::En, Message::MattermostFailed));
        }
    };
    let start = StartRequest {
        config,
        person: &person,
        place: Place {
            channel_id: &body.channel_id,
            root_id: &body.root_id,
        },
        topic: &body.topic,
        connection_id: &body.connection_id,
        force: parameter(&request.query, "force").is_some_and(|force| !force.is_empty()),
        by_command: false,
        choice: None,
    };
    let result = start::start_meeting(&start);
    match &result {
        Ok(Outcome::Invited(sentence)) => {
            // Without the link, the user cannot continue.
            if let Err(error) = show_to_user(user_id, start.place, sentence) {
                return response_for(&person.reader(), &Err(error.into()));
            }
        }
        Ok(_) => {}
        Err(failure) => start::log_failure(&start, failure),
    }
    response_for(&person.reader(), &result)
}

fn response_for(reader: &Reader<'_>, result: &Result<Outcome, Failure>) -> Response {
    match result {
        Ok(Outcome::Started(join_url)) => response::json(200, &json!({ "meeting_url": join_url })),
        Ok(Outcome::Shown | Outcome::Invited(_)) => {
            response::json(200, &json!({ "meeting_url": "" }))
        }
        Err(failure) => response::error(failure.status(), &failure.sentence(reader)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHANNEL: &str = "abcdefghijklmnopqrstuvwxyz";

    #[test]
    fn a_request_needs_a_channel() {
        let body = parse_body(format!(r#"{{"channel_id":"{CHANNEL}","use_pmi":true}}"#).as_bytes())
            .unwrap();
        assert_eq!(
            body,
            Body {
                channel_id: CHANNEL.into(),
                ..Body::default()
            }
        );
        for bad in [
            "",
            "null",
            "[]",
            "{}",
            "{",
            r#"{"channel_id":"x"}"#,
            r#"{"channel_id":7}"#,
        ] {
            assert_eq!(parse_body(bad.as_bytes()), None, "{bad}");
        }
        let root = format!(r#"{{"channel_id":"{CHANNEL}","root_id":"../x"}}"#);
        assert_eq!(parse_body(root.as_bytes()), None);
    }

    #[test]
    fn responses_have_the_format_of_the_webapp() {
        let body =
            |result| String::from_utf8(response_for(&Reader::default(), &result).body).unwrap();
        assert_eq!(
            body(Ok(Outcome::Started("https://z/j/1?a=\"".into()))),
            r#"{"meeting_url":"https://z/j/1?a=\""}"#
        );
        assert_eq!(body(Ok(Outcome::Shown)), r#"{"meeting_url":""}"#);
        let restricted = response_for(&Reader::default(), &Err(Failure::Restricted));
        assert_eq!(restricted.status, 200);
        assert!(restricted.body.starts_with(br#"{"error":""#));
        assert_eq!(
            response_for(&Reader::default(), &Err(Failure::NotMember)).status,
            403
        );
        assert_eq!(
            response_for(
                &Reader::default(),
                &Err(Failure::Zoom(crate::zoom::error::kinds::Error::Timeout))
            )
            .status,
            504
        );
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(body: Vec<u8>) {
            let _ = parse_body(&body);
        }
    }
}
