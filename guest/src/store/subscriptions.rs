//! Subscriptions of channels to meetings.
//!
//! The record of the meeting's number is authoritative. The lists of [`super::subscription_index`] lead to it from a user
//! and from a channel.

use crate::bindings::types::Error;
use crate::store::meeting_number::{self, Follower, MAX_CHANNELS};
use crate::store::subscription_index as index;
use crate::store::subscription_index::List;

/// The result of adding a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// The channel follows the meeting. The same user may have subscribed it before.
    Done,
    /// Another user has subscribed this channel.
    Others,
    /// Too many channels follow the meeting.
    Full,
}

/// The result of removing a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// The subscription is removed.
    Done,
    /// This channel does not follow the meeting, but other channels of the user do.
    Elsewhere,
    /// No channel follows the meeting, as far as the user may know.
    Nothing,
    /// Another user has subscribed this channel.
    Others,
}

/// A subscription of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The meeting's number.
    pub meeting_id: u64,
    /// The channel.
    pub channel_id: String,
    /// The user who subscribed the channel.
    pub created_by: String,
}

/// Subscribes a channel. The lists are changed first, so that they never lack a subscription.
pub fn add(meeting_id: u64, channel_id: &str, user_id: &str) -> Result<Added, Error> {
    index::add(List::User(user_id), meeting_id)?;
    index::add(List::Channel(channel_id), meeting_id)?;
    let mut added = Added::Done;
    let mut left = Vec::new();
    meeting_number::change(meeting_id, |number| {
        let mut followers = number.followers();
        added = add_follower(&mut followers, channel_id, user_id);
        let changed = added == Added::Done && followers != number.followers();
        if changed {
            number.set_followers(followers);
        }
        left = number.followers();
        changed
    })?;
    if added != Added::Done {
        remove_from_lists(meeting_id, &left, user_id, channel_id)?;
    }
    Ok(added)
}

fn add_follower(followers: &mut Vec<Follower>, channel_id: &str, user_id: &str) -> Added {
    match followers.iter().find(|one| one.channel_id == channel_id) {
        Some(known) if known.created_by == user_id => Added::Done,
        Some(_) => Added::Others,
        None if followers.len() >= MAX_CHANNELS => Added::Full,
        None => {
            followers.push(Follower {
                channel_id: channel_id.to_owned(),
                created_by: user_id.to_owned(),
            });
            Added::Done
        }
    }
}

/// Removes a subscription. If `any` is false, only the user's own.
pub fn remove(
    meeting_id: u64,
    channel_id: &str,
    user_id: &str,
    any: bool,
) -> Result<Removed, Error> {
    let mut removed = Removed::Nothing;
    let mut creator = String::new();
    let mut left = Vec::new();
    meeting_number::change(meeting_id, |number| {
        let mut followers = number.followers();
        let known = followers.iter().find(|one| one.channel_id == channel_id);
        removed = match known {
            Some(known) if any || known.created_by == user_id => {
                creator.clone_from(&known.created_by);
                Removed::Done
            }
            Some(_) => Removed::Others,
            None if any || followers.iter().any(|one| one.created_by == user_id) => {
                match followers.is_empty() {
                    true => Removed::Nothing,
                    false => Removed::Elsewhere,
                }
            }
            // Do not reveal which meetings other channels follow.
            None => Removed::Nothing,
        };
        if removed == Removed::Done {
            followers.retain(|one| one.channel_id != channel_id);
            number.set_followers(followers);
        }
        left = number.followers();
        removed == Removed::Done
    })?;
    match removed {
        Removed::Done => remove_from_lists(meeting_id, &left, &creator, channel_id)?,
        // An interrupted removal may have left entries in the lists.
        Removed::Nothing | Removed::Elsewhere => {
            remove_from_lists(meeting_id, &left, user_id, channel_id)?
        }
        Removed::Others => {}
    }
    Ok(removed)
}

