//! Posts of an earlier plugin with the same ID, which this plugin may continue.
//!
//! A plugin may change only posts that it created. A plugin that replaces another finds posts of its predecessor, and records
//! in the key-value store that identify them. The policy describes those records: a key that contains a prop of the
//! post, and the content of the record. Others can write props and records too, so a rule also requires a kind
//! of post, and posts that are older than the first activation of this host.

use std::fmt;

use mattermost_plugin_rpc::mattermost::{Any, Post};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// The characters that Go's `url.PathEscape` does not escape.
const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// A rule for one kind of post.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegacyPostRule {
    /// The kind of the posts.
    kind: String,
    /// The key of the record; `{name}` is replaced by the post's prop of that name, path-escaped.
    record: String,
    /// The required content of the record.
    holds: RecordContent,
}

/// The required content of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RecordContent {
    /// The post's ID, and nothing else.
    Id,
    /// A JSON object whose `channel_id` is the post's.
    ChannelId,
}

impl LegacyPostRule {
    /// Whether the template is well-formed.
    pub(crate) fn is_valid(&self) -> bool {
        self.kind.starts_with("custom_") && self.parts().is_some()
    }

    /// The kind of the posts.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// The text before the prop, the name of the prop, and the text after it.
    fn parts(&self) -> Option<(&str, &str, &str)> {
        let (before, rest) = self.record.split_once('{')?;
        let (name, after) = rest.split_once('}')?;
        let plain = |text: &str| !text.contains(['{', '}']);
        let sound = !before.is_empty() && !before.starts_with('_') && !name.is_empty();
        (sound && plain(name) && plain(after)).then_some((before, name, after))
    }

    /// The key of this post's record.
    pub(crate) fn key(&self, post: &Post) -> Option<String> {
        let (before, name, after) = self.parts()?;
        if post.kind != self.kind {
            return None;
        }
        let value = text(post.props.get(name)?)?;
        let value = utf8_percent_encode(&value, PATH_SEGMENT);
        Some(format!("{before}{value}{after}"))
    }

    /// Whether the record identifies this post.
    pub(crate) fn matches(&self, record: &[u8], post: &Post) -> bool {
        match self.holds {
            RecordContent::Id => record == post.id.as_bytes(),
            RecordContent::ChannelId => {
                #[derive(Deserialize)]
                struct Record {
                    channel_id: String,
                }
                serde_json::from_slice::<Record>(record)
                    .is_ok_and(|record| record.channel_id == post.channel_id)
            }
        }
    }
}

impl fmt::Display for LegacyPostRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = match self.holds {
            RecordContent::Id => "its id",
            RecordContent::ChannelId => "its channel",
        };
        let Self { kind, record, .. } = self;
        write!(f, "a {kind} whose record {record} holds {holds}")
    }
}

/// The value of a prop in a key: a string or a whole number.
fn text(value: &Any) -> Option<String> {
    match value.to_json() {
        serde_json::Value::String(text) if !text.is_empty() => Some(text),
        serde_json::Value::Number(number) => whole_number(&number).map(|number| number.to_string()),
        _ => None,
    }
}

/// The database returns JSON numbers as floating-point numbers.
fn whole_number(number: &serde_json::Number) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_u64().or_else(|| {
        let number = number.as_f64()?;
        let sound = number.fract() == 0.0 && (0.0..=EXACT).contains(&number);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "just checked"
        )]
        sound.then_some(number as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn rule(record: &str, holds: &str) -> LegacyPostRule {
        let rule = json!({"kind": "custom_call", "record": record, "holds": holds});
        serde_json::from_value(rule).unwrap()
    }

    fn post(name: &str, value: serde_json::Value) -> Post {
        Post {
            id: "post".to_owned(),
            channel_id: "channel".to_owned(),
            kind: "custom_call".to_owned(),
            props: [(name.to_owned(), Any::from_json(value))].into(),
            ..Post::default()
        }
    }

    #[test]
    fn zm105_a_key_is_filled_in_and_escaped_as_go_does() {
        let rule = rule("call_{uuid}", "id");
        let key = rule.key(&post("uuid", json!("a/b+c== d")));
        assert_eq!(key.as_deref(), Some("call_a%2Fb+c==%20d"));
        assert_eq!(rule.key(&post("uuid", json!(""))), None);
        assert_eq!(rule.key(&post("other", json!("x"))), None);
        let mut foreign = post("uuid", json!("x"));
        foreign.kind = "custom_other".to_owned();
        assert_eq!(rule.key(&foreign), None);
    }

    #[test]
    fn whole_numbers_are_written_without_a_fraction() {
        let rule = rule("call_{id}", "channel_id");
        for number in [json!(84_312_345_678_u64), json!(84_312_345_678.0)] {
            let key = rule.key(&post("id", number));
            assert_eq!(key.as_deref(), Some("call_84312345678"));
        }
        for number in [json!(-1), json!(1.5), json!(1e300)] {
            assert_eq!(rule.key(&post("id", number)), None);
        }
    }

    #[test]
    fn a_record_matches_only_the_post_it_names() {
        let any = post("x", json!(1));
        assert!(rule("a{x}", "id").matches(b"post", &any));
        assert!(!rule("a{x}", "id").matches(b"post2", &any));
        let by_channel = rule("a{x}", "channel_id");
        assert!(by_channel.matches(br#"{"channel_id":"channel","created_by":""}"#, &any));
        assert!(!by_channel.matches(br#"{"channel_id":"other"}"#, &any));
        assert!(!by_channel.matches(b"channel", &any));
    }

    #[test]
    fn rules_without_a_prop_or_for_the_hosts_keys_are_rejected() {
        for record in ["plain", "{id}", "_post_{id}", "a{b", "a{}", "a{b}{c}"] {
            assert!(!rule(record, "id").is_valid(), "{record}");
        }
        assert!(rule("a{b}", "id").is_valid());
    }
}
