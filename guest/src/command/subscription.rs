//! `/zoom subscription`: channels that hear of each occurrence of a meeting.

use super::{Context, quoted};
use crate::bindings::channels::{self, Kind};
use crate::bindings::types::Error;
use crate::meeting::restriction;
use crate::oauth::session::{OpenError, Session};
use crate::oauth::{Then, invite};
use crate::store::subscriptions::{self, Added, Removed, Subscription};
use crate::text::{self, Message};
use crate::zoom;
use std::collections::BTreeMap;

/// The kind of a personal room.
const PERSONAL_ROOM: u64 = 4;
/// How many subscriptions are listed.
const MAX_LISTED: usize = 100;

type Answer = Result<Option<String>, Error>;

/// Runs what was typed after `subscription`.
pub fn run(context: &Context<'_>) -> Answer {
    match context.words {
        ["list"] => list(context),
        ["add", id @ ..] => with_number(context, id, add),
        ["remove", id @ ..] => with_number(context, id, remove),
        _ => say(context, Message::SubscriptionUsage),
    }
}

fn say(context: &Context<'_>, message: Message) -> Answer {
    Ok(Some(text::plain(context.person.locale, message)))
}

fn about(context: &Context<'_>, message: Message, id: u64) -> Answer {
    let id = id.to_string();
    let sentence = text::text(context.person.locale, message, &[("id", &id)]);
    Ok(Some(sentence))
}

/// The number of a meeting, as people copy it: with blanks or dashes in it.
fn number(words: &[&str]) -> Option<u64> {
    let digits: String = words
        .concat()
        .chars()
        .filter(|letter| *letter != '-')
        .collect();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn with_number(
    context: &Context<'_>,
    words: &[&str],
    act: fn(&Context<'_>, u64) -> Answer,
) -> Answer {
    if words.is_empty() {
        return say(context, Message::SubscriptionUsage);
    }
    match number(words) {
        Some(id) if id > 0 => {}
        _ => return say(context, Message::SubscriptionNumber),
    }
    let (user, channel) = (&context.person.id, context.place.channel_id);
    if !channels::has_permission(user, channel, "create_post")? {
        return say(context, Message::SubscriptionMayNotPost);
    }
    act(context, number(words).unwrap_or_default())
}

fn add(context: &Context<'_>, id: u64) -> Answer {
    let channel = context.place.channel_id;
    if restriction::is_restricted(context.config, channel)? {
        return say(context, Message::Restricted);
    }
    if let Some(sentence) = refusal(context, id)? {
        return Ok(Some(sentence));
    }
    match subscriptions::add(id, channel, &context.person.id)? {
        Added::Done => about(context, Message::SubscriptionAdded, id),
        Added::Others => about(context, Message::SubscriptionTaken, id),
        Added::Full => about(context, Message::SubscriptionFull, id),
    }
}

/// Why the meeting cannot be followed, in a sentence; none if it can.
fn refusal(context: &Context<'_>, id: u64) -> Answer {
    let mut session = match Session::open(context.config, context.person) {
        Ok(session) => session,
        Err(OpenError::NotConnected) => return connect(context),
        Err(OpenError::Refused(error)) => {
            return Ok(Some(error.sentence(&context.person.reader())));
        }
        Err(OpenError::Host(error)) => return Err(error),
    };
    let meeting = match session.call(|client| client.meeting(id)) {
        Ok(meeting) => meeting,
        Err(zoom::Error::NotFound) => return about(context, Message::SubscriptionUnknown, id),
        Err(zoom::Error::NotConnected) => return connect(context),
        Err(error) => return Ok(Some(error.sentence(&context.person.reader()))),
    };
    if meeting.kind == PERSONAL_ROOM {
        return say(context, Message::SubscriptionPersonal);
    }
    if context.person.is_system_admin {
        return Ok(None);
    }
    match session.call(|client| client.me()) {
        Ok(me) if me.id == meeting.host_id => Ok(None),
        Ok(_) => say(context, Message::SubscriptionNotHost),
        Err(zoom::Error::NotConnected) => connect(context),
        Err(error) => Ok(Some(error.sentence(&context.person.reader()))),
    }
}

fn connect(context: &Context<'_>) -> Answer {
    invite(context.config, context.person, context.place, Then::Nothing).map(Some)
}

fn remove(context: &Context<'_>, id: u64) -> Answer {
    let person = context.person;
    let any = person.is_system_admin;
    match subscriptions::remove(id, context.place.channel_id, &person.id, any)? {
        Removed::Done => about(context, Message::SubscriptionRemoved, id),
        Removed::Elsewhere => about(context, Message::SubscriptionElsewhere, id),
        Removed::Nothing => about(context, Message::SubscriptionNone, id),
        Removed::Others => about(context, Message::SubscriptionNotYours, id),
    }
}

/// One's own subscriptions, and for system administrators also everybody's in this channel.
fn list(context: &Context<'_>) -> Answer {
    let person = context.person;
    let mut all = subscriptions::of_user(&person.id)?;
    if person.is_system_admin {
        for one in subscriptions::of_channel(context.place.channel_id)? {
            if !all.contains(&one) {
                all.push(one);
            }
        }
    }
    if all.is_empty() {
        return say(context, Message::SubscriptionListEmpty);
    }
    all.sort_by(|one, other| {
        (one.meeting_id, &one.channel_id).cmp(&(other.meeting_id, &other.channel_id))
    });
    all.truncate(MAX_LISTED);
    let mut names = BTreeMap::new();
    let mut rows = vec![text::plain(person.locale, Message::SubscriptionListHead)];
    for Subscription {
        meeting_id,
        channel_id,
        ..
    } in &all
    {
        let name = match names.get(channel_id) {
            Some(name) => name,
            None => &*names
                .entry(channel_id.clone())
                .or_insert(channel_name(context, channel_id)?),
        };
        rows.push(format!("| {meeting_id} | {name} |"));
    }
    Ok(Some(rows.join("\n")))
}

/// A channel's name as the reader may see it. Within the team of the command it is a link.
fn channel_name(context: &Context<'_>, channel_id: &str) -> Result<String, Error> {
    let locale = context.person.locale;
    let channel = match channels::get(channel_id) {
        Ok(channel) => channel,
        Err(Error::NotFound) => return Ok(text::plain(locale, Message::ChannelGone)),
        Err(error) => return Err(error),
    };
    let hidden = channel.kind != Kind::Open
        && !context.person.is_system_admin
        && !channels::is_member(channel_id, &context.person.id)?;
    Ok(match channel.kind {
        _ if hidden => text::plain(locale, Message::ChannelHidden),
        _ if channel.archived => text::plain(locale, Message::ChannelArchived),
        Kind::Direct | Kind::Group => text::plain(locale, Message::ChannelDirect),
        Kind::Open | Kind::Private if channel.team_id == context.team_id => {
            format!("~{}", channel.name)
        }
        Kind::Open | Kind::Private => quoted(&channel.display_name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm028_a_number_may_have_blanks_and_dashes() {
        assert_eq!(number(&["123", "4567", "8901"]), Some(12_345_678_901));
        assert_eq!(number(&["123-4567-8901"]), Some(12_345_678_901));
        for odd in ["", "x", "12x", "-", "+1", "99999999999999999999999"] {
            assert_eq!(number(&[odd]), None, "{odd}");
        }
    }
}
