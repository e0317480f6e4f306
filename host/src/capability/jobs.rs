//! `jobs`: work for after the event, kept in the durable queue.

use std::time::Duration;

use super::{Answer, Error};
use crate::bindings::jobs::mattermost::plugin::jobs::Host;
use crate::jobs::QueueError;
use crate::sandbox::EventState;

impl Host for EventState {
    async fn enqueue(&mut self, kind: String, payload: Vec<u8>, delay: u32) -> Answer<()> {
        self.host_call()?;
        let delay = Duration::from_secs(u64::from(delay));
        let queue = &self.services.jobs;
        let stored = queue.enqueue(&kind, &payload, self.actor.clone(), delay);
        let stored = stored.await;
        if stored.is_ok() {
            self.services.metrics.enqueued();
        }
        Ok(stored.map_err(|error| match error {
            QueueError::PayloadTooLarge => Error::TooLarge,
            QueueError::Kind | QueueError::Delay => Error::Invalid(error.to_string()),
            error => Error::Unavailable(error.to_string()),
        }))
    }
}
