//! Posts of an earlier plugin with the same id, which this one may go on with.
//!
//! A plugin may change only posts that it created. One that replaces another finds posts that its
//! predecessor created and records in the key-value store that say so. The policy names the form of those
//! records: a key with properties of the post in it, and what the record must hold. As properties and
//! records can be written by others than the predecessor, a rule is also bound to one kind of post, and to
//! posts that are older than the first activation of this host.

use std::fmt;

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::Post;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

/// What Go's `url.PathEscape` leaves as it is.
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

/// A rule of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adoption {
    /// The kind of the posts.
    kind: String,
    /// The key of the record; `{name}` stands for the post's property of that name, path-escaped.
    record: String,
    /// What it must hold.
    holds: Holds,
}

/// What a record must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Holds {
    /// The post's id, and nothing else.
    Id,
    /// A JSON object whose `channel_id` is the post's.
    ChannelId,
}

impl Adoption {
    /// Whether the template can be filled in.
    pub(crate) fn is_sound(&self) -> bool {
        self.kind.starts_with("custom_") && self.parts().is_some()
    }

    /// The kind of the posts that it is about.
    pub(crate) fn kind(&self) -> &str {
        &self.kind
    }

    /// Text before the property, its name, text after it.
    fn parts(&self) -> Option<(&str, &str, &str)> {
        let (before, rest) = self.record.split_once('{')?;
        let (name, after) = rest.split_once('}')?;
        let plain = |text: &str| !text.contains(['{', '}']);
        let sound = !before.is_empty() && !before.starts_with('_') && !name.is_empty();
        (sound && plain(name) && plain(after)).then_some((before, name, after))
    }

    /// Where the record of this post would be.
    pub(crate) fn key(&self, post: &Post) -> Option<String> {
        let (before, name, after) = self.parts()?;
        if post.kind != self.kind {
            return None;
        }
        let value = text(post.props.get(name)?)?;
        let value = utf8_percent_encode(&value, PATH_SEGMENT);
        Some(format!("{before}{value}{after}"))
    }

    /// Whether the record leads to this post.
    pub(crate) fn leads_to(&self, record: &[u8], post: &Post) -> bool {
        match self.holds {
            Holds::Id => record == post.id.as_bytes(),
            Holds::ChannelId => {
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

impl fmt::Display for Adoption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let holds = match self.holds {
            Holds::Id => "its id",
            Holds::ChannelId => "its channel",
        };
        let Self { kind, record, .. } = self;
        write!(f, "a {kind} whose record {record} holds {holds}")
    }
}

/// A property as it appears in a key: text, or a whole number.
fn text(value: &Any) -> Option<String> {
    match value.to_json() {
        serde_json::Value::String(text) if !text.is_empty() => Some(text),
        serde_json::Value::Number(number) => whole(&number).map(|number| number.to_string()),
        _ => None,
    }
}

/// JSON's numbers come back from the database as floating-point ones.
fn whole(number: &serde_json::Number) -> Option<u64> {
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

    fn rule(record: &str, holds: &str) -> Adoption {
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
    fn a_number_is_written_without_a_fraction() {
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
    fn a_record_leads_to_the_post_it_names_and_to_no_other() {
        let any = post("x", json!(1));
        assert!(rule("a{x}", "id").leads_to(b"post", &any));
        assert!(!rule("a{x}", "id").leads_to(b"post2", &any));
        let by_channel = rule("a{x}", "channel_id");
        assert!(by_channel.leads_to(br#"{"channel_id":"channel","created_by":""}"#, &any));
        assert!(!by_channel.leads_to(br#"{"channel_id":"other"}"#, &any));
        assert!(!by_channel.leads_to(b"channel", &any));
    }

    #[test]
    fn a_rule_without_a_property_or_for_the_hosts_keys_is_no_rule() {
        for record in ["plain", "{id}", "_post_{id}", "a{b", "a{}", "a{b}{c}"] {
            assert!(!rule(record, "id").is_sound(), "{record}");
        }
        assert!(rule("a{b}", "id").is_sound());
    }
}
