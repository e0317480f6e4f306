//! `files`: attachments.

use super::{Answer, Error, refused};
use crate::bindings::plugin::mattermost::plugin::files::Host;
use crate::sandbox::EventState;

const FILE_LIMIT: usize = 10 * 1024 * 1024;

impl Host for EventState {
    async fn upload(
        &mut self,
        channel_id: String,
        name: String,
        content: Vec<u8>,
    ) -> Answer<String> {
        self.host_call()?;
        if content.len() > FILE_LIMIT {
            return Ok(Err(Error::TooLarge));
        }
        let api = &self.services.api;
        let info = api.upload_file(content, &channel_id, &name).await;
        Ok(info.map(|info| info.id).map_err(refused))
    }
}
