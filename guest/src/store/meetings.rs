//! Which post announces which meeting.
//!
//! `post_meeting_{uuid}` leads from one occurrence of a meeting to its post; the value is the bare
//! post id. `meeting_channel_{number}` leads from a meeting's number to its channel and to the posts
//! that announce it and have not ended: a personal room has one number for good, and a UUID only once
//! somebody is in it. A record of a subscription keeps its fields and never expires.
//!
//! A post's id is known only when the post is there, and a process may die in that moment. So the number's
//! record says first that a post is under way and where; what is found there then is taken for it, if the
//! host knows the post for one of ours.

use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::fmt::Write;

/// How long a meeting is remembered, in seconds: recordings may come weeks later.
const LIFETIME: u64 = 30 * 24 * 3600;
/// The store's limit.
const MAX_KEY: usize = 150;
/// More announcements of one room than anybody has at once; older ones are dropped.
const MAX_POSTS: usize = 10;
const ATTEMPTS: usize = 5;

/// A post that announces a meeting.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The post's id; empty while the post is under way.
    pub post_id: String,
    /// Its channel.
    pub channel_id: String,
    /// When it was written or begun, in milliseconds.
    pub create_at: i64,
    /// The occurrence that it announces, where a record leads from there to the post; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uuid: String,
}

impl Announcement {
    /// Whether the post was still to be written.
    pub fn is_under_way(&self) -> bool {
        self.post_id.is_empty()
    }
}

/// A channel that follows a meeting for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follower {
    /// The channel.
    pub channel_id: String,
    /// Who subscribed it.
    pub created_by: String,
}

/// The record of a meeting's number.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    /// The channel that the meeting was first announced in.
    #[serde(default)]
    pub channel_id: String,
    /// Whether the channel follows this meeting for good.
    #[serde(default)]
    pub is_subscription: bool,
    /// Who subscribed, or empty.
    #[serde(default)]
    pub created_by: String,
    /// Further channels that follow it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Follower>,
    /// Posts that have not ended, oldest first.
    #[serde(default)]
    pub posts: Vec<Announcement>,
    /// What other versions keep here.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Mapping {
    /// Adds a post. The channel stays that of the first post which has not ended.
    pub fn announce(&mut self, announcement: Announcement) {
        if !self.is_subscription && self.posts.is_empty() {
            self.channel_id.clone_from(&announcement.channel_id);
        }
        self.posts
            .retain(|post| post.is_under_way() || post.post_id != announcement.post_id);
        self.posts.push(announcement);
        let surplus = self.posts.len().saturating_sub(MAX_POSTS);
        self.posts.drain(..surplus);
    }

    /// Takes posts out. Answers whether that changed anything. With the last one the channel goes as well:
    /// a room is next used for something else, which is none of the channel's business. What still comes
    /// about the meeting that is over finds its post by the UUID.
    pub fn forget(&mut self, is_over: impl Fn(&Announcement) -> bool) -> bool {
        let before = (self.posts.len(), self.channel_id.len());
        self.posts.retain(|post| !is_over(post));
        if self.posts.is_empty() && !self.is_subscription {
            self.channel_id.clear();
        }
        (self.posts.len(), self.channel_id.len()) != before
    }

    /// All channels that follow the meeting.
    pub fn followers(&self) -> Vec<Follower> {
        let first = Follower {
            channel_id: self.channel_id.clone(),
            created_by: self.created_by.clone(),
        };
        let first = (self.is_subscription && !self.channel_id.is_empty()).then_some(first);
        first.into_iter().chain(self.also.iter().cloned()).collect()
    }

    /// Sets the channels that follow the meeting. The first one is kept where earlier versions look.
    pub fn follow(&mut self, followers: Vec<Follower>) {
        let mut followers = followers.into_iter();
        match followers.next() {
            Some(first) => {
                self.is_subscription = true;
                self.channel_id = first.channel_id;
                self.created_by = first.created_by;
            }
            None => {
                self.is_subscription = false;
                self.created_by.clear();
                let announced = self.posts.first().map(|post| post.channel_id.clone());
                self.channel_id = announced.unwrap_or_default();
            }
        }
        self.also = followers.collect();
    }

    /// Whether nothing of it is worth keeping.
    fn is_empty(&self) -> bool {
        !self.is_subscription && self.posts.is_empty() && self.channel_id.is_empty()
    }

    fn lifetime(&self) -> Option<u64> {
        (!self.is_subscription).then_some(LIFETIME)
    }
}

