//! `/zoom`: its tree for autocompletion, and which subcommand does what.
//!
//! What a subcommand says is shown by the bot to the user alone, in the thread it was typed in.

pub mod channel_settings;
pub mod connect;
pub mod disconnect;
pub mod help;
pub mod settings;
pub mod start;
pub mod subscription;

use crate::bindings::commands::{Audience, Command, Node};
use crate::bindings::handlers::command_handler::Invocation;
use crate::bindings::types::Error;
use crate::config::{self, Config, Problem};
use crate::people::{Person, Place, tell};
use crate::system;
use crate::text::{self, Locale, Message};

/// The word after the slash.
pub const TRIGGER: &str = "zoom";
const ICON: &[u8] = include_bytes!("../../../assets/profile.svg");

/// What a subcommand knows.
pub struct Context<'a> {
    /// The settings.
    pub config: &'a Config,
    /// Who typed it.
    pub person: &'a Person,
    /// Where it was typed.
    pub place: Place<'a>,
    /// The team, or empty in direct and group channels.
    pub team_id: &'a str,
    /// Opens one dialog.
    pub trigger_id: &'a str,
    /// The client it was typed in, or empty.
    pub connection_id: &'a str,
    /// The words after the subcommand.
    pub words: &'a [&'a str],
}

/// Whom a subcommand is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    Everyone,
    /// Who may connect: everybody their own account, and administrators the one for everybody.
    Connecting,
    /// Who manages the system. Others learn that it is not for them.
    Managing,
}

impl For {
    /// Who is offered it. Autocompletion can tell administrators, not single users.
    fn audience(self, account_level: bool) -> Audience {
        match self {
            For::Connecting if account_level => Audience::SystemAdmins,
            For::Managing => Audience::SystemAdmins,
            For::Everyone | For::Connecting => Audience::Everyone,
        }
    }

    fn includes(self, account_level: bool, is_system_admin: bool) -> bool {
        is_system_admin
            || self == For::Managing
            || self.audience(account_level) == Audience::Everyone
    }
}

