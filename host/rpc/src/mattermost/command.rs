//! Slash commands: registering one, and what a run of it looks like.
//!
//! A command's words are offered while typing from its `AutocompleteData` tree. The server refuses a
//! tree whose nodes have both arguments and sub-commands, and an unnamed text argument that is not
//! required.

use super::api::Call;
use super::call::go;
use super::registered::Attachment;
use crate::gob::Any;
use crate::net_rpc::Client;
use std::collections::BTreeMap;

crate::gob_struct! {
    /// A slash command, `model.Command`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Command = "Command" {
        /// The team it is for; empty for all.
        pub team_id: String = "TeamId",
        /// The word after the slash, in lower case.
        pub trigger: String = "Trigger",
        /// Whether it is offered while typing.
        pub auto_complete: bool = "AutoComplete",
        /// What it does, shown with the offer.
        pub auto_complete_desc: String = "AutoCompleteDesc",
        /// What may follow, shown with the offer.
        pub auto_complete_hint: String = "AutoCompleteHint",
        /// Its name.
        pub display_name: String = "DisplayName",
        /// What it is for.
        pub description: String = "Description",
        /// The tree of words that may follow.
        pub autocomplete_data: Option<Box<AutocompleteData>> = "AutocompleteData",
        /// `data:image/svg+xml;base64,…`, or empty.
        pub autocomplete_icon_data: String = "AutocompleteIconData",
    }
}

crate::gob_struct! {
    /// One word of a command, `model.AutocompleteData`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AutocompleteData = "AutocompleteData" {
        /// The word, in lower case.
        pub trigger: String = "Trigger",
        /// What may follow.
        pub hint: String = "Hint",
        /// What it does.
        pub help_text: String = "HelpText",
        /// Who is offered it: empty or `system_user` for everybody, `system_admin`.
        pub role_id: String = "RoleID",
        /// Free values that may follow.
        pub arguments: Vec<AutocompleteArg> = "Arguments",
        /// Words that may follow.
        pub sub_commands: Vec<AutocompleteData> = "SubCommands",
    }
}

crate::gob_struct! {
    /// One argument, `model.AutocompleteArg`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AutocompleteArg = "AutocompleteArg" {
        /// Name for `--name value`; empty for one known by its position.
        pub name: String = "Name",
        /// What it means.
        pub help_text: String = "HelpText",
        /// `TextInput`, `StaticList` or `DynamicList`.
        pub kind: String = "Type",
        /// Whether it must be there.
        pub required: bool = "Required",
        /// The struct that `kind` asks for.
        pub data: Any = "Data",
    }
}

crate::gob_struct! {
    /// One run of a command, `model.CommandArgs`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct CommandArgs = "CommandArgs" {
        /// Who typed it.
        pub user_id: String = "UserId",
        /// Where.
        pub channel_id: String = "ChannelId",
        /// Empty in direct and group channels.
        pub team_id: String = "TeamId",
        /// The thread it was typed in, or empty.
        pub root_id: String = "RootId",
        /// Opens one dialog; good for a few seconds.
        pub trigger_id: String = "TriggerId",
        /// The client it was typed in; empty on servers that do not tell.
        pub connection_id: String = "ConnectionId",
        /// All that was typed, slash and trigger included.
        pub command: String = "Command",
        /// The site's address.
        pub site_url: String = "SiteURL",
        /// Users named in the text: id by name.
        pub user_mentions: BTreeMap<String, String> = "UserMentions",
        /// Channels named in the text: id by name.
        pub channel_mentions: BTreeMap<String, String> = "ChannelMentions",
    }
}

crate::gob_struct! {
    /// The answer to a command, `model.CommandResponse`. The default means "done, nothing to show".
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct CommandResponse = "CommandResponse" {
        /// `ephemeral` or `in_channel`.
        pub response_type: String = "ResponseType",
        /// What is shown, in Markdown.
        pub text: String = "Text",
        /// The name it is shown under, where the server allows it.
        pub username: String = "Username",
        /// Another channel than the command's, or empty.
        pub channel_id: String = "ChannelId",
        /// The picture it is shown under, where the server allows it.
        pub icon_url: String = "IconURL",
        /// Type of the post it makes.
        pub kind: String = "Type",
        /// Props of the post it makes.
        pub props: BTreeMap<String, Any> = "Props",
        /// Where the client goes next, or empty.
        pub goto_location: String = "GotoLocation",
        /// The run's trigger id, for a dialog opened later.
        pub trigger_id: String = "TriggerId",
        /// Whether `text` is left as it is, rather than read as Slack's markup.
        pub skip_slack_parsing: bool = "SkipSlackParsing",
        /// Attachments of the post it makes.
        pub attachments: Vec<Attachment> = "Attachments",
    }
}

impl CommandResponse {
    /// An answer that only the person who typed the command sees.
    pub fn ephemeral(text: impl Into<String>) -> Self {
        Self {
            response_type: "ephemeral".to_owned(),
            text: text.into(),
            ..Self::default()
        }
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct RegisterArgs = "Z_RegisterCommandArgs" {
        command: Option<Box<Command>> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct RegisterReturns = "Z_RegisterCommandReturns" {
        error: Any = "A",
    }
}

pub(super) fn register(client: &Client, command: Command) -> Call<'_, ()> {
    Box::pin(async move {
        let args = RegisterArgs {
            command: Some(Box::new(command)),
        };
        let reply: RegisterReturns = client.call("Plugin.RegisterCommand", &args).await?;
        go(reply.error)
    })
}
