//! What the posts about a meeting hold.
//!
//! The webapp draws them from their props. Clients without it, such as phones, show the message and
//! the attachment, so both say the same. These posts are for everybody in the channel, so they are in
//! English and name times in UTC.

use super::Meeting;
use super::recent::Recent;
use crate::text::{self, Locale, Message};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The post type that the webapp draws.
pub const KIND: &str = "custom_zoom";
/// What `meeting_provider` says of ours.
pub const PROVIDER: &str = "Zoom";
/// The meeting goes on.
pub const STARTED: &str = "STARTED";
/// The meeting is over.
pub const ENDED: &str = "ENDED";
/// There is a meeting already.
const RECENTLY_CREATED: &str = "RECENTLY_CREATED";

/// A Markdown link. Characters that would end it early are escaped.
fn link(label: &str, url: &str) -> String {
    let url = url
        .replace('(', "%28")
        .replace(')', "%29")
        .replace(' ', "%20");
    let label: String = label
        .chars()
        .filter(|c| !matches!(c, '[' | ']' | '\n'))
        .collect();
    format!("[{label}]({url})")
}

/// The props of a post that announces a meeting.
pub fn started(meeting: &Meeting, creator: &str) -> Value {
    let id = link(&meeting.id.to_string(), &meeting.join_url);
    let label = if meeting.personal {
        Message::PostPersonalId
    } else {
        Message::PostId
    };
    let id_line = text::text(Locale::En, label, &[("id", &id)]);
    let join = link(
        &text::plain(Locale::En, Message::PostJoin),
        &meeting.join_url,
    );
    let fallback = text::text(Locale::En, Message::PostStartedFallback, &[("id", &id)]);
    json!({
        "attachments": [{
            "fallback": format!("{fallback}\n\n{join}"),
            "title": meeting.topic,
            "text": format!("{id_line}\n\n{join}"),
        }],
        "meeting_id": meeting.id,
        "meeting_uuid": meeting.uuid,
        "meeting_link": meeting.join_url,
        "meeting_status": STARTED,
        "meeting_personal": meeting.personal,
        "meeting_topic": meeting.topic,
        "meeting_creator_username": creator,
        "meeting_provider": PROVIDER,
    })
}

/// When a meeting was, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub start: i64,
    /// Its end.
    pub end: i64,
}

impl Span {
    /// Begun minutes; 0 for what ended before it began.
    fn minutes(self) -> i64 {
        let seconds = self.end.saturating_sub(self.start).max(0) / 1000;
        seconds.saturating_add(59) / 60
    }
}

/// The props of a post whose meeting is over, from those it had.
pub fn ended(props: &Value, span: Span) -> Value {
    let mut props = props.as_object().cloned().unwrap_or_default();
    let topic = props
        .get("meeting_topic")
        .and_then(Value::as_str)
        .filter(|topic| !topic.is_empty());
    let topic = topic.unwrap_or(super::DEFAULT_TOPIC).to_owned();
    let id = props
        .get("meeting_id")
        .map(crate::zoom::types::number)
        .unwrap_or(0)
        .to_string();
    let (start, minutes) = (utc(span.start), span.minutes().to_string());
    let arguments = [
        ("id", id.as_str()),
        ("start", &start),
        ("minutes", &minutes),
    ];
    props.insert(
        "attachments".to_owned(),
        json!([{
            "fallback": text::text(Locale::En, Message::PostEndedFallback, &arguments),
            "title": topic,
            "text": text::text(Locale::En, Message::PostEndedSummary, &arguments),
        }]),
    );
    props.insert("meeting_status".to_owned(), json!(ENDED));
    props.insert("meeting_start_time".to_owned(), json!(span.start));
    props.insert("meeting_end_time".to_owned(), json!(span.end));
    Value::Object(props)
}

/// A time that reads the same everywhere, such as `2026-08-06 14:05 UTC`.
fn utc(ms: i64) -> String {
    let Ok(time) = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)) else {
        return String::new();
    };
    let (date, month) = (time.date(), u8::from(time.month()));
    format!(
        "{:04}-{month:02}-{:02} {:02}:{:02} UTC",
        date.year(),
        date.day(),
        time.hour(),
        time.minute()
    )
}

/// The message and the props of the warning that there is a recent meeting.
pub fn recently_created(recent: &Recent, topic: &str, locale: Locale) -> (String, Value) {
    let message = if recent.provider == PROVIDER {
        text::plain(locale, Message::RecentZoom)
    } else {
        text::text(
            locale,
            Message::RecentOther,
            &[("provider", &recent.provider)],
        )
    };
    let join = match recent.link.as_str() {
        "" => String::new(),
        url => format!("{}\n\n", link(&text::plain(locale, Message::PostJoin), url)),
    };
    let props = json!({
        "attachments": [{
            "fallback": message,
            "title": text::plain(locale, Message::RecentTitle),
            "text": format!("{join}{}", text::plain(locale, Message::RecentWait)),
        }],
        "type": KIND,
        "meeting_link": recent.link,
        "meeting_status": RECENTLY_CREATED,
        "meeting_personal": false,
        "meeting_topic": topic,
        "meeting_creator_username": recent.creator,
        "meeting_provider": recent.provider,
    });
    (message, props)
}

