//! `jobs`: work for after the event, kept in the durable queue.
//!
//! A job acts for the user whose event enqueued it, and one that a job enqueues for nobody: otherwise whoever caused
//! one event could be written as for as long as the component likes.

use std::time::Duration;

use super::{Answer, Error, refused};
use crate::bindings::jobs::mattermost::plugin::jobs::Host;
use crate::jobs::QueueError;
use crate::policy::EventKind;
use crate::sandbox::EventState;

impl Host for EventState {
    async fn enqueue(&mut self, kind: String, payload: Vec<u8>, delay: u32) -> Answer<()> {
        let _held = self.host_call(&(&kind, &payload))?;
        let delay = Duration::from_secs(u64::from(delay));
        let queue = &self.services.jobs;
        // A job that makes the next one would be somebody for ever.
        let actor = match self.kind {
            EventKind::Job => None,
            EventKind::Request | EventKind::Command | EventKind::Lifecycle => self.actor.clone(),
        };
        let stored = queue.enqueue(&kind, &payload, actor, delay);
        let stored = stored.await;
        if stored.is_ok() {
            self.services.metrics.enqueued();
        }
        let stored = stored.map_err(|error| match error {
            QueueError::PayloadTooLarge => Error::TooLarge,
            QueueError::Kind | QueueError::Delay => Error::Invalid(error.to_string()),
            QueueError::Api(error) => refused(error),
            error => Error::Unavailable(error.to_string()),
        });
        Ok(self.counted("jobs", stored))
    }
}
