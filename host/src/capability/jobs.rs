//! `jobs`: work for after the event, kept in the durable queue.
//!
//! A job acts for the user whose event enqueued it. A job that a job enqueues acts for nobody; otherwise the component could
//! act for the user of one event for as long as it likes.

use std::time::Duration;

use crate::bindings::jobs::mattermost::plugin::jobs::{self, Host};
use crate::error::{Error, HostResult, api_error};
use crate::event::meter::Meter;
use crate::event::{EventCause, Services};
use crate::jobs::QueueError;
use crate::policy::EventKind;

view!(jobs { services: Services, cause: EventCause; mut meter: Meter });

impl Host for View<'_> {
    async fn enqueue(&mut self, kind: String, payload: Vec<u8>, delay: u32) -> HostResult<()> {
        let _reservation = self.meter.begin_call(&(&kind, &payload))?;
        let delay = Duration::from_secs(u64::from(delay));
        let queue = &self.services.jobs;
        // Otherwise a chain of jobs could act for the user forever.
        let actor = match self.cause.kind {
            EventKind::Job => None,
            EventKind::Request | EventKind::Command | EventKind::Lifecycle => {
                self.cause.actor.clone()
            }
        };
        let stored = queue.enqueue(&kind, &payload, actor, delay);
        let stored = stored.await;
        if stored.is_ok() {
            self.services.metrics.enqueued();
        }
        let stored = stored.map_err(queue_error);
        Ok(self.services.count_denial("jobs", stored))
    }

    async fn overdue(&mut self) -> HostResult<u64> {
        let _reservation = self.meter.begin_call(&())?;
        let overdue = self.services.jobs.overdue().await;
        let overdue = overdue.map_err(queue_error);
        let seconds = overdue.map(|ms| u64::try_from(ms / 1000).unwrap_or(0));
        Ok(self.services.count_denial("jobs", seconds))
    }
}

fn queue_error(error: QueueError) -> Error {
    match error {
        QueueError::PayloadTooLarge => Error::TooLarge,
        QueueError::Kind | QueueError::Delay => Error::Invalid(error.to_string()),
        QueueError::Api(error) => api_error(error),
        error => Error::Unavailable(error.to_string()),
    }
}