/// Removes all subscriptions of a user. The user's list is deleted last, so that an interrupted removal can continue.
pub fn remove_all(user_id: &str) -> Result<(), Error> {
    for meeting_id in index::load(List::User(user_id))? {
        let mut channels = Vec::new();
        meeting_number::change(meeting_id, |number| {
            let (own, left): (Vec<_>, Vec<_>) = number
                .followers()
                .into_iter()
                .partition(|one| one.created_by == user_id);
            channels = own.into_iter().map(|one| one.channel_id).collect();
            if !channels.is_empty() {
                number.set_followers(left);
            }
            !channels.is_empty()
        })?;
        for channel_id in channels {
            index::remove(List::Channel(&channel_id), meeting_id)?;
        }
    }
    index::delete(List::User(user_id))
}

/// All subscriptions of a user.
pub fn of_user(user_id: &str) -> Result<Vec<Subscription>, Error> {
    let mut all = Vec::new();
    for meeting_id in index::load(List::User(user_id))? {
        let those = of_meeting(meeting_id)?.into_iter();
        all.extend(those.filter(|one| one.created_by == user_id));
    }
    Ok(all)
}

/// All subscriptions of a channel.
pub fn of_channel(channel_id: &str) -> Result<Vec<Subscription>, Error> {
    let mut all = Vec::new();
    for meeting_id in index::load(List::Channel(channel_id))? {
        let those = of_meeting(meeting_id)?.into_iter();
        all.extend(those.filter(|one| one.channel_id == channel_id));
    }
    Ok(all)
}

fn of_meeting(meeting_id: u64) -> Result<Vec<Subscription>, Error> {
    let number = meeting_number::load(meeting_id)?.unwrap_or_default();
    let followers = number.followers().into_iter();
    Ok(followers
        .map(|one| Subscription {
            meeting_id,
            channel_id: one.channel_id,
            created_by: one.created_by,
        })
        .collect())
}

/// Removes a meeting from the lists of a user and of a channel if they have no subscription left.
fn remove_from_lists(
    meeting_id: u64,
    left: &[Follower],
    user_id: &str,
    channel_id: &str,
) -> Result<(), Error> {
    if !left.iter().any(|one| one.created_by == user_id) {
        index::remove(List::User(user_id), meeting_id)?;
    }
    if !left.iter().any(|one| one.channel_id == channel_id) {
        index::remove(List::Channel(channel_id), meeting_id)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::meeting_number::Number;

    fn follower(channel: &str, user: &str) -> Follower {
        Follower {
            channel_id: channel.into(),
            created_by: user.into(),
        }
    }

    #[test]
    fn zm100_d46_several_channels_may_follow_a_meeting_each_once() {
        let mut followers = vec![follower("a", "ann")];
        assert_eq!(add_follower(&mut followers, "a", "ann"), Added::Done);
        assert_eq!(add_follower(&mut followers, "a", "bob"), Added::Others);
        assert_eq!(add_follower(&mut followers, "b", "bob"), Added::Done);
        assert_eq!(followers, [follower("a", "ann"), follower("b", "bob")]);
        followers.resize(MAX_CHANNELS, follower("x", "x"));
        assert_eq!(add_follower(&mut followers, "c", "ann"), Added::Full);
    }

    #[test]
    fn zm099_d46_the_first_channel_stays_where_the_go_plugin_looks() {
        let mut number = Number::default();
        number.set_followers(vec![follower("a", "ann"), follower("b", "bob")]);
        let json = serde_json::to_value(&number).unwrap();
        assert_eq!(json["channel_id"], "a");
        assert_eq!(json["is_subscription"], true);
        assert_eq!(json["created_by"], "ann");
        assert_eq!(number.followers().len(), 2);
        number.set_followers(vec![follower("b", "bob")]);
        assert_eq!((number.channel_id.as_str(), number.also.len()), ("b", 0));
    }

    #[test]
    fn d47_without_followers_only_the_last_start_is_left() {
        let mut number = Number::default();
        number.set_followers(vec![follower("a", "ann")]);
        number.link_occurrence(crate::store::occurrence_reference::OccurrenceReference {
            channel_id: "c".into(),
            ..Default::default()
        });
        assert_eq!(number.channel_id, "a");
        number.set_followers(Vec::new());
        assert_eq!(number.channel_id, "c");
        assert!(!number.is_subscription && number.created_by.is_empty());
    }
}
