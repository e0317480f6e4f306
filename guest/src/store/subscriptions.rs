//! Which channels follow which meetings.
//!
//! The record of the meeting's number says who follows it, and is right. The lists of
//! [`super::subscription_index`] lead there: from a user, and from a channel.

use crate::bindings::types::Error;
use crate::store::meeting_number::{self, Follower, MAX_CHANNELS};
use crate::store::subscription_index as index;
use crate::store::subscription_index::List;

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
    /// This channel does not follow the meeting, but others do that the user may know of.
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

/// Subscribes a channel. The lists come first, so that they may name too much and never too little.
pub fn add(meeting_id: u64, channel_id: &str, user_id: &str) -> Result<Added, Error> {
    index::add(List::User(user_id), meeting_id)?;
    index::add(List::Channel(channel_id), meeting_id)?;
    let mut added = Added::Done;
    let mut left = Vec::new();
    meeting_number::change(meeting_id, |number| {
        let mut followers = number.followers();
        added = join(&mut followers, channel_id, user_id);
        let changed = added == Added::Done && followers != number.followers();
        if changed {
            number.follow(followers);
        }
        left = number.followers();
        changed
    })?;
    if added != Added::Done {
        tidy(meeting_id, &left, user_id, channel_id)?;
    }
    Ok(added)
}

fn join(followers: &mut Vec<Follower>, channel_id: &str, user_id: &str) -> Added {
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

/// Ends a subscription. Anybody's, if `any` is set, else only the user's own.
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
            // Nobody learns which meetings other channels follow.
            None => Removed::Nothing,
        };
        if removed == Removed::Done {
            followers.retain(|one| one.channel_id != channel_id);
            number.follow(followers);
        }
        left = number.followers();
        removed == Removed::Done
    })?;
    match removed {
        Removed::Done => tidy(meeting_id, &left, &creator, channel_id)?,
        // A removal that was cut off may have left the lists.
        Removed::Nothing | Removed::Elsewhere => tidy(meeting_id, &left, user_id, channel_id)?,
        Removed::Others => {}
    }
    Ok(removed)
}

/// Ends all subscriptions of a user. The user's list goes last, so that a removal that was cut off can continue.
pub fn remove_all(user_id: &str) -> Result<(), Error> {
    for meeting_id in index::of(List::User(user_id))? {
        let mut channels = Vec::new();
        meeting_number::change(meeting_id, |number| {
            let (own, left): (Vec<_>, Vec<_>) = number
                .followers()
                .into_iter()
                .partition(|one| one.created_by == user_id);
            channels = own.into_iter().map(|one| one.channel_id).collect();
            if !channels.is_empty() {
                number.follow(left);
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
    for meeting_id in index::of(List::User(user_id))? {
        let those = of_meeting(meeting_id)?.into_iter();
        all.extend(those.filter(|one| one.created_by == user_id));
    }
    Ok(all)
}

/// All subscriptions of a channel, whoever made them.
pub fn of_channel(channel_id: &str) -> Result<Vec<Subscription>, Error> {
    let mut all = Vec::new();
    for meeting_id in index::of(List::Channel(channel_id))? {
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

/// Takes a meeting off the lists of a user and of a channel if no subscription of theirs is left.
fn tidy(meeting_id: u64, left: &[Follower], user_id: &str, channel_id: &str) -> Result<(), Error> {
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
    fn zm100_d46_a_channel_follows_once_and_several_may() {
        let mut followers = vec![follower("a", "ann")];
        assert_eq!(join(&mut followers, "a", "ann"), Added::Done);
        assert_eq!(join(&mut followers, "a", "bob"), Added::Others);
        assert_eq!(join(&mut followers, "b", "bob"), Added::Done);
        assert_eq!(followers, [follower("a", "ann"), follower("b", "bob")]);
        followers.resize(MAX_CHANNELS, follower("x", "x"));
        assert_eq!(join(&mut followers, "c", "ann"), Added::Full);
    }

    #[test]
    fn zm099_d46_the_first_channel_stays_where_the_go_plugin_looks() {
        let mut number = Number::default();
        number.follow(vec![follower("a", "ann"), follower("b", "bob")]);
        let json = serde_json::to_value(&number).unwrap();
        assert_eq!(json["channel_id"], "a");
        assert_eq!(json["is_subscription"], true);
        assert_eq!(json["created_by"], "ann");
        assert_eq!(number.followers().len(), 2);
        number.follow(vec![follower("b", "bob")]);
        assert_eq!((number.channel_id.as_str(), number.also.len()), ("b", 0));
    }

    #[test]
    fn d47_without_followers_only_the_last_start_is_left() {
        let mut number = Number::default();
        number.follow(vec![follower("a", "ann")]);
        number.refer(crate::store::occurrence_reference::Reference {
            channel_id: "c".into(),
            ..Default::default()
        });
        assert_eq!(number.channel_id, "a");
        number.follow(Vec::new());
        assert_eq!(number.channel_id, "c");
        assert!(!number.is_subscription && number.created_by.is_empty());
    }
}