/// A UUID as part of a key, escaped as Go escapes a segment of a path: existing keys are written so.
pub fn escape(uuid: &str) -> String {
    let mut escaped = String::with_capacity(uuid.len());
    for byte in uuid.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => escaped.push(char::from(byte)),
            b'-' | b'_' | b'.' | b'~' | b'$' | b'&' | b'+' | b'=' | b':' | b'@' => {
                escaped.push(char::from(byte))
            }
            // Writing to a string does not fail.
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

/// Where the post of an occurrence is; none for a UUID that no key can hold.
fn post_key(uuid: &str) -> Option<String> {
    let key = format!("post_meeting_{}", escape(uuid));
    (!uuid.is_empty() && key.len() <= MAX_KEY).then_some(key)
}

fn mapping_key(meeting_id: u64) -> String {
    format!("meeting_channel_{meeting_id}")
}

/// The post of this occurrence.
pub fn post_of(uuid: &str) -> Result<Option<String>, Error> {
    let Some(key) = post_key(uuid) else {
        return Ok(None);
    };
    Ok(kv::get(&key)?
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|id| !id.is_empty()))
}

/// Ties an occurrence to one more post: one meeting may be announced in several channels.
pub fn bind_also(uuid: &str, post_id: &str) -> Result<(), Error> {
    bind(uuid, post_id)?;
    let Some(key) = more_key(uuid) else {
        return Ok(());
    };
    if post_of(uuid)?.is_none_or(|first| first == post_id) {
        return Ok(());
    }
    for _ in 0..ATTEMPTS {
        let old = kv::get(&key)?;
        let mut more = old.as_deref().map(post_ids).unwrap_or_default();
        if more.iter().any(|id| id == post_id) || more.len() >= MAX_POSTS {
            return Ok(());
        }
        more.push(post_id.to_owned());
        let bytes = serde_json::to_vec(&more).map_err(|error| Error::Invalid(error.to_string()))?;
        let expected = old.map_or(Expected::Absent, Expected::Value);
        match kv::set(&key, &bytes, Some(LIFETIME), &expected) {
            Err(Error::Conflict) => {}
            result => return result,
        }
    }
    Err(Error::Conflict)
}

/// Where further posts of an occurrence are listed.
fn more_key(uuid: &str) -> Option<String> {
    let key = format!("posts_of_meeting_{}", escape(uuid));
    (!uuid.is_empty() && key.len() <= MAX_KEY).then_some(key)
}

fn post_ids(bytes: &[u8]) -> Vec<String> {
    serde_json::from_slice(bytes).unwrap_or_default()
}

