//! The content of a delivery. Only what is used is read, so that Zoom may change the rest.

use crate::zoom::types::text;
use crate::zoom::webhook::deauthorization::Deauthorized;
use crate::zoom::webhook::meeting::Meeting;
use crate::zoom::webhook::recording::{self, Recorded};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The body is not a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// What happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Zoom validates the webhook's URL; the token is to be signed.
    Validation(String),
    /// Somebody entered a meeting.
    Started(Meeting),
    /// Everybody left a meeting or webinar, or the meeting became a webinar.
    Ended(Meeting),
    /// Somebody removed the app at Zoom.
    Deauthorized(Deauthorized),
    /// Something about a recording.
    Recorded(Recorded),
    /// Something that needs no work.
    Other,
}

/// A whole number; 0 for what is none.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Ok(Value::deserialize(from)?.as_i64().unwrap_or(0))
}

/// What says how to read the rest.
#[derive(Deserialize)]
struct Envelope {
    event: String,
    #[serde(default, deserialize_with = "number")]
    event_ts: i64,
    #[serde(default, deserialize_with = "text")]
    download_token: String,
}

/// The rest, for one kind of event.
#[derive(Deserialize)]
struct Of<T> {
    payload: T,
}

/// The payload of most kinds.
#[derive(Deserialize)]
struct About<T> {
    object: T,
    /// Zoom was seen to put it here, too.
    #[serde(default, deserialize_with = "text")]
    download_token: String,
}

#[derive(Deserialize)]
struct Validation {
    #[serde(rename = "plainToken")]
    token: String,
}

/// Reads a delivery: first of what kind it is, then what that kind has, which is less work than to keep all of
/// it until the kind is known.
pub fn parse(body: &[u8]) -> Result<Event, Malformed> {
    let Envelope {
        event,
        event_ts,
        download_token,
    } = read(body)?;
    Ok(match event.as_str() {
        "endpoint.url_validation" => {
            let Validation { token } = payload(body)?;
            if token.is_empty() {
                return Err(Malformed);
            }
            Event::Validation(token)
        }
        "app_deauthorized" => Event::Deauthorized(deauthorized(payload(body)?)?),
        "meeting.started" => Event::Started(meeting(body, event_ts)?),
        "meeting.ended" | "meeting.converted_to_webinar" | "webinar.ended" => {
            Event::Ended(meeting(body, event_ts)?)
        }
        name if name == recording::COMPLETED
            || name == recording::TRANSCRIPT
            || recording::GONE.contains(&name) =>
        {
            let about: About<Value> = payload(body)?;
            let token = match download_token.as_str() {
                "" => about.download_token,
                _ => download_token,
            };
            let recorded = recording::read(name, event_ts, token, about.object);
            Event::Recorded(recorded.ok_or(Malformed)?)
        }
        _ => Event::Other,
    })
}

fn read<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body).map_err(|_| Malformed)
}

fn payload<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Malformed> {
    read(body).map(|Of { payload }| payload)
}

fn meeting(body: &[u8], event_ts: i64) -> Result<Meeting, Malformed> {
    let About { mut object, .. }: About<Meeting> = payload(body)?;
    if object.id == 0 && object.uuid.is_empty() {
        return Err(Malformed);
    }
    object.event_ts = event_ts;
    Ok(object)
}

