//! `channels`: channels and their members.

use std::collections::BTreeSet;

use mattermost_plugin_rpc::mattermost::Channel as ApiChannel;

use crate::bindings::plugin::mattermost::plugin::channels::{self, Channel, Host, Kind};
use crate::error::{Error, HostResult, api_error};
use crate::event::meter::Meter;
use crate::event::{EventCause, Services};

view!(channels { services: Services, cause: EventCause; mut meter: Meter });

impl Host for View<'_> {
    async fn get(&mut self, channel_id: String) -> HostResult<Channel> {
        let _reservation = self.meter.begin_call(&channel_id)?;
        let channel = self.channel(&channel_id).await;
        Ok(self.services.count_denial("channels", channel))
    }

    async fn is_member(&mut self, channel_id: String, user_id: String) -> HostResult<bool> {
        let _reservation = self.meter.begin_call(&(&channel_id, &user_id))?;
        let api = &self.services.api;
        let member = api.get_channel_member(&channel_id, &user_id).await;
        let answer = member.map(|member| member.is_some()).map_err(api_error);
        Ok(self.services.count_denial("channels", answer))
    }

    async fn has_permission(
        &mut self,
        user_id: String,
        channel_id: String,
        permission: String,
    ) -> HostResult<bool> {
        let _reservation = self
            .meter
            .begin_call(&(&user_id, &channel_id, &permission))?;
        let api = &self.services.api;
        let answer = api
            .has_permission_to_channel(&user_id, &channel_id, &permission)
            .await;
        Ok(self
            .services
            .count_denial("channels", answer.map_err(api_error)))
    }

    async fn direct(&mut self, user_id: String, other_user_id: String) -> HostResult<Channel> {
        let _reservation = self.meter.begin_call(&(&user_id, &other_user_id))?;
        let channel = self.direct_channel(&user_id, &other_user_id).await;
        Ok(self.services.count_denial("channels", channel))
    }
}

/// More members than a direct or group channel has.
const MEMBERS: u32 = 20;

impl View<'_> {
    async fn channel(&mut self, channel_id: &str) -> Result<Channel, Error> {
        let channel = self.services.api.get_channel(channel_id).await;
        let mut channel = channel.map(visible).map_err(api_error)?;
        let is_message = matches!(channel.kind, Kind::Direct | Kind::Group);
        if is_message && self.services.settings.restricts_direct_messages {
            channel.restricted = !self.have_common_team(channel_id).await?;
        }
        Ok(channel)
    }

    /// Whether the active members of a channel have a team in common. The server checks this before it accepts a user's
    /// message in a direct or group channel, but not for posts of a plugin.
    async fn have_common_team(&mut self, channel_id: &str) -> Result<bool, Error> {
        let api = &self.services.api;
        let members = api.get_users_in_channel(channel_id, 0, MEMBERS).await;
        let mut common: Option<BTreeSet<String>> = None;
        for member in members.map_err(api_error)? {
            if member.delete_at != 0 {
                continue;
            }
            let teams = api
                .get_teams_for_user(&member.id)
                .await
                .map_err(api_error)?;
            let teams = teams.into_iter().map(|team| team.id);
            common = Some(match common {
                None => teams.collect(),
                Some(common) => teams.filter(|team| common.contains(team)).collect(),
            });
        }
        Ok(common.is_none_or(|common| !common.is_empty()))
    }

    /// The direct channel of two users. It is created if it does not exist, and then appears in both users' channel lists.
    async fn direct_channel(&mut self, one: &str, other: &str) -> Result<Channel, Error> {
        let bot = self.services.bot();
        let allowed = [self.cause.actor.as_deref(), bot.as_deref()];
        if ![one, other].iter().any(|id| allowed.contains(&Some(id))) {
            let rule = "a direct channel is the bot's, or that of the user who caused the event";
            return Err(Error::Denied(rule.to_owned()));
        }
        let channel = self.services.api.get_direct_channel(one, other).await;
        channel.map(visible).map_err(api_error)
    }
}

fn visible(channel: ApiChannel) -> Channel {
    Channel {
        kind: match channel.kind.as_str() {
            "O" => Kind::Open,
            "D" => Kind::Direct,
            "G" => Kind::Group,
            // An unknown kind is treated as private.
            _ => Kind::Private,
        },
        id: channel.id,
        team_id: channel.team_id,
        name: channel.name,
        display_name: channel.display_name,
        archived: channel.delete_at != 0,
        restricted: false,
    }
}
