//! The content of the posts about a meeting.
//!
//! The webapp renders the props. Clients without the webapp, such as the mobile apps, show the message and the attachment,
//! so these contain the same information. Everyone in a channel reads these posts, so they use the server's default
//! language and UTC.
//!
//! The author of a post can edit its props. Each change therefore writes all props of this plugin again from the meeting's
//! record, and keeps other props.

use crate::occurrence::span::{Span, format_utc};
use crate::text::{self, Locale, Message};
use serde_json::{Map, Value, json};

/// The topic of a meeting without one.
pub const DEFAULT_TOPIC: &str = "Zoom Meeting";

/// The post type that the webapp renders.
pub const KIND: &str = "custom_zoom";
/// The value of `meeting_provider` in the plugin's posts.
pub const PROVIDER: &str = "Zoom";
/// The meeting waits or is in progress.
pub const STARTED: &str = "STARTED";
/// The meeting is over.
pub const ENDED: &str = "ENDED";
/// Nobody entered the personal room in time.
const NOT_STARTED: &str = "NOT_STARTED";

/// The state that a card shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardState {
    /// The meeting can be joined.
    Started,
    /// The meeting is over.
    Ended(Span),
    /// Nobody entered the personal room in time.
    NotStarted,
}

/// The content of a meeting's cards.
#[derive(Clone, Copy, Debug)]
pub struct Content<'a> {
    /// The meeting's number.
    pub number: u64,
    /// The topic, or empty.
    pub topic: &'a str,
    /// The join link.
    pub join_url: &'a str,
    /// Whether the number is a Personal Meeting ID.
    pub personal: bool,
    /// Whether the bot announced the meeting in a channel that follows it.
    pub followed: bool,
    /// When the meeting was posted, in milliseconds.
    pub posted_at: i64,
    /// The language of the channel.
    pub locale: Locale,
}

impl Content<'_> {
    fn topic(&self) -> &str {
        if self.topic.is_empty() {
            DEFAULT_TOPIC
        } else {
            self.topic
        }
    }

    /// The message of a card that can be joined.
    pub fn message(&self) -> String {
        let message = if self.followed {
            Message::PostFollowed
        } else {
            Message::PostStarted
        };
        text::plain(self.locale, message)
    }
}

/// A Markdown link. Characters that would end it early are escaped.
pub fn link(label: &str, url: &str) -> String {
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

/// The prop with the ID of the meeting's record.
pub const RECORD: &str = "meeting_record";

/// The props of a new card. `uuid` is the meeting's UUID, or empty. `creator` is the username of the user who started the
/// meeting. `record` is the ID of the meeting's record.
pub fn new_card_props(content: &Content<'_>, uuid: &str, creator: &str, record: &str) -> Value {
    let mut props = Map::new();
    props.insert("meeting_uuid".to_owned(), json!(uuid));
    props.insert(RECORD.to_owned(), json!(record));
    props.insert("meeting_creator_username".to_owned(), json!(creator));
    insert_common_props(&mut props, content);
    insert_join_props(&mut props, content);
    Value::Object(props)
}

/// A meeting's number as Zoom writes it, such as `123 4567 8901`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let split = match digits.len() {
        9 | 10 => 6,
        11 => 7,
        _ => return digits,
    };
    let (start, last) = digits.split_at(split);
    let (first, middle) = start.split_at(3);
    format!("{first} {middle} {last}")
}

/// The message and the props of a card in a new state. `props` are its current props.
pub fn render(content: &Content<'_>, look: CardState, props: &Value) -> (String, Value) {
    let mut props = props.as_object().cloned().unwrap_or_default();
    insert_common_props(&mut props, content);
    for name in [
        "meeting_start_time",
        "meeting_end_time",
        "meeting_length_minutes",
    ] {
        props.remove(name);
    }
    let message = match look {
        CardState::Started => {
            insert_join_props(&mut props, content);
            content.message()
        }
        CardState::Ended(span) => {
            insert_end_props(&mut props, content, span);
            text::plain(content.locale, Message::PostEnded)
        }
        CardState::NotStarted => {
            let message = text::plain(content.locale, Message::PostNotStarted);
            props.insert("meeting_status".to_owned(), json!(NOT_STARTED));
            let details = details(&props, content, &grouped(content.number), None);
            let text = format!("{message}\n\n{details}");
            insert_attachment(&mut props, content, &message, &text);
            message
        }
    };
    (message, Value::Object(props))
}