/// Zoom's ids of users have 22 characters; what is far longer is none.
fn deauthorized(event: Deauthorized) -> Result<Deauthorized, Malformed> {
    if (1..=100).contains(&event.user_id.len()) {
        Ok(event)
    } else {
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn ended(object: Value) -> Result<Event, Malformed> {
        parse(
            json!({"event": "meeting.ended", "event_ts": 1, "payload": {"object": object}})
                .to_string()
                .as_bytes(),
        )
    }

    fn meeting(object: Value) -> Meeting {
        match ended(object) {
            Ok(Event::Ended(meeting)) => meeting,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn d33_ids_are_strings_or_numbers() {
        for id in [json!("85746065432"), json!(85_746_065_432_u64)] {
            assert_eq!(meeting(json!({"id": id, "uuid": "u=="})).id, 85_746_065_432);
        }
    }

    #[test]
    fn d33_odd_values_in_unneeded_fields_do_no_harm() {
        let meeting = meeting(json!({
            "id": "1", "uuid": "u", "duration": "long", "start_time": "", "end_time": 17, "type": null, "host_id": [],
        }));
        let event = meeting.event(7);
        assert_eq!((event.start, event.end), (None, None));
    }

    #[test]
    fn d43_times_are_zooms() {
        let meeting = meeting(
            json!({"id": 1, "start_time": "2026-08-06T13:50:00Z", "end_time": "2026-08-06T16:17:41+02:00"}),
        );
        let event = meeting.event(0);
        assert_eq!(event.start, Some(1_786_024_200_000));
        assert_eq!(event.end, Some(1_786_025_861_000));
    }

    #[test]
    fn a_delivery_without_a_meeting_is_none() {
        for object in [
            json!(null),
            json!({}),
            json!("x"),
            json!({"id": "abc"}),
            json!({"uuid": 7}),
        ] {
            assert_eq!(ended(object.clone()), Err(Malformed), "{object}");
        }
        for body in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"event":7}"#,
            r#"{"event":"meeting.ended"}"#,
            r#"{"event":"x"} trailing"#,
        ] {
            assert_eq!(parse(body.as_bytes()), Err(Malformed), "{body}");
        }
    }

    #[test]
    fn unknown_events_are_no_error() {
        assert_eq!(
            parse(br#"{"event":"meeting.participant_joined","payload":7}"#),
            Ok(Event::Other)
        );
    }

    fn deauthorization(payload: Value) -> Result<Event, Malformed> {
        let body = json!({"event": "app_deauthorized", "payload": payload}).to_string();
        parse(body.as_bytes())
    }

    #[test]
    fn zm059_a_deauthorization_is_read_whatever_is_said_about_retention() {
        for (retention, wants) in [
            (json!("false"), true),
            (json!(false), true),
            (json!("true"), false),
            (json!(null), false),
            (json!(7), false),
        ] {
            let payload = json!({"user_id": "u", "account_id": "a", "client_id": "c", "signature": "s",
                "user_data_retention": retention, "deauthorization_time": "2026-08-06T13:50:00Z"});
            let Ok(Event::Deauthorized(event)) = deauthorization(payload) else {
                panic!("{retention}");
            };
            assert_eq!(event.wants_confirmation, wants, "{retention}");
            let now = 1_786_100_000_000;
            assert!(event.is_after(1_786_024_200_000, now));
            assert!(!event.is_after(1_786_024_200_001, now));
            assert!(
                event.is_after(now + 3_600_000, now),
                "a clock that was ahead"
            );
        }
        let Ok(Event::Deauthorized(bare)) = deauthorization(json!({"user_id": "u"})) else {
            panic!("an event without a time");
        };
        let signed = Deauthorized {
            signed_at: 1_786_024_200_000,
            ..bare.clone()
        };
        assert!(signed.is_after(1_786_024_200_000, 1_786_100_000_000));
        assert!(!signed.is_after(1_786_024_200_001, 1_786_100_000_000));
        assert_ne!(signed.mark(), bare.mark());
        for bad in [
            json!({}),
            json!(null),
            json!({"user_id": 7}),
            json!({"user_id": "u".repeat(101)}),
        ] {
            assert_eq!(deauthorization(bad), Err(Malformed));
        }
    }

    #[test]
    fn a_validation_needs_its_token() {
        assert_eq!(
            parse(br#"{"event":"endpoint.url_validation","payload":{"plainToken":"t"}}"#),
            Ok(Event::Validation("t".into()))
        );
        assert_eq!(
            parse(br#"{"event":"endpoint.url_validation","payload":{"plainToken":1}}"#),
            Err(Malformed)
        );
        assert_eq!(
            parse(br#"{"event":"endpoint.url_validation","payload":{}}"#),
            Err(Malformed)
        );
    }

    proptest! {
        #[test]
        fn no_body_makes_the_reader_panic(bytes: Vec<u8>, text in ".*") {
            let _ = parse(&bytes);
            let _ = parse(json!({"event": "meeting.started", "payload": {"object": {"id": text, "uuid": text,
                "start_time": text, "end_time": text}}}).to_string().as_bytes()).map(|event| match event {
                Event::Started(meeting) => (meeting.event(0).start, meeting.event(0).end),
                _ => (None, None),
            });
        }

        #[test]
        fn any_number_comes_back(id in 1_u64..) {
            prop_assert_eq!(meeting(json!({"id": id})).id, id);
            prop_assert_eq!(meeting(json!({"id": id.to_string()})).id, id);
        }
    }
}
