//! The subcommands of `/zoom` as people see them: name, arguments, help, and audience.
//!
//! The table is the single source for dispatch ([`crate::entry::command`]), autocompletion ([`super::autocomplete`]), and
//! the help text ([`super::help`]).

use crate::bindings::commands::Audience;
use crate::text::Message;

/// The word after the slash.
pub const TRIGGER: &str = "zoom";

/// The action that a subcommand runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Starts a meeting.
    Start,
    /// Connects a Zoom account.
    Connect,
    /// Disconnects it.
    Disconnect,
    /// Shows the form for the Personal Meeting ID.
    Settings,
    /// Adds, removes, and lists subscriptions.
    Subscription,
    /// Changes and lists the rules of channels.
    ChannelSettings,
    /// Guides a system admin through the setup.
    Setup,
    /// Checks the setup or the user's connection.
    Doctor,
    /// Shows the help text.
    Help,
}

/// The people who may run a subcommand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// All users.
    Everyone,
    /// Users who may connect: everyone at the user level, system admins at the account level.
    Connectors,
    /// System admins. Other users get a sentence that says so.
    SystemAdmins,
}

impl Access {
    /// The users to whom autocompletion offers the subcommand. The server can distinguish system admins, not single users.
    pub fn audience(self, account_wide: bool) -> Audience {
        match self {
            Access::Connectors if account_wide => Audience::SystemAdmins,
            Access::SystemAdmins => Audience::SystemAdmins,
            Access::Everyone | Access::Connectors => Audience::Everyone,
        }
    }

    /// Whether the subcommand exists for a user.
    pub fn includes(self, account_wide: bool, is_system_admin: bool) -> bool {
        is_system_admin
            || self == Access::SystemAdmins
            || self.audience(account_wide) == Audience::Everyone
    }
}

/// A subcommand.
pub struct Subcommand {
    /// The action that it runs.
    pub action: Action,
    /// The word that people type.
    pub name: &'static str,
    /// The arguments, for autocompletion and help.
    pub hint: &'static str,
    /// One sentence of help.
    pub help: Message,
    /// Whether any text may follow.
    pub takes_text: bool,
    /// The people who may run it.
    pub access: Access,
    /// The words that may follow.
    pub next_words: &'static [NextWord],
}

/// A word that may follow a subcommand, for autocompletion and help.
pub struct NextWord {
    /// The word that people type.
    pub name: &'static str,
    /// The arguments.
    pub hint: &'static str,
    /// One sentence of help.
    pub help: Message,
}

const SUBSCRIPTION: &[NextWord] = &[
    NextWord {
        name: "add",
        hint: "[meeting ID]",
        help: Message::HelpSubscriptionAdd,
    },
    NextWord {
        name: "remove",
        hint: "[meeting ID]",
        help: Message::HelpSubscriptionRemove,
    },
    NextWord {
        name: "list",
        hint: "",
        help: Message::HelpSubscriptionList,
    },
];

const CHANNEL_SETTINGS: &[NextWord] = &[NextWord {
    name: "list",
    hint: "",
    help: Message::HelpChannelSettingsList,
}];

const SETUP: &[NextWord] = &[NextWord {
    name: "cancel",
    hint: "",
    help: Message::HelpSetupCancel,
}];

const DOCTOR: &[NextWord] = &[NextWord {
    name: "--json",
    hint: "",
    help: Message::HelpDoctorJson,
}];

