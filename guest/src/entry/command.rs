//! Runs the subcommands of `/zoom`.
//!
//! The bot shows the answer to the user alone, in the thread in which the command was typed.

use crate::bindings::handlers::command_handler::Invocation;
use crate::bindings::types::Error;
use crate::config::{self, Config, ConnectionMode, Problem};
use crate::platform::channels::{Place, show_to_user};
use crate::platform::command::help;
use crate::platform::command::invocation::{CommandContext, inline_code};
use crate::platform::command::subcommand::{Action, NotFound, Subcommand, find};
use crate::platform::people::Person;
use crate::platform::{log, site};
use crate::text::{self, Locale, Message};
use crate::{connection, meetings, preferences, setup, subscriptions};

/// Runs a command. The host shows a returned text only if the bot could not show it.
pub fn run(invocation: &Invocation) -> Option<String> {
    let place = Place {
        channel_id: &invocation.channel_id,
        root_id: &invocation.root_id,
    };
    let message = match Person::load(&invocation.user_id) {
        Ok(person) => answer(invocation, &person, place),
        Err(error) => {
            log::warn(
                "A user could not be read.",
                &[("error", &error.to_string())],
            );
            Some(text::plain(Locale::En, Message::MattermostFailed))
        }
    }?;
    match show_to_user(&invocation.user_id, place, &message) {
        Ok(()) => None,
        Err(_) => Some(message),
    }
}

fn answer(invocation: &Invocation, person: &Person, place: Place<'_>) -> Option<String> {
    let loaded = config::load();
    // In server-to-server mode, everyone is told that there is nothing to connect.
    let only_admins_connect = loaded
        .as_ref()
        .is_ok_and(|config| config.mode == ConnectionMode::AdminManaged);
    let words: Vec<&str> = invocation.text.split_whitespace().collect();
    let found = find(&words, only_admins_connect, person.is_system_admin);
    let context = |words| CommandContext {
        person,
        place,
        team_id: &invocation.team_id,
        trigger_id: &invocation.trigger_id,
        connection_id: &invocation.connection_id,
        words,
    };
    // Some subcommands also work while the settings are incomplete.
    if let Ok((subcommand, words)) = &found
        && let Some(ran) = run_without_settings(subcommand.action, &loaded, &context(words))
    {
        return ran.unwrap_or_else(|error| failed(subcommand, person, &error));
    }
    let config = match &loaded {
        Ok(config) => config,
        Err(problems) => return Some(not_configured(person, problems)),
    };
    let (subcommand, words) = match found {
        Ok(found) => found,
        Err(reason) => return Some(not_found(person.locale, &reason)),
    };
    let ran = dispatch(subcommand.action, config, &context(words));
    ran.unwrap_or_else(|error| failed(subcommand, person, &error))
}

fn failed(subcommand: &Subcommand, person: &Person, error: &Error) -> Option<String> {
    log::warn(
        "A command failed.",
        &[("command", subcommand.name), ("error", &error.to_string())],
    );
    Some(text::plain(person.locale, Message::MattermostFailed))
}

/// Runs a subcommand that works without complete settings; none if it is another one.
fn run_without_settings(
    action: Action,
    loaded: &Result<Config, Vec<Problem>>,
    context: &CommandContext<'_>,
) -> Option<Result<Option<String>, Error>> {
    match action {
        Action::Setup => Some(setup::wizard::command::run(context)),
        Action::Doctor => {
            let config = loaded.as_ref().map_err(Vec::as_slice);
            Some(Ok(Some(setup::doctor::run(config, context))))
        }
        _ => None,
    }
}

fn dispatch(
    action: Action,
    config: &Config,
    context: &CommandContext<'_>,
) -> Result<Option<String>, Error> {
    let person = context.person;
    match action {
        Action::Start => meetings::command::run(config, context),
        Action::Connect => connection::command::connect(config, context),
        Action::Disconnect => connection::command::disconnect(config, context),
        Action::Settings => preferences::personal_meeting_id::run(config, context),
        Action::Subscription => subscriptions::command::run(config, context),
        Action::ChannelSettings => preferences::channel_settings::run(config, context),
        Action::Doctor => Ok(Some(setup::doctor::run(Ok(config), context))),
        Action::Setup => setup::wizard::command::run(context),
        Action::Help => Ok(Some(help::render(
            person.locale,
            config.mode.is_account_wide(),
            person.is_system_admin,
            &config.route("/public/docs/help.html"),
        ))),
    }
}

/// The sentence while the settings are incomplete: the list of problems for system admins, and whom to ask for everybody
/// else.
fn not_configured(person: &Person, problems: &[Problem]) -> String {
    if !person.is_system_admin {
        return text::plain(person.locale, Message::ConfigUser);
    }
    let list = config::markdown_list(person.locale, problems);
    let url = site::guide_url("zoom-app.html");
    let guide = text::text(person.locale, Message::AdminGuide, &[("url", &url)]);
    format!("{list}\n\n{guide}")
}

fn not_found(locale: Locale, reason: &NotFound<'_>) -> String {
    match reason {
        NotFound::Trigger => text::plain(locale, Message::CommandWrongTrigger),
        NotFound::NoAction => text::plain(locale, Message::CommandNoAction),
        NotFound::Unknown(action) => text::text(
            locale,
            Message::CommandUnknown,
            &[("action", &inline_code(action))],
        ),
    }
}
