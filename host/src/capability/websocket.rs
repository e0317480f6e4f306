//! `websocket`: events for the webapp.

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::Broadcast;

use super::log::pairs;
use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::websocket::{Audience, Host};
use crate::sandbox::EventState;

/// What an event may hold, name and data together, in bytes: each client that is online gets all of it.
const SIZE_LIMIT: usize = 64 * 1024;

impl Host for EventState {
    async fn publish(
        &mut self,
        name: String,
        data: Vec<(String, String)>,
        audience: Audience,
    ) -> Answer<()> {
        let size = name.len() + pairs(&data);
        let _held = self.host_call(&(&name, &data, &audience))?;
        let published = self.publish_event(&name, size, data, audience).await;
        Ok(self.counted("websocket", published))
    }
}

impl EventState {
    async fn publish_event(
        &mut self,
        name: &str,
        size: usize,
        data: Vec<(String, String)>,
        audience: Audience,
    ) -> Result<(), Error> {
        if size > SIZE_LIMIT {
            return Err(Error::TooLarge);
        }
        // Without this, nodes of a cluster send events to each other over UDP, and one that opens a meeting may be lost.
        let mut broadcast = Broadcast {
            reliable_cluster_send: true,
            ..Broadcast::default()
        };
        match audience {
            Audience::User(user) => broadcast.user_id = user,
            Audience::Connection((user, connection)) => {
                broadcast.user_id = user;
                broadcast.connection_id = connection;
            }
            Audience::Channel(channel) => broadcast.channel_id = channel,
        }
        // An event with no addressee at all would go to everybody.
        if broadcast.user_id.is_empty() && broadcast.channel_id.is_empty() {
            let reason = "an event needs a user or a channel to go to";
            return Err(Error::Invalid(reason.to_owned()));
        }
        let data = data.into_iter();
        let data = data.map(|(key, value)| (key, Any::String(value))).collect();
        let api = &self.services.api;
        let answer = api.publish_websocket_event(name, data, broadcast).await;
        answer.map_err(refused)
    }
}
