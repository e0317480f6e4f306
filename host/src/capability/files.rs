//! `files`: file attachments.

use crate::bindings::plugin::mattermost::plugin::files::{self, Host};
use crate::error::{Error, HostResult, api_error};
use crate::event::Services;
use crate::event::heap_size::HeapSize as _;
use crate::event::meter::Meter;

/// The largest file, in bytes.
const FILE_LIMIT: usize = 10 * 1024 * 1024;

view!(files { services: Services; mut meter: Meter });

impl Host for View<'_> {
    async fn upload(
        &mut self,
        channel_id: String,
        name: String,
        content: Vec<u8>,
    ) -> HostResult<String> {
        let _reservation = self.meter.begin_call(&(&channel_id, &name))?;
        self.meter.charge_arguments(content.heap_size())?;
        let stored = self.store_file(&channel_id, &name, content).await;
        Ok(self.services.count_denial("files", stored))
    }
}

impl View<'_> {
    async fn store_file(
        &mut self,
        channel_id: &str,
        name: &str,
        content: Vec<u8>,
    ) -> Result<String, Error> {
        if content.len() > FILE_LIMIT {
            return Err(Error::TooLarge);
        }
        // The content, and the message to Mattermost that contains it.
        let Some(_reservation) = self.meter.reserve(2 * content.len()) else {
            let why = "no memory for the file: other events use all that the policy allows";
            return Err(Error::Unavailable(why.to_owned()));
        };
        let api = &self.services.api;
        let info = api.upload_file(content, channel_id, name).await;
        Ok(info.map_err(api_error)?.id)
    }
}