/// All subcommands, in the order of autocompletion and help.
pub const SUBCOMMANDS: [Subcommand; 9] = [
    Subcommand {
        action: Action::Start,
        name: "start",
        hint: "[meeting topic]",
        help: Message::HelpStart,
        takes_text: true,
        access: Access::Everyone,
        next_words: &[],
    },
    Subcommand {
        action: Action::Connect,
        name: "connect",
        hint: "",
        help: Message::HelpConnect,
        takes_text: false,
        access: Access::Connectors,
        next_words: &[],
    },
    Subcommand {
        action: Action::Disconnect,
        name: "disconnect",
        hint: "",
        help: Message::HelpDisconnect,
        takes_text: false,
        access: Access::Connectors,
        next_words: &[],
    },
    Subcommand {
        action: Action::Settings,
        name: "settings",
        hint: "",
        help: Message::HelpSettings,
        takes_text: false,
        access: Access::Everyone,
        next_words: &[],
    },
    Subcommand {
        action: Action::Subscription,
        name: "subscription",
        hint: "[action]",
        help: Message::HelpSubscription,
        takes_text: false,
        access: Access::Everyone,
        next_words: SUBSCRIPTION,
    },
    Subcommand {
        action: Action::ChannelSettings,
        name: "channel-settings",
        hint: "",
        help: Message::HelpChannelSettings,
        takes_text: false,
        access: Access::SystemAdmins,
        next_words: CHANNEL_SETTINGS,
    },
    Subcommand {
        action: Action::Setup,
        name: "setup",
        hint: "",
        help: Message::HelpSetup,
        takes_text: false,
        access: Access::SystemAdmins,
        next_words: SETUP,
    },
    Subcommand {
        action: Action::Doctor,
        name: "doctor",
        hint: "",
        help: Message::HelpDoctor,
        takes_text: false,
        access: Access::Everyone,
        next_words: DOCTOR,
    },
    Subcommand {
        action: Action::Help,
        name: "help",
        hint: "",
        help: Message::HelpHelp,
        takes_text: false,
        access: Access::Everyone,
        next_words: &[],
    },
];

/// Why no subcommand was found.
#[derive(Debug, PartialEq, Eq)]
pub enum NotFound<'a> {
    /// The text does not begin with `/zoom`.
    Trigger,
    /// Nothing follows `/zoom`.
    NoAction,
    /// This word is not a subcommand.
    Unknown(&'a str),
}

/// The subcommand and the words after it. A subcommand does not exist for users who may not run it.
pub fn find<'a>(
    words: &'a [&'a str],
    account_wide: bool,
    is_system_admin: bool,
) -> Result<(&'static Subcommand, &'a [&'a str]), NotFound<'a>> {
    let (trigger, words) = words.split_first().ok_or(NotFound::Trigger)?;
    if trigger.strip_prefix('/') != Some(TRIGGER) {
        return Err(NotFound::Trigger);
    }
    let (action, words) = words.split_first().ok_or(NotFound::NoAction)?;
    let subcommand = SUBCOMMANDS.iter().find(|subcommand| {
        subcommand.name == *action && subcommand.access.includes(account_wide, is_system_admin)
    });
    subcommand
        .map(|subcommand| (subcommand, words))
        .ok_or(NotFound::Unknown(action))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(words: &'a [&'a str]) -> Result<(&'static str, &'a [&'a str]), NotFound<'a>> {
        find(words, false, false).map(|(subcommand, words)| (subcommand.name, words))
    }

    #[test]
    fn zm018_the_second_word_selects_the_subcommand() {
        assert_eq!(
            found(&["/zoom", "start", "daily", "call"]),
            Ok(("start", &["daily", "call"][..]))
        );
        assert_eq!(found(&["/zoom"]), Err(NotFound::NoAction));
        assert_eq!(found(&["/zoom", "Start"]), Err(NotFound::Unknown("Start")));
        assert_eq!(
            found(&["/zoom", "subscription", "list"]),
            Ok(("subscription", &["list"][..]))
        );
        assert_eq!(found(&["zoom", "start"]), Err(NotFound::Trigger));
        assert_eq!(found(&[]), Err(NotFound::Trigger));
    }

    #[test]
    fn zm024_at_the_account_level_only_system_admins_find_connect() {
        let words = ["/zoom", "connect"];
        assert!(find(&words, true, true).is_ok());
        assert!(find(&words, true, false).is_err());
        assert!(find(&words, false, false).is_ok());
    }
}
