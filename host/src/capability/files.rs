//! `files`: attachments.

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::files::Host;
use crate::sandbox::{EventState, Weight as _};

const FILE_LIMIT: usize = 10 * 1024 * 1024;

impl Host for EventState {
    async fn upload(
        &mut self,
        channel_id: String,
        name: String,
        content: Vec<u8>,
    ) -> Answer<String> {
        let _held = self.host_call(&(&channel_id, &name))?;
        self.brought(content.weight())?;
        let stored = self.store_file(&channel_id, &name, content).await;
        Ok(self.counted("files", stored))
    }
}

impl EventState {
    async fn store_file(
        &mut self,
        channel_id: &str,
        name: &str,
        content: Vec<u8>,
    ) -> Result<String, Error> {
        if content.len() > FILE_LIMIT {
            return Err(Error::TooLarge);
        }
        // The content itself, and the message to the server that it becomes a part of.
        let Some(_room) = self.room(2 * content.len()) else {
            let why = "no memory for the file: other events have what the policy allows";
            return Err(Error::Unavailable(why.to_owned()));
        };
        let api = &self.services.api;
        let info = api.upload_file(content, channel_id, name).await;
        Ok(info.map_err(refused)?.id)
    }
}
