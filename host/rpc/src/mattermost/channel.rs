//! Channels and their members.

use super::api::Call;
use super::call::{app, present};
use super::registered::AppError;
use crate::net_rpc::Client;

crate::gob_struct! {
    /// A channel, `model.Channel`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Channel = "Channel" {
        /// The 26-character id.
        pub id: String = "Id",
        /// Milliseconds since 1970; 0 while the channel is not archived.
        pub delete_at: i64 = "DeleteAt",
        /// Empty for direct and group channels.
        pub team_id: String = "TeamId",
        /// `O` open, `P` private, `D` direct, `G` group.
        pub kind: String = "Type",
        /// What people read.
        pub display_name: String = "DisplayName",
        /// The name in the channel's address.
        pub name: String = "Name",
    }
}

crate::gob_struct! {
    /// Somebody's membership of a channel, `model.ChannelMember`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct ChannelMember = "ChannelMember" {
        /// The channel.
        pub channel_id: String = "ChannelId",
        /// The member.
        pub user_id: String = "UserId",
        /// Role names separated by blanks.
        pub roles: String = "Roles",
        /// Whether the member is a guest.
        pub scheme_guest: bool = "SchemeGuest",
        /// Whether the member administers the channel.
        pub scheme_admin: bool = "SchemeAdmin",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ChannelArgs = "Z_GetChannelArgs" {
        channel: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PairArgs = "Z_PairArgs" {
        first: String = "A",
        second: String = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ChannelReturns = "Z_GetChannelReturns" {
        channel: Option<Box<Channel>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct MemberReturns = "Z_GetChannelMemberReturns" {
        member: Option<Box<ChannelMember>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

pub(super) fn get<'a>(client: &'a Client, channel: &'a str) -> Call<'a, Channel> {
    Box::pin(async move {
        let args = ChannelArgs {
            channel: channel.to_owned(),
        };
        let reply: ChannelReturns = client.call("Plugin.GetChannel", &args).await?;
        app(reply.error)?;
        present(reply.channel)
    })
}

pub(super) fn member<'a>(
    client: &'a Client,
    channel: &'a str,
    user: &'a str,
) -> Call<'a, Option<ChannelMember>> {
    Box::pin(async move {
        let args = PairArgs {
            first: channel.to_owned(),
            second: user.to_owned(),
        };
        let reply: MemberReturns = client.call("Plugin.GetChannelMember", &args).await?;
        match app(reply.error) {
            Ok(()) => Ok(reply.member.map(|member| *member)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    })
}

pub(super) fn direct<'a>(client: &'a Client, user: &'a str, other: &'a str) -> Call<'a, Channel> {
    Box::pin(async move {
        let args = PairArgs {
            first: user.to_owned(),
            second: other.to_owned(),
        };
        let reply: ChannelReturns = client.call("Plugin.GetDirectChannel", &args).await?;
        app(reply.error)?;
        present(reply.channel)
    })
}
