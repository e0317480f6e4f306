//! `websocket`: events for the webapp.

use mattermost_plugin_rpc::mattermost::{Any, Broadcast};

use super::limits::pairs_size;
use crate::bindings::plugin::mattermost::plugin::websocket::{self, Audience, Host};
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::meter::Meter;

/// The largest event, name and data together, in bytes: each client that is online receives it.
const SIZE_LIMIT: usize = 64 * 1024;

view!(websocket { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn publish(
        &mut self,
        name: String,
        data: Vec<(String, String)>,
        audience: Audience,
    ) -> HostResult<()> {
        let size = name.len() + pairs_size(&data);
        let _reservation = self.meter.begin_call(&(&name, &data, &audience))?;
        let published = self.publish_event(&name, size, data, audience).await;
        Ok(self.services.count_denial("websocket", published))
    }
}

impl View<'_> {
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
        // Otherwise cluster nodes send events to each other over UDP, and an important one may be lost.
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
        // An event without a recipient would go to everyone.
        if broadcast.user_id.is_empty() && broadcast.channel_id.is_empty() {
            let reason = "an event needs a user or a channel as its audience";
            return Err(Error::Invalid(reason.to_owned()));
        }
        let data = data.into_iter();
        let data = data.map(|(key, value)| (key, Any::String(value))).collect();
        let api = &self.services.api;
        let answer = api.publish_websocket_event(name, data, broadcast).await;
        answer.map_err(api_error)
    }
}