/// A subcommand: its name, hint and help, whom it is for, and what runs it.
struct Subcommand {
    name: &'static str,
    hint: &'static str,
    help: Message,
    takes_text: bool,
    audience: For,
    /// What may follow it.
    below: &'static [Below],
    run: fn(&Context<'_>) -> Result<Option<String>, Error>,
}

/// A word after a subcommand, for autocompletion and help.
struct Below {
    name: &'static str,
    hint: &'static str,
    help: Message,
}

const SUBSCRIPTION: &[Below] = &[
    Below {
        name: "add",
        hint: "[meeting ID]",
        help: Message::HelpSubscriptionAdd,
    },
    Below {
        name: "remove",
        hint: "[meeting ID]",
        help: Message::HelpSubscriptionRemove,
    },
    Below {
        name: "list",
        hint: "",
        help: Message::HelpSubscriptionList,
    },
];

const CHANNEL_SETTINGS: &[Below] = &[Below {
    name: "list",
    hint: "",
    help: Message::HelpChannelSettingsList,
}];

const SUBCOMMANDS: [Subcommand; 7] = [
    Subcommand {
        name: "start",
        hint: "[meeting topic]",
        help: Message::HelpStart,
        takes_text: true,
        audience: For::Everyone,
        below: &[],
        run: start::run,
    },
    Subcommand {
        name: "connect",
        hint: "",
        help: Message::HelpConnect,
        takes_text: false,
        audience: For::Connecting,
        below: &[],
        run: connect::run,
    },
    Subcommand {
        name: "disconnect",
        hint: "",
        help: Message::HelpDisconnect,
        takes_text: false,
        audience: For::Connecting,
        below: &[],
        run: disconnect::run,
    },
    Subcommand {
        name: "settings",
        hint: "",
        help: Message::HelpSettings,
        takes_text: false,
        audience: For::Everyone,
        below: &[],
        run: settings::run,
    },
    Subcommand {
        name: "subscription",
        hint: "[action]",
        help: Message::HelpSubscription,
        takes_text: false,
        audience: For::Everyone,
        below: SUBSCRIPTION,
        run: subscription::run,
    },
    Subcommand {
        name: "channel-settings",
        hint: "",
        help: Message::HelpChannelSettings,
        takes_text: false,
        audience: For::Managing,
        below: CHANNEL_SETTINGS,
        run: channel_settings::run,
    },
    Subcommand {
        name: "help",
        hint: "",
        help: Message::HelpHelp,
        takes_text: false,
        audience: For::Everyone,
        below: &[],
        run: help::run,
    },
];

/// The command as it is registered. At an account-level app only administrators are offered to connect.
pub fn registration(account_level: bool) -> Command {
    let names: Vec<&str> = SUBCOMMANDS
        .iter()
        .filter(|subcommand| subcommand.audience.includes(account_level, false))
        .map(|subcommand| subcommand.name)
        .collect();
    let description = text::text(
        Locale::En,
        Message::CommandDescription,
        &[("commands", &names.join(", "))],
    );
    Command {
        trigger: TRIGGER.to_owned(),
        description,
        hint: "[command]".to_owned(),
        display_name: "Zoom".to_owned(),
        icon: ICON.to_vec(),
        nodes: SUBCOMMANDS
            .iter()
            .flat_map(|subcommand| nodes(subcommand, account_level))
            .collect(),
    }
}

/// A subcommand and what may follow it, as autocompletion offers them.
fn nodes(subcommand: &Subcommand, account_level: bool) -> Vec<Node> {
    let audience = subcommand.audience.audience(account_level);
    let node = |path: &[&str], hint: &str, help, takes_text| Node {
        path: path.iter().map(|word| (*word).to_owned()).collect(),
        hint: hint.to_owned(),
        help: text::plain(Locale::En, help),
        audience,
        takes_text,
    };
    let Subcommand {
        name,
        hint,
        help,
        takes_text,
        below,
        ..
    } = subcommand;
    let first = node(&[*name], hint, *help, *takes_text);
    let below = below.iter().map(|below| {
        let takes_text = !below.hint.is_empty();
        node(&[*name, below.name], below.hint, below.help, takes_text)
    });
    std::iter::once(first).chain(below).collect()
}

/// Runs what was typed. The host shows a returned text only where the bot could not.
pub fn run(invocation: &Invocation) -> Option<String> {
    let place = Place {
        channel_id: &invocation.channel_id,
        root_id: &invocation.root_id,
    };
    let message = match Person::load(&invocation.user_id) {
        Ok(person) => answer(invocation, &person, place),
        Err(error) => {
            system::warn(
                "A user could not be read.",
                &[("error", &error.to_string())],
            );
            Some(text::plain(Locale::En, Message::MattermostFailed))
        }
    }?;
    match tell(&invocation.user_id, place, &message) {
        Ok(()) => None,
        Err(_) => Some(message),
    }
}

fn answer(invocation: &Invocation, person: &Person, place: Place<'_>) -> Option<String> {
    let config = match config::load() {
        Ok(config) => config,
        Err(problems) => return Some(not_configured(person, &problems)),
    };
    let words: Vec<&str> = invocation.text.split_whitespace().collect();
    let (subcommand, words) = match find(&words, config.account_level, person.is_system_admin) {
        Ok(found) => found,
        Err(Unknown::Trigger) => {
            return Some(text::plain(person.locale, Message::CommandWrongTrigger));
        }
        Err(Unknown::Nothing) => return Some(text::plain(person.locale, Message::CommandNoAction)),
        Err(Unknown::Action(action)) => {
            return Some(text::text(
                person.locale,
                Message::CommandUnknown,
                &[("action", &quoted(action))],
            ));
        }
    };
    let connection_id = &invocation.connection_id;
    let context = Context {
        config: &config,
        person,
        place,
        team_id: &invocation.team_id,
        trigger_id: &invocation.trigger_id,
        connection_id,
        words,
    };
    (subcommand.run)(&context).unwrap_or_else(|error| {
        system::warn(
            "A command failed.",
            &[("command", subcommand.name), ("error", &error.to_string())],
        );
        Some(text::plain(person.locale, Message::MattermostFailed))
    })
}

/// What people read while the settings are incomplete: those who can correct them see which, others
/// whom to ask.
fn not_configured(person: &Person, problems: &[Problem]) -> String {
    if person.is_system_admin {
        config::list(person.locale, problems)
    } else {
        text::plain(person.locale, Message::ConfigUser)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Unknown<'a> {
    Trigger,
    Nothing,
    Action(&'a str),
}

/// The subcommand and the words after it. To whom one is not offered it does not exist.
fn find<'a>(
    words: &'a [&'a str],
    account_level: bool,
    is_system_admin: bool,
) -> Result<(&'static Subcommand, &'a [&'a str]), Unknown<'a>> {
    let (trigger, words) = words.split_first().ok_or(Unknown::Trigger)?;
    if trigger.strip_prefix('/') != Some(TRIGGER) {
        return Err(Unknown::Trigger);
    }
    let (action, words) = words.split_first().ok_or(Unknown::Nothing)?;
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| {
        subcommand.name == *action && subcommand.audience.includes(account_level, is_system_admin)
    });
    subcommand
        .map(|subcommand| (subcommand, words))
        .ok_or(Unknown::Action(action))
}

/// A word that a person typed, as inline code that it cannot break out of, also in a table.
pub fn quoted(word: &str) -> String {
    let word: String = word
        .chars()
        .filter(|c| !matches!(c, '`' | '|'))
        .take(40)
        .collect();
    format!("`{word}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(words: &'a [&'a str]) -> Result<(&'static str, &'a [&'a str]), Unknown<'a>> {
        find(words, false, false).map(|(subcommand, words)| (subcommand.name, words))
    }

    #[test]
    fn zm018_the_second_word_decides() {
        assert_eq!(
            found(&["/zoom", "start", "daily", "call"]),
            Ok(("start", &["daily", "call"][..]))
        );
        assert_eq!(found(&["/zoom"]), Err(Unknown::Nothing));
        assert_eq!(found(&["/zoom", "Start"]), Err(Unknown::Action("Start")));
        assert_eq!(
            found(&["/zoom", "subscription", "list"]),
            Ok(("subscription", &["list"][..]))
        );
        assert_eq!(found(&["zoom", "start"]), Err(Unknown::Trigger));
        assert_eq!(found(&[]), Err(Unknown::Trigger));
    }

    #[test]
    fn zm016_zm017_autocompletion_offers_what_runs_and_nothing_else() {
        let command = registration(false);
        let offered: Vec<String> = command
            .nodes
            .iter()
            .map(|node| node.path.join(" "))
            .collect();
        assert_eq!(
            offered,
            [
                "start",
                "connect",
                "disconnect",
                "settings",
                "subscription",
                "subscription add",
                "subscription remove",
                "subscription list",
                "channel-settings",
                "channel-settings list",
                "help"
            ]
        );
        assert!(offered.iter().all(|path| {
            let name = path.split(' ').next().unwrap();
            found(&["/zoom", name]).is_ok()
        }));
        let audience = |name: &str| {
            let mut nodes = command.nodes.iter();
            nodes.find(|node| node.path[0] == name).unwrap().audience
        };
        assert_eq!(audience("channel-settings"), Audience::SystemAdmins);
        assert_eq!(audience("subscription"), Audience::Everyone);
        assert!(command.icon.windows(4).any(|window| window == b"<svg"));
    }

    #[test]
    fn zm024_at_the_account_level_only_administrators_are_offered_to_connect() {
        let command = registration(true);
        assert!(!command.description.contains("connect"));
        for node in &command.nodes {
            let hidden = node.path[0].ends_with("connect") || node.path[0] == "channel-settings";
            assert_eq!(node.audience == Audience::SystemAdmins, hidden);
        }
        let words = ["/zoom", "connect"];
        assert!(find(&words, true, true).is_ok());
        assert!(find(&words, true, false).is_err());
        assert!(find(&words, false, false).is_ok());
    }

    #[test]
    fn a_quoted_word_stays_in_its_quotes() {
        assert_eq!(quoted("a`b"), "`ab`");
        assert_eq!(quoted("a|b"), "`ab`");
    }
}