/// Ties an occurrence to its post. The first post stays.
pub fn bind(uuid: &str, post_id: &str) -> Result<(), Error> {
    let Some(key) = post_key(uuid) else {
        return Ok(());
    };
    match kv::set(&key, post_id.as_bytes(), Some(LIFETIME), &Expected::Absent) {
        Ok(()) | Err(Error::Conflict) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The record of this number. One that cannot be read counts as none.
pub fn mapping_of(meeting_id: u64) -> Result<Option<Mapping>, Error> {
    Ok(kv::get(&mapping_key(meeting_id))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Remembers that a post announces a meeting, or is about to.
pub fn announce(meeting_id: u64, announcement: &Announcement) -> Result<(), Error> {
    let mut mapping = Mapping::default();
    mapping.announce(announcement.clone());
    match store(meeting_id, &mapping, Expected::Absent) {
        Err(Error::Conflict) => {}
        other => return other,
    }
    change(meeting_id, |mapping| {
        mapping.announce(announcement.clone());
        true
    })
}

/// Puts the post that is there in the place of the one that was under way.
pub fn posted(
    meeting_id: u64,
    under_way: &Announcement,
    announcement: &Announcement,
) -> Result<(), Error> {
    change(meeting_id, |mapping| {
        mapping.posts.retain(|post| post != under_way);
        mapping.announce(announcement.clone());
        true
    })
}

/// Remembers that posts have ended, or have not come to be.
pub fn forget(meeting_id: u64, is_over: impl Fn(&Announcement) -> bool) -> Result<(), Error> {
    change(meeting_id, |mapping| mapping.forget(&is_over))
}

/// The posts of an occurrence, also after it ended.
pub fn posts_of(uuid: &str) -> Result<Vec<String>, Error> {
    let Some(first) = post_of(uuid)? else {
        return Ok(Vec::new());
    };
    let mut posts = vec![first];
    if let Some(key) = more_key(uuid) {
        posts.extend(kv::get(&key)?.as_deref().map(post_ids).unwrap_or_default());
    }
    Ok(posts)
}

fn store(meeting_id: u64, mapping: &Mapping, expected: Expected) -> Result<(), Error> {
    if mapping.is_empty() {
        return match expected {
            Expected::Absent => Ok(()),
            expected => kv::delete(&mapping_key(meeting_id), &expected),
        };
    }
    let bytes = serde_json::to_vec(mapping).map_err(|error| Error::Invalid(error.to_string()))?;
    kv::set(
        &mapping_key(meeting_id),
        &bytes,
        mapping.lifetime(),
        &expected,
    )
}

/// Changes a record by compare-and-set. `change` answers whether it changed anything.
pub fn change(meeting_id: u64, mut change: impl FnMut(&mut Mapping) -> bool) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        let (mut mapping, expected) = match kv::get(&mapping_key(meeting_id))? {
            Some(bytes) => (
                serde_json::from_slice(&bytes).unwrap_or_default(),
                Expected::Value(bytes),
            ),
            None => (Mapping::default(), Expected::Absent),
        };
        if !change(&mut mapping) {
            return Ok(());
        }
        match store(meeting_id, &mapping, expected) {
            Err(Error::Conflict) => {}
            other => return other,
        }
    }
    Err(Error::Conflict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn post(id: &str, channel: &str) -> Announcement {
        Announcement {
            post_id: id.into(),
            channel_id: channel.into(),
            create_at: 1,
            uuid: String::new(),
        }
    }

    #[test]
    fn uuids_are_escaped_as_go_does() {
        assert_eq!(
            escape("/ab+c/d==#?;,é [x]"),
            "%2Fab+c%2Fd==%23%3F%3B%2C%C3%A9%20%5Bx%5D"
        );
        assert_eq!(escape("-_.~$&+=:@"), "-_.~$&+=:@");
    }

    #[test]
    fn a_uuid_too_long_for_a_key_has_none() {
        assert_eq!(post_key(""), None);
        assert_eq!(post_key(&"/".repeat(60)), None);
        assert_eq!(post_key("a=").as_deref(), Some("post_meeting_a="));
    }

    #[test]
    fn records_of_the_old_plugin_are_read() {
        let old = r#"{"channel_id":"c","is_subscription":true,"created_by":"u"}"#;
        let mapping: Mapping = serde_json::from_str(old).unwrap();
        assert!(mapping.is_subscription && mapping.posts.is_empty());
        assert_eq!(mapping.lifetime(), None);
    }

    #[test]
    fn d18_a_room_announced_in_two_channels_keeps_both_posts() {
        let mut mapping = Mapping::default();
        mapping.announce(post("p1", "a"));
        mapping.announce(post("p2", "b"));
        assert_eq!(mapping.channel_id, "a");
        assert_eq!(mapping.posts.len(), 2);
        assert!(mapping.forget(|post| post.post_id == "p1"));
        assert_eq!(mapping.posts.len(), 1);
        assert!(mapping.forget(|post| post.post_id == "p2"));
        assert!(mapping.is_empty(), "nothing leads to a former channel");
        assert!(!mapping.forget(|post| post.post_id == "p1"));
        mapping.announce(post("p3", "c"));
        assert_eq!(mapping.channel_id, "c");
    }

    #[test]
    fn d61_posts_that_are_under_way_do_not_displace_each_other() {
        let mut mapping = Mapping::default();
        mapping.announce(post("", "a"));
        mapping.announce(post("", "b"));
        mapping.announce(post("p", "b"));
        assert_eq!(mapping.posts.len(), 3);
        assert_eq!(mapping.channel_id, "a");
    }

    #[test]
    fn a_subscription_keeps_what_it_is() {
        let json = r#"{"channel_id":"c","is_subscription":true,"created_by":"u","later":[1]}"#;
        let mut mapping: Mapping = serde_json::from_str(json).unwrap();
        mapping.announce(post("p", "d"));
        let written = serde_json::to_value(&mapping).unwrap();
        assert_eq!(written["channel_id"], "c");
        assert_eq!(written["created_by"], "u");
        assert_eq!(written["later"], serde_json::json!([1]));
    }

    proptest! {
        #[test]
        fn an_escaped_uuid_has_only_characters_of_a_key(uuid in ".*") {
            let escaped = escape(&uuid);
            prop_assert!(escaped.is_ascii() && !escaped.contains('/'));
            let back = percent_encoding::percent_decode_str(&escaped).decode_utf8().unwrap().into_owned();
            prop_assert_eq!(back, uuid);
        }
    }
}
