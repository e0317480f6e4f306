//! Which channels follow which meetings.
//!
//! The record of the meeting's number says who follows it and is the one to believe.
//! `subscription_index_{user}` lists the meetings that a user subscribed channels to. The list is
//! changed before a subscription is added and after it is removed, so it may name too much and never too
//! little.

use super::meetings::{self, Follower};
use crate::bindings::kv::{self, Expected};
use crate::bindings::types::Error;
use crate::zoom::types::number;
use serde_json::{Value, json};

const ATTEMPTS: usize = 10;
/// How many channels may follow one meeting.
const MAX_FOLLOWERS: usize = 20;
/// What the keys of meetings' records begin with.
const RECORDS: &str = "meeting_channel_";
/// How many records are looked at for an administrator's list.
const MAX_RECORDS: usize = 300;
const PER_PAGE: u32 = 1_000;
const MAX_PAGES: u32 = 50;

/// What became of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there now, or was by the same user.
    Done,
    /// Somebody else subscribed this channel.
    Others,
    /// Too many channels follow the meeting.
    Full,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// It is gone.
    Done,
    /// This channel does not follow the meeting, but others do.
    Elsewhere,
    /// Nobody follows the meeting.
    Nothing,
    /// Somebody else subscribed this channel.
    Others,
}

/// A subscription of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The meeting's number.
    pub meeting_id: u64,
    /// The channel.
    pub channel_id: String,
    /// Who subscribed it.
    pub created_by: String,
}

/// Subscribes a channel.
pub fn add(meeting_id: u64, channel_id: &str, user_id: &str) -> Result<Added, Error> {
    change_index(user_id, |ids| {
        let missing = !ids.contains(&meeting_id);
        if missing {
            ids.push(meeting_id);
        }
        missing
    })?;
    let mut added = Added::Done;
    meetings::change(meeting_id, |mapping| {
        let mut followers = mapping.followers();
        added = join(&mut followers, channel_id, user_id);
        let changed = added == Added::Done && followers != mapping.followers();
        if changed {
            mapping.follow(followers);
        }
        changed
    })?;
    if added != Added::Done {
        tidy(meeting_id, user_id)?;
    }
    Ok(added)
}

fn join(followers: &mut Vec<Follower>, channel_id: &str, user_id: &str) -> Added {
    match followers.iter().find(|one| one.channel_id == channel_id) {
        Some(known) if known.created_by == user_id => Added::Done,
        Some(_) => Added::Others,
        None if followers.len() >= MAX_FOLLOWERS => Added::Full,
        None => {
            followers.push(Follower {
                channel_id: channel_id.to_owned(),
                created_by: user_id.to_owned(),
            });
            Added::Done
        }
    }
}

/// Ends a subscription. Anybody's, if `any` is set, else only the user's own.
pub fn remove(
    meeting_id: u64,
    channel_id: &str,
    user_id: &str,
    any: bool,
) -> Result<Removed, Error> {
    let mut removed = Removed::Nothing;
    let mut creator = String::new();
    meetings::change(meeting_id, |mapping| {
        let mut followers = mapping.followers();
        let known = followers.iter().find(|one| one.channel_id == channel_id);
        removed = match known {
            Some(known) if any || known.created_by == user_id => {
                creator.clone_from(&known.created_by);
                Removed::Done
            }
            Some(_) => Removed::Others,
            None if followers.is_empty() => Removed::Nothing,
            None => Removed::Elsewhere,
        };
        if removed == Removed::Done {
            followers.retain(|one| one.channel_id != channel_id);
            mapping.follow(followers);
        }
        removed == Removed::Done
    })?;
    match removed {
        Removed::Done => tidy(meeting_id, &creator)?,
        // A removal that was cut off may have left the list.
        Removed::Nothing | Removed::Elsewhere => tidy(meeting_id, user_id)?,
        Removed::Others => {}
    }
    Ok(removed)
}

/// Ends all subscriptions that a user made. The list goes last, so that a removal that was cut off can go
/// on.
pub fn remove_all(user_id: &str) -> Result<(), Error> {
    let Some(bytes) = kv::get(&index_key(user_id))? else {
        return Ok(());
    };
    for meeting_id in listed(&bytes) {
        meetings::change(meeting_id, |mapping| {
            let before = mapping.followers();
            let mut left = before.clone();
            left.retain(|one| one.created_by != user_id);
            let changed = left != before;
            if changed {
                mapping.follow(left);
            }
            changed
        })?;
    }
    kv::delete(&index_key(user_id), &Expected::Value(bytes))
}

/// All subscriptions that a user made.
pub fn of_user(user_id: &str) -> Result<Vec<Subscription>, Error> {
    let bytes = kv::get(&index_key(user_id))?.unwrap_or_default();
    let mut all = Vec::new();
    for meeting_id in listed(&bytes) {
        let own = of_meeting(meeting_id)?.into_iter();
        all.extend(own.filter(|one| one.created_by == user_id));
    }
    Ok(all)
}

