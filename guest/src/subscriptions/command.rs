//! `/zoom subscription`: channels in which each occurrence of a meeting is announced.

use crate::bindings::channels::{self, Kind};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::link::{Then, invite};
use crate::connection::session::{OpenError, Session};
use crate::platform::channels::tell;
use crate::platform::command::invocation::{Context, quoted};
use crate::preferences::restriction;
use crate::store::subscriptions::{self, Added, Removed, Subscription};
use crate::text::{self, Message};
use crate::zoom;
use std::collections::BTreeMap;

/// How many subscriptions one message lists.
const ROWS: usize = 100;

type Answer = Result<Option<String>, Error>;

/// Runs what was typed after `subscription`.
pub fn run(config: &Config, context: &Context<'_>) -> Answer {
    match context.words {
        ["list"] => list(context),
        ["add", id @ ..] => with_number(context, id, |id| add(config, context, id)),
        ["remove", id @ ..] => with_number(context, id, |id| remove(context, id)),
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

fn with_number(context: &Context<'_>, words: &[&str], act: impl FnOnce(u64) -> Answer) -> Answer {
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
    act(number(words).unwrap_or_default())
}

fn add(config: &Config, context: &Context<'_>, id: u64) -> Answer {
    let channel = channels::get(context.place.channel_id)?;
    if channel.archived {
        return say(context, Message::Archived);
    }
    if restriction::is_restricted(config, &channel)? {
        return say(context, Message::Restricted);
    }
    let channel = context.place.channel_id;
    if let Some(sentence) = refusal(config, context, id)? {
        return Ok(Some(sentence));
    }
    match subscriptions::add(id, channel, &context.person.id)? {
        Added::Done => about(context, Message::SubscriptionAdded, id),
        Added::Others => about(context, Message::SubscriptionTaken, id),
        Added::Full => about(context, Message::SubscriptionFull, id),
    }
}

/// Why the meeting cannot be followed, in a sentence; none if it can.
///
/// The connection of the whole organization sees everybody's meetings. So for a member who is not a system admin there is
/// one sentence for a meeting that does not exist and for one of somebody else, and nothing else is said about it.
fn refusal(config: &Config, context: &Context<'_>, id: u64) -> Answer {
    let mut session = match Session::open(config, context.person) {
        Ok(session) => session,
        Err(OpenError::NotConnected) => return connect(config, context),
        Err(OpenError::Refused(error)) => {
            return Ok(Some(error.sentence(&context.person.reader())));
        }
        Err(OpenError::Host(error)) => return Err(error),
    };
    let is_admin = context.person.is_system_admin;
    let me = match is_admin {
        true => String::new(),
        false => match session.call(|client| client.me()) {
            Ok(me) => me.id,
            Err(zoom::Error::NotConnected) => return connect(config, context),
            Err(error) => return Ok(Some(error.sentence(&context.person.reader()))),
        },
    };
    let meeting = match session.call(|client| client.meeting(id)) {
        Ok(meeting) => meeting,
        Err(zoom::Error::NotConnected) => return connect(config, context),
        Err(zoom::Error::NotFound) if is_admin => {
            return about(context, Message::SubscriptionUnknown, id);
        }
        // The user's own connection sees the user's own webinars only.
        Err(zoom::Error::Webinar) if is_admin || !config.account_level => {
            return say(context, Message::ZoomWebinar);
        }
        Err(zoom::Error::NotFound | zoom::Error::Forbidden | zoom::Error::Webinar) => {
            return about(context, Message::SubscriptionNotHost, id);
        }
        Err(error) => return Ok(Some(error.sentence(&context.person.reader()))),
    };
    if !is_admin && me != meeting.host_id {
        return about(context, Message::SubscriptionNotHost, id);
    }
    if meeting.uses_personal_id() {
        return say(context, Message::SubscriptionPersonal);
    }
    Ok(None)
}

fn connect(config: &Config, context: &Context<'_>) -> Answer {
    invite(config, context.person, context.place, Then::Nothing).map(Some)
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

/// One's own subscriptions, and for system admins also everybody's in this channel.
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
    let mut names = BTreeMap::new();
    for one in &all {
        if !names.contains_key(&one.channel_id) {
            names.insert(&one.channel_id, channel_name(context, &one.channel_id)?);
        }
    }
    let mut tables = all.chunks(ROWS).map(|part| table(context, part, &names));
    let last = tables.next_back();
    for table in tables {
        tell(&person.id, context.place, &table)?;
    }
    Ok(last)
}

fn table(
    context: &Context<'_>,
    subscriptions: &[Subscription],
    names: &BTreeMap<&String, String>,
) -> String {
    let mut rows = vec![text::plain(
        context.person.locale,
        Message::SubscriptionListHead,
    )];
    for one in subscriptions {
        let name = names.get(&one.channel_id).map_or("", String::as_str);
        rows.push(format!("| {} | {name} |", one.meeting_id));
    }
    rows.join("\n")
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
