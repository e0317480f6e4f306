//! `commands`: slash commands and their autocomplete tree.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mattermost_plugin_rpc::mattermost::{
    Any, AutocompleteArg, AutocompleteData, Command as ApiCommand, TextArg,
};

use crate::bindings::plugin::mattermost::plugin::commands::{self, Audience, Command, Host, Node};
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;

/// The most nodes of an autocomplete tree, and its greatest depth.
const NODES_LIMIT: usize = 500;

const DEPTH_LIMIT: usize = 8;

/// The largest command with its icon, in bytes: the server stores it and sends it to each client that asks.
const SIZE_LIMIT: usize = 256 * 1024;

view!(commands { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn register(&mut self, command: Command) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&command)?;
        let registered = self.register_command(command).await;
        Ok(self.services.count_denial("commands", registered))
    }
}

impl View<'_> {
    async fn register_command(&mut self, command: Command) -> Result<(), Error> {
        let own = self.services.policy.command();
        if own != Some(command.trigger.as_str()) {
            let rule = "the command is not the one that the policy names";
            return Err(Error::Denied(rule.to_owned()));
        }
        let command = api_command(command)?;
        let answer = self.services.api.register_command(command).await;
        answer.map_err(api_error)
    }
}

/// The size of a command, in bytes.
fn size(command: &Command) -> usize {
    let Command {
        trigger,
        description,
        hint,
        display_name,
        icon,
        nodes,
    } = command;
    let texts = [trigger, description, hint, display_name];
    let nodes = nodes.iter().flat_map(|node| {
        let words = node.path.iter();
        words.chain([&node.hint, &node.help])
    });
    let texts: usize = texts.into_iter().chain(nodes).map(String::len).sum();
    texts + icon.len()
}

fn api_command(command: Command) -> Result<ApiCommand, Error> {
    let deep = command
        .nodes
        .iter()
        .any(|node| node.path.len() > DEPTH_LIMIT);
    if deep || command.nodes.len() > NODES_LIMIT || size(&command) > SIZE_LIMIT {
        return Err(Error::TooLarge);
    }
    let mut root = AutocompleteData {
        trigger: command.trigger.clone(),
        hint: command.hint.clone(),
        help_text: command.description.clone(),
        role_id: "system_user".to_owned(),
        ..AutocompleteData::default()
    };
    for node in command.nodes {
        insert(&mut root, node)?;
    }
    let icon = if command.icon.is_empty() {
        String::new()
    } else {
        format!(
            "data:image/svg+xml;base64,{}",
            STANDARD.encode(&command.icon)
        )
    };
    Ok(ApiCommand {
        trigger: command.trigger,
        auto_complete: true,
        auto_complete_desc: command.description,
        auto_complete_hint: command.hint,
        display_name: command.display_name,
        autocomplete_data: Some(Box::new(root)),
        autocomplete_icon_data: icon,
        ..ApiCommand::default()
    })
}

fn insert(root: &mut AutocompleteData, node: Node) -> Result<(), Error> {
    let orphan = || Error::Invalid(format!("no node for the parent of {:?}", node.path));
    let (word, parents) = node.path.split_last().ok_or_else(orphan)?;
    let mut parent = root;
    for word in parents {
        let mut children = parent.sub_commands.iter_mut();
        parent = children
            .find(|child| child.trigger == *word)
            .ok_or_else(orphan)?;
    }
    let text = AutocompleteArg {
        kind: "TextInput".to_owned(),
        required: true,
        data: Any::TextArg(Box::new(TextArg {
            hint: node.hint.clone(),
            pattern: String::new(),
        })),
        ..AutocompleteArg::default()
    };
    let role = match node.audience {
        Audience::Everyone => "system_user",
        Audience::SystemAdmins => "system_admin",
    };
    parent.sub_commands.push(AutocompleteData {
        trigger: word.clone(),
        hint: node.hint.clone(),
        help_text: node.help.clone(),
        role_id: role.to_owned(),
        arguments: if node.takes_text {
            vec![text]
        } else {
            Vec::new()
        },
        sub_commands: Vec::new(),
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(path: &[&str]) -> Node {
        Node {
            path: path.iter().map(|word| (*word).to_owned()).collect(),
            hint: String::new(),
            help: String::new(),
            audience: Audience::Everyone,
            takes_text: false,
        }
    }

    #[test]
    fn nodes_find_their_parents_and_orphans_are_refused() {
        let mut root = AutocompleteData::default();
        insert(&mut root, node(&["add"])).unwrap();
        insert(&mut root, node(&["add", "one"])).unwrap();
        assert_eq!(root.sub_commands[0].sub_commands[0].trigger, "one");
        assert!(insert(&mut root, node(&["missing", "one"])).is_err());
        assert!(insert(&mut root, node(&[])).is_err());
    }

    #[test]
    fn a_tree_has_a_most_of_words_of_depth_and_of_size() {
        let command = |nodes: Vec<Node>, help: usize| Command {
            trigger: "x".to_owned(),
            description: "h".repeat(help),
            hint: String::new(),
            display_name: String::new(),
            icon: Vec::new(),
            nodes,
        };
        let broad = |count: usize| vec![node(&["word"]); count];
        assert!(api_command(command(broad(NODES_LIMIT), 0)).is_ok());
        let is_refused = |command| matches!(api_command(command), Err(Error::TooLarge));
        assert!(is_refused(command(broad(NODES_LIMIT + 1), 0)));
        let deep = |depth: usize| {
            let words: Vec<&str> = vec!["a"; depth];
            (1..=depth).map(|end| node(&words[..end])).collect()
        };
        assert!(api_command(command(deep(DEPTH_LIMIT), 0)).is_ok());
        assert!(is_refused(command(deep(DEPTH_LIMIT + 1), 0)));
        assert!(is_refused(command(Vec::new(), SIZE_LIMIT)));
    }
}
