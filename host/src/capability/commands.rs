//! `commands`: slash commands and their autocomplete tree.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mattermost_plugin_rpc::gob::Any;
use mattermost_plugin_rpc::mattermost::{
    AutocompleteArg, AutocompleteData, Command as ApiCommand, TextArg,
};

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::commands::{Audience, Command, Host, Node};
use crate::sandbox::EventState;

impl Host for EventState {
    async fn register(&mut self, command: Command) -> Answer<()> {
        self.host_call()?;
        let command = match api_command(command) {
            Ok(command) => command,
            Err(error) => return Ok(Err(error)),
        };
        let answer = self.services.api.register_command(command).await;
        Ok(answer.map_err(refused))
    }
}

fn api_command(command: Command) -> Result<ApiCommand, Error> {
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
}
