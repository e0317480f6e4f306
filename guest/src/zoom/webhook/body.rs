//! Parses the body of a webhook. Unused fields are ignored, so Zoom may change them.

use crate::zoom::types::text;
use crate::zoom::webhook::deauthorization::Deauthorized;
use crate::zoom::webhook::meeting::MeetingObject;
use crate::zoom::webhook::recording::{self, RecordingEvent};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The body is not a valid event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// An event.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Zoom validates the webhook's URL. Contains the token to sign.
    Validation(String),
    /// The first person entered a meeting.
    Started(MeetingObject),
    /// Everyone left a meeting or webinar, or the meeting became a webinar.
    Ended(MeetingObject),
    /// A user removed the app at Zoom.
    Deauthorized(Deauthorized),
    /// An event about a recording.
    Recording(RecordingEvent),
    /// An event that the plugin ignores.
    Other,
}

impl Event {
    /// The kind of the event, for diagnoses.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Validation(_) => "validation",
            Event::Started(_) => "started",
            Event::Ended(_) => "ended",
            Event::Deauthorized(_) => "deauthorized",
            Event::Recording(_) => "recording",
            Event::Other => "other",
        }
    }
}

/// An integer. Other values become 0.
fn number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Ok(Value::deserialize(from)?.as_i64().unwrap_or(0))
}

/// The fields outside the payload.
#[derive(Deserialize)]
struct Envelope {
    event: String,
    #[serde(default, deserialize_with = "number")]
    event_ts: i64,
    #[serde(default, deserialize_with = "text")]
    download_token: String,
}

/// The payload of one kind of event.
#[derive(Deserialize)]
struct Of<T> {
    payload: T,
}

/// The payload of most kinds of events.
#[derive(Deserialize)]
struct About<T> {
    object: T,
    /// Some deliveries have the token here.
    #[serde(default, deserialize_with = "text")]
    download_token: String,
}

#[derive(Deserialize)]
struct Validation {
    #[serde(rename = "plainToken")]
    token: String,
}

/// Parses a body in two passes: first the kind of event, then the payload of that kind. This is faster than building a
/// generic JSON value.
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
            || recording::FILE_STATE_EVENTS.contains(&name) =>
        {
            let about: About<Value> = payload(body)?;
            let token = match download_token.as_str() {
                "" => about.download_token,
                _ => download_token,
            };
            let recorded = recording::parse(name, event_ts, token, about.object);
            Event::Recording(recorded.ok_or(Malformed)?)
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

fn meeting(body: &[u8], event_ts: i64) -> Result<MeetingObject, Malformed> {
    let About { mut object, .. }: About<MeetingObject> = payload(body)?;
    if object.id == 0 && object.uuid.is_empty() {
        return Err(Malformed);
    }
    object.event_ts = event_ts;
    Ok(object)
}

/// Checks the user ID. Zoom's user IDs have 22 characters; empty and very long ones are refused.
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

    fn meeting(object: Value) -> MeetingObject {
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
    fn d33_invalid_values_of_optional_fields_are_ignored() {
        let meeting = meeting(json!({
            "id": "1", "uuid": "u", "duration": "long", "start_time": "", "end_time": 17, "type": null, "host_id": [],
        }));
        let event = meeting.event(7);
        assert_eq!((event.start, event.end), (None, None));
    }

    #[test]
    fn d43_the_times_of_an_event_are_parsed() {
        let meeting = meeting(
            json!({"id": 1, "start_time": "2026-08-06T13:50:00Z", "end_time": "2026-08-06T16:17:41+02:00"}),
        );
        let event = meeting.event(0);
        assert_eq!(event.start, Some(1_786_024_200_000));
        assert_eq!(event.end, Some(1_786_025_861_000));
    }

    #[test]
    fn an_event_without_a_meeting_is_malformed() {
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
    fn unknown_events_are_ignored() {
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
    fn zm059_a_deauthorization_is_parsed_with_any_value_of_retention() {
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
        assert_ne!(signed.event_key(), bare.event_key());
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
