//! The buttons and menus of a setup.

use crate::setup::wizard::facts::Step;

/// A button or a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Look at the facts again.
    Check,
    /// Open the form for the connection mode.
    ChooseMode,
    /// Keep the mode that nobody chose.
    KeepMode,
    /// Send the app manifest.
    Manifest,
    /// The app exists in Zoom.
    AppCreated,
    /// Open the form for the credentials.
    EnterCredentials,
    /// Generate the plugin's secrets.
    Generate,
    /// Offer the link to connect, or let Zoom check the credentials.
    Connect,
    /// Create the event subscription.
    Subscribe,
    /// Continue without events.
    SkipEvents,
    /// Announce the plugin in the chosen channel.
    Announce,
    /// Announce nothing.
    SkipAnnouncement,
    /// Let the chosen user continue.
    HandOver,
    /// End the setup.
    Cancel,
}

const ALL: [Action; 14] = [
    Action::Check,
    Action::ChooseMode,
    Action::KeepMode,
    Action::Manifest,
    Action::AppCreated,
    Action::EnterCredentials,
    Action::Generate,
    Action::Connect,
    Action::Subscribe,
    Action::SkipEvents,
    Action::Announce,
    Action::SkipAnnouncement,
    Action::HandOver,
    Action::Cancel,
];

impl Action {
    /// The ID of the button, which is also the word in its context.
    pub fn name(self) -> &'static str {
        match self {
            Action::Check => "check",
            Action::ChooseMode => "mode",
            Action::KeepMode => "keepmode",
            Action::Manifest => "manifest",
            Action::AppCreated => "created",
            Action::EnterCredentials => "credentials",
            Action::Generate => "generate",
            Action::Connect => "connect",
            Action::Subscribe => "subscribe",
            Action::SkipEvents => "skipevents",
            Action::Announce => "announce",
            Action::SkipAnnouncement => "skipannouncement",
            Action::HandOver => "handover",
            Action::Cancel => "cancel",
        }
    }

    /// The action with this name.
    pub fn from_name(name: &str) -> Option<Action> {
        ALL.into_iter().find(|action| action.name() == name)
    }

    /// The step that the action belongs to; none if it works in every step.
    pub fn step(self) -> Option<Step> {
        match self {
            Action::Check | Action::HandOver | Action::Cancel => None,
            Action::ChooseMode | Action::KeepMode => Some(Step::Mode),
            Action::Manifest | Action::AppCreated => Some(Step::App),
            Action::EnterCredentials => Some(Step::Credentials),
            Action::Generate => Some(Step::Secrets),
            Action::Connect => Some(Step::Connect),
            Action::Subscribe | Action::SkipEvents => Some(Step::Events),
            Action::Announce | Action::SkipAnnouncement => Some(Step::Announcement),
        }
    }

    /// The source of the options, if the action is a menu.
    pub fn menu(self) -> Option<&'static str> {
        match self {
            Action::Announce => Some("channels"),
            Action::HandOver => Some("users"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_an_id_that_the_server_accepts() {
        for action in ALL {
            assert_eq!(Action::from_name(action.name()), Some(action));
            assert!(action.name().bytes().all(|byte| byte.is_ascii_lowercase()));
        }
        assert_eq!(Action::from_name("Yes"), None);
    }
}
