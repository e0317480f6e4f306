//! `/zoom channel-settings`: system admins allow or forbid meetings in a channel.

use crate::bindings::channels::{self, Channel, Kind};
use crate::bindings::dialogs::{self, Choice, Dialog, Element, ElementKind};
use crate::bindings::handlers::http_handler::{Request, Response};
use crate::bindings::types::Error;
use crate::bindings::users;
use crate::config::Config;
use crate::platform::channels::{Place, show_to_user};
use crate::platform::command::invocation::{CommandContext, inline_code};
use crate::platform::http::response;
use crate::platform::ids::is_id;
use crate::platform::log;
use crate::platform::people::{MANAGE_SYSTEM, Person};
use crate::store::channel_settings::{self, Preference};
use crate::text::{self, Locale, Message};
use serde::Deserialize;

/// The route that receives the dialog's answer.
pub const ROUTE: &str = "/api/v1/channel-preference";
/// The name of the field.
const FIELD: &str = "preference";
/// The number of channels that are listed.
const MAX_LISTED: usize = 200;

type Answer = Result<Option<String>, Error>;

/// Runs the command.
pub fn run(config: &Config, context: &CommandContext<'_>) -> Answer {
    if !users::has_permission(&context.person.id, MANAGE_SYSTEM)? {
        return say(context, Message::ChannelSettingsAdmins);
    }
    match context.words {
        [] => open_dialog(config, context),
        ["list"] => list_rules(config, context),
        [word, ..] => Ok(Some(text::text(
            context.person.locale,
            Message::CommandUnknown,
            &[("action", &inline_code(word))],
        ))),
    }
}

fn say(context: &CommandContext<'_>, message: Message) -> Answer {
    Ok(Some(text::plain(context.person.locale, message)))
}

fn open_dialog(config: &Config, context: &CommandContext<'_>) -> Answer {
    let channel = channels::get(context.place.channel_id)?;
    if matches!(channel.kind, Kind::Direct | Kind::Group) {
        return say(context, Message::ChannelSettingsDirect);
    }
    let restrict = config.restrict_meeting_creation;
    let form = build_dialog(context.person.locale, &channel, restrict);
    match dialogs::open(context.trigger_id, ROUTE, &form) {
        Ok(()) => Ok(None),
        Err(error) => {
            log::warn(
                "The dialog for a channel's settings could not be opened.",
                &[("error", &error.to_string())],
            );
            say(context, Message::ChannelSettingsNotOpened)
        }
    }
}

fn build_dialog(locale: Locale, channel: &Channel, restrict: bool) -> Dialog {
    let plain = |message| text::plain(locale, message);
    let choice = |label: String, value: Preference| Choice {
        label,
        value: value.name().to_owned(),
    };
    let restrict = restrict.to_string();
    let follow = text::text(
        locale,
        Message::ChannelSettingsDefault,
        &[("value", &restrict)],
    );
    Dialog {
        callback_id: channel.display_name.clone(),
        title: plain(Message::ChannelSettingsTitle),
        introduction: inline_code(&channel.display_name),
        submit_label: plain(Message::ChannelSettingsSubmit),
        state: String::new(),
        elements: vec![Element {
            name: FIELD.to_owned(),
            label: plain(Message::ChannelSettingsLabel),
            kind: ElementKind::Radio,
            default: String::new(),
            help: plain(Message::ChannelSettingsHelp),
            placeholder: String::new(),
            optional: false,
            choices: vec![
                choice(plain(Message::ChannelSettingsAllow), Preference::Allow),
                choice(
                    plain(Message::ChannelSettingsRestrict),
                    Preference::Restrict,
                ),
                choice(follow, Preference::Default),
            ],
        }],
    }
}

fn list_rules(config: &Config, context: &CommandContext<'_>) -> Answer {
    let locale = context.person.locale;
    let all = channel_settings::all()?;
    if all.is_empty() {
        return say(context, Message::ChannelSettingsNone);
    }
    let general = if config.restrict_meeting_creation {
        Message::ChannelSettingsGeneralPrivate
    } else {
        Message::ChannelSettingsGeneralAll
    };
    let mut text = text::text(
        locale,
        Message::ChannelSettingsList,
        &[("general", &text::plain(locale, general))],
    );
    let own = all
        .iter()
        .filter(|(_, preference)| **preference != Preference::Default);
    let mut rows = Vec::new();
    for (id, preference) in own.take(MAX_LISTED) {
        let name = match channels::get(id) {
            Ok(channel) => inline_code(&channel.display_name),
            // List the other channels although this one does not exist any more.
            Err(Error::NotFound) => text::plain(locale, Message::ChannelGone),
            Err(error) => return Err(error),
        };
        rows.push((name, id, preference.name()));
    }
    rows.sort();
    if !rows.is_empty() {
        text.push_str(&text::plain(locale, Message::ChannelSettingsTable));
    }
    for (name, id, preference) in rows {
        text.push_str(&format!("\n| {id} | {name} | {preference} |"));
    }
    Ok(Some(text))
}

/// The dialog's answer.
#[derive(Debug, Deserialize)]
struct Submission {
    #[serde(default)]
    channel_id: String,
    #[serde(default)]
    cancelled: bool,
    #[serde(default)]
    submission: Fields,
}

#[derive(Debug, Default, Deserialize)]
struct Fields {
    #[serde(default)]
    preference: serde_json::Value,
}

/// Handles the dialog's answer of a signed-in user.
pub fn handle_answer(request: &Request, user_id: &str) -> Response {
    let refuse = |status, message| response::error(status, &text::plain(Locale::En, message));
    let Ok(submission) = serde_json::from_slice::<Submission>(&request.body) else {
        return refuse(400, Message::HttpBadRequest);
    };
    let stored = store(&submission, user_id);
    stored.unwrap_or_else(|error| {
        log::warn(
            "A channel's setting could not be stored.",
            &[("error", &error.to_string())],
        );
        refuse(500, Message::MattermostFailed)
    })
}

fn store(submission: &Submission, user_id: &str) -> Result<Response, Error> {
    let refuse = |status, message| response::error(status, &text::plain(Locale::En, message));
    if !users::has_permission(user_id, MANAGE_SYSTEM)? {
        log::warn(
            "A channel's setting was not changed: the user does not manage the system.",
            &[("user", user_id)],
        );
        return Ok(refuse(403, Message::HttpForbidden));
    }
    if submission.cancelled {
        return Ok(response::without_body(200));
    }
    let preference = submission.submission.preference.as_str();
    let Some(preference) = preference.and_then(Preference::from_name) else {
        return Ok(refuse(400, Message::HttpBadRequest));
    };
    if !is_id(&submission.channel_id) {
        return Ok(refuse(400, Message::HttpBadRequest));
    }
    match channels::get(&submission.channel_id) {
        Ok(_) => {}
        Err(Error::NotFound) => return Ok(refuse(400, Message::HttpBadRequest)),
        Err(error) => return Err(error),
    }
    channel_settings::set(&submission.channel_id, preference)?;
    let place = Place {
        channel_id: &submission.channel_id,
        root_id: "",
    };
    let locale = Person::locale_of(user_id);
    let message = match preference {
        Preference::Allow => Message::ChannelSettingsNowAllowed,
        Preference::Restrict => Message::ChannelSettingsNowRestricted,
        Preference::Default => Message::ChannelSettingsNowDefault,
    };
    let _ = show_to_user(user_id, place, &text::plain(locale, message));
    Ok(response::without_body(200))
}
