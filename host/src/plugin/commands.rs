//! Slash commands.

use mattermost_plugin_rpc::mattermost::CommandArgs;

use super::component_plugin::ComponentPlugin;
use crate::bindings::plugin::exports::mattermost::plugin::command_handler;
use crate::capability::MESSAGE_LIMIT;
use crate::metrics::Counter;
use crate::policy::EventKind;
use crate::sandbox::EventError;

impl ComponentPlugin {
    /// Runs a slash command. Returns the text for the user, if any.
    pub async fn command(&self, args: CommandArgs) -> Result<Option<String>, EventError> {
        let Some(_permit) = self.commands_per_user.acquire(&args.user_id).await else {
            self.metrics
                .count(Counter::RequestRejected, "per_user_limit");
            return Err(EventError::Busy);
        };
        let invocation = command_handler::Invocation {
            text: args.command,
            user_id: args.user_id,
            channel_id: args.channel_id,
            team_id: args.team_id,
            root_id: args.root_id,
            trigger_id: args.trigger_id,
            connection_id: args.connection_id,
        };
        let answer = self.event(EventKind::Command, |sandbox, services| async move {
            sandbox.command(services, &invocation).await
        });
        let mut text = answer.await?.value;
        // The longest message that the server accepts.
        if let Some(text) = &mut text {
            text.truncate(text.floor_char_boundary(MESSAGE_LIMIT));
            text.shrink_to_fit();
        }
        Ok(text)
    }
}