/// The status that a post's props say.
pub fn status(props: &Value) -> &str {
    props
        .get("meeting_status")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meeting() -> Meeting {
        Meeting {
            id: 85_746_065_432,
            uuid: "a/b==".into(),
            join_url: "https://zoom.us/j/85746065432?pwd=(x)".into(),
            personal: false,
            topic: "Standup".into(),
        }
    }

    #[test]
    fn a_meeting_post_has_the_props_that_clients_rely_on() {
        let props = started(&meeting(), "alice");
        assert_eq!(props["meeting_id"], 85_746_065_432_u64);
        assert!(props["meeting_id"].is_u64());
        assert_eq!(props["meeting_uuid"], "a/b==");
        assert_eq!(
            props["meeting_link"],
            "https://zoom.us/j/85746065432?pwd=(x)"
        );
        assert_eq!(props["meeting_status"], "STARTED");
        assert_eq!(props["meeting_personal"], false);
        assert_eq!(props["meeting_topic"], "Standup");
        assert_eq!(props["meeting_creator_username"], "alice");
        assert_eq!(props["meeting_provider"], "Zoom");
        assert_eq!(props.as_object().unwrap().len(), 9);
    }

    #[test]
    fn clients_without_the_webapp_can_join() {
        let props = started(&meeting(), "alice");
        let attachment = &props["attachments"][0];
        assert_eq!(attachment["title"], "Standup");
        for field in ["fallback", "text"] {
            let text = attachment[field].as_str().unwrap();
            assert!(
                text.contains("[85746065432](https://zoom.us/j/85746065432?pwd=%28x%29)"),
                "{text}"
            );
            assert!(text.contains("[Join meeting](https://zoom.us/j/"), "{text}");
        }
    }

    #[test]
    fn a_personal_room_is_called_one() {
        let props = started(
            &Meeting {
                personal: true,
                uuid: String::new(),
                ..meeting()
            },
            "alice",
        );
        assert_eq!(props["meeting_personal"], true);
        assert_eq!(props["meeting_uuid"], "");
    }

    #[test]
    fn d24_d43_the_end_is_told_in_plain_numbers_and_utc() {
        let span = Span {
            start: 1_786_024_200_000,
            end: 1_786_025_861_000,
        };
        let props = ended(&started(&meeting(), "alice"), span);
        assert_eq!(props["meeting_status"], "ENDED");
        assert_eq!(props["meeting_end_time"], 1_786_025_861_000_i64);
        assert_eq!(props["meeting_start_time"], 1_786_024_200_000_i64);
        assert_eq!(
            props["meeting_link"],
            "https://zoom.us/j/85746065432?pwd=(x)"
        );
        for field in ["fallback", "text"] {
            let text = props["attachments"][0][field].as_str().unwrap();
            assert!(
                text.contains("85746065432") && !text.contains("pwd"),
                "{text}"
            );
            assert!(
                text.contains("2026-08-06 13:50 UTC") && text.contains("28 minute"),
                "{text}"
            );
        }
    }

    #[test]
    fn begun_minutes_count() {
        let minutes = |start, end| Span { start, end }.minutes();
        assert_eq!(minutes(0, 0), 0);
        assert_eq!(minutes(0, 999), 0);
        assert_eq!(minutes(0, 1_000), 1);
        assert_eq!(minutes(0, 60_000), 1);
        assert_eq!(minutes(0, 61_000), 2);
        assert_eq!(minutes(5_000, 0), 0);
        assert_eq!(minutes(i64::MIN, i64::MAX), i64::MAX / 1000 / 60 + 1);
    }

    #[test]
    fn ending_a_post_without_props_makes_sense_still() {
        let props = ended(&Value::Null, Span { start: 0, end: 1 });
        assert_eq!(props["attachments"][0]["title"], "Zoom Meeting");
        assert_eq!(status(&props), ENDED);
    }

    #[test]
    fn the_warning_names_another_provider() {
        let recent = Recent {
            link: String::new(),
            creator: "bob".into(),
            provider: "Jitsi".into(),
        };
        let (message, props) = recently_created(&recent, "t", Locale::En);
        assert!(message.contains("Jitsi"), "{message}");
        assert_eq!(props["meeting_status"], "RECENTLY_CREATED");
        assert_eq!(props["meeting_provider"], "Jitsi");
        assert!(
            !props["attachments"][0]["text"]
                .as_str()
                .unwrap()
                .contains("](")
        );
        let ours = Recent {
            link: "https://zoom.us/j/1".into(),
            creator: "bob".into(),
            provider: "Zoom".into(),
        };
        let (_, props) = recently_created(&ours, "t", Locale::En);
        assert!(
            props["attachments"][0]["text"]
                .as_str()
                .unwrap()
                .contains("(https://zoom.us/j/1)")
        );
    }

    #[test]
    fn labels_cannot_break_out_of_a_link() {
        assert_eq!(link("a](b)[c", "https://x/)"), "[a(b)c](https://x/%29)");
    }
}