/// The props that every card has.
fn insert_common_props(props: &mut Map<String, Value>, content: &Content<'_>) {
    let fields = [
        ("meeting_id", json!(content.number)),
        ("meeting_link", json!(content.join_url)),
        ("meeting_personal", json!(content.personal)),
        ("meeting_topic", json!(content.topic())),
        ("meeting_provider", json!(PROVIDER)),
    ];
    for (name, value) in fields {
        props.insert(name.to_owned(), value);
    }
}

fn insert_attachment(
    props: &mut Map<String, Value>,
    content: &Content<'_>,
    fallback: &str,
    text: &str,
) {
    let attachment = json!({ "fallback": fallback, "title": content.topic(), "text": text });
    props.insert("attachments".to_owned(), json!([attachment]));
}

/// The host's username, the start of a meeting in progress, and the meeting's number in one line. The author of a post can
/// edit the name, so only a username counts.
fn details(
    props: &Map<String, Value>,
    content: &Content<'_>,
    id: &str,
    start: Option<i64>,
) -> String {
    let say = |message, name, value: &str| text::text(content.locale, message, &[(name, value)]);
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let host = props
        .get("meeting_creator_username")
        .and_then(Value::as_str)
        .filter(|name| !name.is_empty() && name.chars().all(is_allowed));
    let label = if content.personal {
        Message::PostPersonalId
    } else {
        Message::PostId
    };
    let parts = [
        host.map(|host| say(Message::PostHost, "host", host)),
        start.map(|start| say(Message::PostStart, "start", &format_utc(start))),
        Some(say(label, "id", id)),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    parts.join(" · ")
}

fn insert_join_props(props: &mut Map<String, Value>, content: &Content<'_>) {
    let locale = content.locale;
    let id = link(&grouped(content.number), content.join_url);
    let details = details(props, content, &id, Some(content.posted_at));
    let join = link(&text::plain(locale, Message::PostJoin), content.join_url);
    let fallback = text::text(locale, Message::PostStartedFallback, &[("id", &id)]);
    props.insert("meeting_status".to_owned(), json!(STARTED));
    insert_attachment(
        props,
        content,
        &format!("{fallback}\n\n{join}"),
        &format!("{details}\n\n{join}"),
    );
}

fn insert_end_props(props: &mut Map<String, Value>, content: &Content<'_>, span: Span) {
    let (id, start) = (grouped(content.number), format_utc(span.start));
    let (times, minutes) = (span.format_utc(), span.minutes().to_string());
    let arguments = [
        ("id", id.as_str()),
        ("start", &start),
        ("times", &times),
        ("minutes", &minutes),
    ];
    let say = |message| text::text(content.locale, message, &arguments);
    let details = details(props, content, &id, None);
    insert_attachment(
        props,
        content,
        &say(Message::PostEndedFallback),
        &format!("{}\n\n{details}", say(Message::PostEndedSummary)),
    );
    let fields = [
        ("meeting_status", json!(ENDED)),
        ("meeting_start_time", json!(span.start)),
        ("meeting_end_time", json!(span.end)),
        ("meeting_length_minutes", json!(span.minutes())),
    ];
    for (name, value) in fields {
        props.insert(name.to_owned(), value);
    }
}

/// The status in a post's props.
pub fn status(props: &Value) -> &str {
    props
        .get("meeting_status")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content() -> Content<'static> {
        Content {
            number: 85_746_065_432,
            topic: "Standup",
            join_url: "https://zoom.us/j/85746065432?pwd=(x)",
            personal: false,
            followed: false,
            posted_at: 1_786_024_200_000,
            locale: Locale::En,
        }
    }

    fn card() -> Value {
        new_card_props(&content(), "a/b==", "alice", "r")
    }

    fn ended(props: &Value, start: i64, end: i64) -> Value {
        let span = Span {
            start,
            end,
            length: end - start,
        };
        render(&content(), CardState::Ended(span), props).1
    }

    #[test]
    fn a_meeting_post_has_the_props_that_clients_rely_on() {
        let props = card();
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
        assert_eq!(props["meeting_record"], "r");
        assert_eq!(props.as_object().unwrap().len(), 10);
    }

    #[test]
    fn clients_without_the_webapp_can_join() {
        let props = card();
        let attachment = &props["attachments"][0];
        assert_eq!(attachment["title"], "Standup");
        for field in ["fallback", "text"] {
            let text = attachment[field].as_str().unwrap();
            assert!(
                text.contains("[857 4606 5432](https://zoom.us/j/85746065432?pwd=%28x%29)"),
                "{text}"
            );
            assert!(text.contains("[Join meeting](https://zoom.us/j/"), "{text}");
        }
        let text = attachment["text"].as_str().unwrap();
        let details = "Host: alice · Started: 2026-08-06 13:50 UTC · Meeting ID: [857 4606 5432](";
        assert!(text.starts_with(details), "{text}");
    }

    #[test]
    fn f11_only_a_username_is_shown_as_the_host() {
        for name in ["", "[x](https://evil.example)", "a b", "@all"] {
            let props = new_card_props(&content(), "", name, "r");
            let text = props["attachments"][0]["text"].as_str().unwrap();
            assert!(text.starts_with("Started: "), "{text}");
        }
    }

    #[test]
    fn meeting_ids_are_grouped_as_zoom_writes_them() {
        for (number, written) in [
            (123_456_789, "123 456 789"),
            (3_141_592_653, "314 159 2653"),
            (85_746_065_432, "857 4606 5432"),
            (12_345_678, "12345678"),
            (u64::MAX, "18446744073709551615"),
        ] {
            assert_eq!(grouped(number), written);
        }
    }

    #[test]
    fn a_card_says_that_the_meeting_is_in_a_personal_room() {
        let personal = Content {
            personal: true,
            ..content()
        };
        let props = new_card_props(&personal, "", "alice", "r");
        assert_eq!(props["meeting_personal"], true);
        assert_eq!(props["meeting_uuid"], "");
        let text = props["attachments"][0]["text"].as_str().unwrap();
        assert!(text.contains("Personal Meeting ID: [857"), "{text}");
    }

    #[test]
    fn d24_d43_an_ended_card_shows_plain_numbers_and_utc() {
        let props = ended(&card(), 1_786_024_200_000, 1_786_025_861_000);
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
                text.contains("857 4606 5432") && !text.contains("pwd"),
                "{text}"
            );
            assert!(
                text.contains("2026-08-06 13:50") && text.contains("28 minutes"),
                "{text}"
            );
        }
        let text = props["attachments"][0]["text"].as_str().unwrap();
        assert_eq!(
            text,
            "Ended · 2026-08-06 13:50–14:17 UTC · 28 minutes\n\nHost: alice · Meeting ID: 857 4606 5432"
        );
    }

    #[test]
    fn f10_a_change_restores_the_plugins_props_and_keeps_other_props() {
        let mut props = card();
        props["meeting_link"] = json!("https://evil.example/");
        props["of_another_plugin"] = json!(7);
        let props = ended(&props, 0, 1);
        assert_eq!(props["meeting_link"], content().join_url);
        assert_eq!(props["of_another_plugin"], 7);
        assert_eq!(props["attachments"][0]["title"], "Standup");
        assert_eq!(status(&props), ENDED);
        let props = ended(&Value::Null, 0, 1);
        assert_eq!(status(&props), ENDED);
    }

    #[test]
    fn f03_a_card_that_continues_can_be_joined_again() {
        let (message, props) = render(&content(), CardState::Started, &ended(&card(), 0, 1));
        assert_eq!(message, "I have started a meeting");
        assert_eq!(props, card());
    }

    #[test]
    fn f01_a_card_of_a_room_that_nobody_entered_has_no_link() {
        let (_, props) = render(&content(), CardState::NotStarted, &card());
        assert_eq!(status(&props), "NOT_STARTED");
        let shown = props["attachments"].to_string();
        assert!(!shown.contains("https://"), "{shown}");
    }

    #[test]
    fn labels_cannot_break_out_of_a_link() {
        assert_eq!(link("a](b)[c", "https://x/)"), "[a(b)c](https://x/%29)");
    }
}
