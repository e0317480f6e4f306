//! Events for the webapp.

use super::api::Call;
use crate::gob::{Any, Empty};
use crate::net_rpc::Client;
use std::collections::BTreeMap;

crate::gob_struct! {
    /// Who receives an event, `model.WebsocketBroadcast`. The default reaches every client of every
    /// user; each id narrows it.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Broadcast = "WebsocketBroadcast" {
        /// Users who are left out.
        pub omit_users: BTreeMap<String, bool> = "OmitUsers",
        /// The clients of this user only.
        pub user_id: String = "UserId",
        /// Members of this channel only.
        pub channel_id: String = "ChannelId",
        /// Members of this team only.
        pub team_id: String = "TeamId",
        /// This client only. Servers before 10 do not look at it.
        pub connection_id: String = "ConnectionId",
        /// A client that is left out.
        pub omit_connection_id: String = "OmitConnectionId",
        /// Whether nodes of a cluster must deliver it to each other.
        pub reliable_cluster_send: bool = "ReliableClusterSend",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PublishArgs = "Z_PublishWebSocketEventArgs" {
        event: String = "A",
        payload: BTreeMap<String, Any> = "B",
        broadcast: Broadcast = "C",
    }
}

pub(super) fn publish<'a>(
    client: &'a Client,
    event: &'a str,
    payload: BTreeMap<String, Any>,
    broadcast: Broadcast,
) -> Call<'a, ()> {
    Box::pin(async move {
        let args = PublishArgs {
            event: event.to_owned(),
            payload,
            broadcast,
        };
        let Empty = client.call("Plugin.PublishWebSocketEvent", &args).await?;
        Ok(())
    })
}