/// All subscriptions of a channel, whoever made them. For this the whole store is looked through, up to a
/// bound.
pub fn of_channel(channel_id: &str) -> Result<Vec<Subscription>, Error> {
    let mut all = Vec::new();
    let mut seen = 0;
    for page in 0..MAX_PAGES {
        let Some(keys) = kv::list(page, PER_PAGE)? else {
            break;
        };
        let numbers = keys.iter().filter_map(|key| key.strip_prefix(RECORDS));
        for meeting_id in numbers.filter_map(|number| number.parse().ok()) {
            seen += 1;
            if seen > MAX_RECORDS {
                return Ok(all);
            }
            let those = of_meeting(meeting_id)?.into_iter();
            all.extend(those.filter(|one| one.channel_id == channel_id));
        }
    }
    Ok(all)
}

fn of_meeting(meeting_id: u64) -> Result<Vec<Subscription>, Error> {
    let followers = meetings::mapping_of(meeting_id)?.unwrap_or_default();
    let followers = followers.followers().into_iter();
    Ok(followers
        .map(|one| Subscription {
            meeting_id,
            channel_id: one.channel_id,
            created_by: one.created_by,
        })
        .collect())
}

/// Takes a meeting off a user's list if no subscription of theirs is left.
fn tidy(meeting_id: u64, user_id: &str) -> Result<(), Error> {
    let left = of_meeting(meeting_id)?;
    if left.iter().any(|one| one.created_by == user_id) {
        return Ok(());
    }
    change_index(user_id, |ids| {
        let before = ids.len();
        ids.retain(|id| *id != meeting_id);
        ids.len() != before
    })
}

fn index_key(user_id: &str) -> String {
    format!("subscription_index_{user_id}")
}

fn change_index(user_id: &str, change: impl Fn(&mut Vec<u64>) -> bool) -> Result<(), Error> {
    let key = index_key(user_id);
    for _ in 0..ATTEMPTS {
        let old = kv::get(&key)?;
        let mut ids = old.as_deref().map(listed).unwrap_or_default();
        if !change(&mut ids) {
            return Ok(());
        }
        let expected = old.map_or(Expected::Absent, Expected::Value);
        let list = json!({"meeting_ids": ids}).to_string();
        match kv::set(&key, list.as_bytes(), None, &expected) {
            Err(Error::Conflict) => {}
            result => return result,
        }
    }
    Err(Error::Conflict)
}

/// The meetings of a list. What is none is left out.
fn listed(bytes: &[u8]) -> Vec<u64> {
    let index: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let ids = index.get("meeting_ids").and_then(Value::as_array);
    let numbers = ids.into_iter().flatten().map(number);
    numbers.filter(|id| *id != 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::meetings::{Announcement, Mapping};

    fn follower(channel: &str, user: &str) -> Follower {
        Follower {
            channel_id: channel.into(),
            created_by: user.into(),
        }
    }

    #[test]
    fn zm103_a_list_is_read_as_far_as_it_makes_sense() {
        let list = br#"{"meeting_ids":[85746065432,"1234567890",null,-1]}"#;
        assert_eq!(listed(list), [85_746_065_432, 1_234_567_890]);
        for odd in ["", "null", "[]", r#"{"meeting_ids":7}"#] {
            assert!(listed(odd.as_bytes()).is_empty(), "{odd}");
        }
    }

    #[test]
    fn zm100_d46_a_channel_follows_once_and_several_may() {
        let mut followers = vec![follower("a", "ann")];
        assert_eq!(join(&mut followers, "a", "ann"), Added::Done);
        assert_eq!(join(&mut followers, "a", "bob"), Added::Others);
        assert_eq!(join(&mut followers, "b", "bob"), Added::Done);
        assert_eq!(followers, [follower("a", "ann"), follower("b", "bob")]);
        followers.resize(MAX_FOLLOWERS, follower("x", "x"));
        assert_eq!(join(&mut followers, "c", "ann"), Added::Full);
    }

    #[test]
    fn zm099_d46_the_first_channel_stays_where_the_go_plugin_looks() {
        let mut mapping = Mapping::default();
        mapping.follow(vec![follower("a", "ann"), follower("b", "bob")]);
        let json = serde_json::to_value(&mapping).unwrap();
        assert_eq!(json["channel_id"], "a");
        assert_eq!(json["is_subscription"], true);
        assert_eq!(json["created_by"], "ann");
        assert_eq!(mapping.followers().len(), 2);
        mapping.follow(vec![follower("b", "bob")]);
        assert_eq!((mapping.channel_id.as_str(), mapping.also.len()), ("b", 0));
    }

    #[test]
    fn d47_only_posts_that_have_not_ended_are_left() {
        let mut mapping = Mapping::default();
        mapping.follow(vec![follower("a", "ann")]);
        mapping.posts.push(Announcement {
            post_id: "p".into(),
            channel_id: "c".into(),
            create_at: 1,
            uuid: String::new(),
        });
        mapping.follow(Vec::new());
        assert_eq!(mapping.channel_id, "c");
        assert!(!mapping.is_subscription && mapping.created_by.is_empty());
    }
}
