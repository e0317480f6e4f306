//! `channels`: rooms and who is in them.

use mattermost_plugin_rpc::mattermost::Channel as ApiChannel;

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::channels::{Channel, Host, Kind};
use crate::sandbox::EventState;

impl Host for EventState {
    async fn get(&mut self, channel_id: String) -> Answer<Channel> {
        let _held = self.host_call(channel_id.len())?;
        let channel = self.services.api.get_channel(&channel_id).await;
        Ok(self.counted("channels", channel.map(visible).map_err(refused)))
    }

    async fn is_member(&mut self, channel_id: String, user_id: String) -> Answer<bool> {
        let _held = self.host_call(channel_id.len() + user_id.len())?;
        let api = &self.services.api;
        let member = api.get_channel_member(&channel_id, &user_id).await;
        let answer = member.map(|member| member.is_some()).map_err(refused);
        Ok(self.counted("channels", answer))
    }

    async fn has_permission(
        &mut self,
        user_id: String,
        channel_id: String,
        permission: String,
    ) -> Answer<bool> {
        let _held = self.host_call(user_id.len() + channel_id.len() + permission.len())?;
        let api = &self.services.api;
        let answer = api
            .has_permission_to_channel(&user_id, &channel_id, &permission)
            .await;
        Ok(self.counted("channels", answer.map_err(refused)))
    }

    async fn direct(&mut self, user_id: String, other_user_id: String) -> Answer<Channel> {
        let _held = self.host_call(user_id.len() + other_user_id.len())?;
        let channel = self.direct_channel(&user_id, &other_user_id).await;
        Ok(self.counted("channels", channel))
    }
}

impl EventState {
    /// The room that two share, which is made where it is not there yet, and then stands among both their rooms.
    async fn direct_channel(&mut self, one: &str, other: &str) -> Result<Channel, Error> {
        let bot = self.services.bot();
        let concerned = [self.actor.as_deref(), bot.as_deref()];
        if ![one, other].iter().any(|id| concerned.contains(&Some(id))) {
            let rule = "a direct channel is the bot's, or that of the user who caused the event";
            return Err(Error::Denied(rule.to_owned()));
        }
        let channel = self.services.api.get_direct_channel(one, other).await;
        channel.map(visible).map_err(refused)
    }
}

fn visible(channel: ApiChannel) -> Channel {
    Channel {
        kind: match channel.kind.as_str() {
            "O" => Kind::Open,
            "D" => Kind::Direct,
            "G" => Kind::Group,
            // An unknown kind of room is treated as the closed one.
            _ => Kind::Private,
        },
        id: channel.id,
        team_id: channel.team_id,
        name: channel.name,
        display_name: channel.display_name,
        archived: channel.delete_at != 0,
    }
}
