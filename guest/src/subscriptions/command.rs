//! `/zoom subscription`: adds, removes, and lists subscriptions.

use crate::bindings::channels::{self, Kind};
use crate::bindings::types::Error;
use crate::config::Config;
use crate::connection::link::{AfterConnecting, offer_link};
use crate::connection::session::{OpenError, Session};
use crate::platform::channels::show_to_user;
use crate::platform::command::invocation::{CommandContext, inline_code};
use crate::preferences::restriction;
use crate::store::subscriptions::{self, Added, Removed, Subscription};
use crate::text::{self, Message};
use crate::zoom;
use std::collections::BTreeMap;

/// The number of subscriptions in one message.
const ROWS: usize = 100;

type Answer = Result<Option<String>, Error>;

/// Runs the command.
pub fn run(config: &Config, context: &CommandContext<'_>) -> Answer {
    match context.words {
        ["list"] => list(context),
        ["add", id @ ..] => with_meeting_id(context, id, |id| add(config, context, id)),
        ["remove", id @ ..] => with_meeting_id(context, id, |id| remove(context, id)),
        _ => say(context, Message::SubscriptionUsage),
    }
}

fn say(context: &CommandContext<'_>, message: Message) -> Answer {
    Ok(Some(text::plain(context.person.locale, message)))
}

fn sentence_with_id(context: &CommandContext<'_>, message: Message, id: u64) -> Answer {
    let id = id.to_string();
    let sentence = text::text(context.person.locale, message, &[("id", &id)]);
    Ok(Some(sentence))
}

/// Parses a meeting ID. People copy it with spaces or dashes.
fn parse_meeting_id(words: &[&str]) -> Option<u64> {
    let digits: String = words
        .concat()
        .chars()
        .filter(|letter| *letter != '-')
        .collect();
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

fn with_meeting_id(
    context: &CommandContext<'_>,
    words: &[&str],
    act: impl FnOnce(u64) -> Answer,
) -> Answer {
    if words.is_empty() {
        return say(context, Message::SubscriptionUsage);
    }
    match parse_meeting_id(words) {
        Some(id) if id > 0 => {}
        _ => return say(context, Message::SubscriptionNumber),
    }
    let (user, channel) = (&context.person.id, context.place.channel_id);
    if !channels::has_permission(user, channel, "create_post")? {
        return say(context, Message::SubscriptionMayNotPost);
    }
    act(parse_meeting_id(words).unwrap_or_default())
}

fn add(config: &Config, context: &CommandContext<'_>, id: u64) -> Answer {
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
        Added::Done => sentence_with_id(context, Message::SubscriptionAdded, id),
        Added::Others => sentence_with_id(context, Message::SubscriptionTaken, id),
        Added::Full => sentence_with_id(context, Message::SubscriptionFull, id),
    }
}

/// The sentence that says why the meeting cannot be followed, or none if it can.
///
/// The connection for everyone can see all meetings. A user who is not a system admin therefore gets the same sentence for
/// a meeting that does not exist and for a meeting of another host.
fn refusal(config: &Config, context: &CommandContext<'_>, id: u64) -> Answer {
    let is_admin = context.person.is_system_admin;
    // A system admin may follow any meeting, so it does not matter who the admin is in Zoom.
    let opened = match is_admin && config.mode.is_account_wide() {
        true => Session::organization(config),
        false => Session::open(config, context.person),
    };
    let mut session = match opened {
        Ok(session) => session,
        Err(OpenError::NotConnected) => return offer_connect_link(config, context),
        Err(OpenError::Refused(error)) => {
            return Ok(Some(error.sentence(&context.person.reader())));
        }
        Err(OpenError::Host(error)) => return Err(error),
    };
    let me = match is_admin {
        true => String::new(),
        false => match session.me() {
            Ok(me) => me.id,
            Err(zoom::Error::NotConnected) => return offer_connect_link(config, context),
            Err(error) => return Ok(Some(error.sentence(&context.person.reader()))),
        },
    };
    let meeting = match session.call(|client| client.meeting(id)) {
        Ok(meeting) => meeting,
        Err(zoom::Error::NotConnected) => return offer_connect_link(config, context),
        Err(zoom::Error::NotFound) if is_admin => {
            return sentence_with_id(context, Message::SubscriptionUnknown, id);
        }
        // A user's own connection can see only the user's own webinars.
        Err(zoom::Error::Webinar) if is_admin || !config.mode.is_account_wide() => {
            return say(context, Message::ZoomWebinar);
        }
        Err(zoom::Error::NotFound | zoom::Error::Forbidden | zoom::Error::Webinar) => {
            return sentence_with_id(context, Message::SubscriptionNotHost, id);
        }
        Err(error) => return Ok(Some(error.sentence(&context.person.reader()))),
    };
    if !is_admin && me != meeting.host_id {
        return sentence_with_id(context, Message::SubscriptionNotHost, id);
    }
    if meeting.uses_personal_id() {
        return say(context, Message::SubscriptionPersonal);
    }
    Ok(None)
}

fn offer_connect_link(config: &Config, context: &CommandContext<'_>) -> Answer {
    offer_link(
        config,
        context.person,
        context.place,
        AfterConnecting::Nothing,
    )
    .map(Some)
}

fn remove(context: &CommandContext<'_>, id: u64) -> Answer {
    let person = context.person;
    let any = person.is_system_admin;
    match subscriptions::remove(id, context.place.channel_id, &person.id, any)? {
        Removed::Done => sentence_with_id(context, Message::SubscriptionRemoved, id),
        Removed::Elsewhere => sentence_with_id(context, Message::SubscriptionElsewhere, id),
        Removed::Nothing => sentence_with_id(context, Message::SubscriptionNone, id),
        Removed::Others => sentence_with_id(context, Message::SubscriptionNotYours, id),
    }
}

/// Lists the user's subscriptions. For system admins, also all subscriptions of this channel.
fn list(context: &CommandContext<'_>) -> Answer {
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
        show_to_user(&person.id, context.place, &table)?;
    }
    Ok(last)
}

fn table(
    context: &CommandContext<'_>,
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

/// The channel's name, if the user may see it. In the team of the command, the name is a link.
fn channel_name(context: &CommandContext<'_>, channel_id: &str) -> Result<String, Error> {
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
        Kind::Open | Kind::Private => inline_code(&channel.display_name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm028_a_meeting_id_may_have_spaces_and_dashes() {
        assert_eq!(
            parse_meeting_id(&["123", "4567", "8901"]),
            Some(12_345_678_901)
        );
        assert_eq!(parse_meeting_id(&["123-4567-8901"]), Some(12_345_678_901));
        for odd in ["", "x", "12x", "-", "+1", "99999999999999999999999"] {
            assert_eq!(parse_meeting_id(&[odd]), None, "{odd}");
        }
    }
}
