//! The command as the server registers it: description, icon, and the tree for autocompletion.

use super::subcommand::{SUBCOMMANDS, Subcommand, TRIGGER};
use crate::bindings::commands::{Command, Node};
use crate::text::{self, Locale, Message};

const ICON: &[u8] = include_bytes!("../../../../assets/profile.svg");

/// The command to register. With an account-level app, only system admins are offered to connect.
pub fn registration(account_wide: bool) -> Command {
    let names: Vec<&str> = SUBCOMMANDS
        .iter()
        .filter(|subcommand| subcommand.access.includes(account_wide, false))
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
            .flat_map(|subcommand| nodes(subcommand, account_wide))
            .collect(),
    }
}

/// The nodes for a subcommand and for the words that may follow it.
fn nodes(subcommand: &Subcommand, account_wide: bool) -> Vec<Node> {
    let audience = subcommand.access.audience(account_wide);
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
        next_words,
        ..
    } = subcommand;
    let first = node(&[*name], hint, *help, *takes_text);
    let next = next_words.iter().map(|word| {
        let takes_text = !word.hint.is_empty();
        node(&[*name, word.name], word.hint, word.help, takes_text)
    });
    std::iter::once(first).chain(next).collect()
}

#[cfg(test)]
mod tests {
    use super::super::subcommand::find;
    use super::*;
    use crate::bindings::commands::Audience;

    #[test]
    fn zm016_zm017_autocompletion_offers_all_subcommands_and_nothing_else() {
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
                "setup",
                "setup cancel",
                "doctor",
                "doctor --json",
                "help"
            ]
        );
        assert!(offered.iter().all(|path| {
            let name = path.split(' ').next().unwrap();
            find(&["/zoom", name], false, false).is_ok()
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
    fn zm024_at_the_account_level_only_system_admins_are_offered_to_connect() {
        let command = registration(true);
        assert!(!command.description.contains("connect"));
        for node in &command.nodes {
            let hidden = node.path[0].ends_with("connect")
                || ["channel-settings", "setup"].contains(&node.path[0].as_str());
            assert_eq!(node.audience == Audience::SystemAdmins, hidden);
        }
    }
}
