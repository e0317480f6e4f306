//! Permits to run: how many events of each kind run at once.
//!
//! Commands and lifecycle events have separate permits: a flood of requests, which anybody can send, must not block
//! commands, nor commands a configuration change. A part of the permits for requests is reserved for webhooks: small
//! requests without a session to routes that the policy lists.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::trap::EventError;
use crate::jobs::MAX_RUNNING_JOBS;
use crate::policy::{EventKind, Policy};

/// How long an event waits for a permit.
const PERMIT_TIMEOUT: Duration = Duration::from_secs(2);

/// How many lifecycle events run at once: a configuration change, and the next.
const LIFECYCLE_EVENTS: usize = 2;

/// How many commands run at once, for this many concurrent requests.
pub(crate) fn concurrent_commands(requests: usize) -> usize {
    requests.div_ceil(4)
}

/// How many events of all kinds run at once under a policy.
pub(crate) fn max_concurrent_events(policy: &Policy) -> usize {
    let requests = policy.concurrent_events();
    requests + concurrent_commands(requests) + LIFECYCLE_EVENTS + MAX_RUNNING_JOBS
}

/// The permits that an event may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PermitKind {
    /// Those of this kind of event.
    Event(EventKind),
    /// Those of requests, and those reserved for webhooks.
    Webhook,
}

impl PermitKind {
    /// The kind of the event.
    pub(crate) fn event_kind(self) -> EventKind {
        match self {
            Self::Event(kind) => kind,
            Self::Webhook => EventKind::Request,
        }
    }
}

/// The permits of all kinds of events.
pub(super) struct Permits {
    requests: Arc<Semaphore>,
    webhooks: Arc<Semaphore>,
    commands: Arc<Semaphore>,
    lifecycle: Arc<Semaphore>,
    jobs: Arc<Semaphore>,
}

impl Permits {
    pub(super) fn new(policy: &Policy) -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        let requests = policy.concurrent_events();
        let reserved = policy.reserved_for_webhooks();
        Self {
            requests: semaphore(requests - reserved),
            webhooks: semaphore(reserved),
            commands: semaphore(concurrent_commands(requests)),
            lifecycle: semaphore(LIFECYCLE_EVENTS),
            jobs: semaphore(MAX_RUNNING_JOBS),
        }
    }

    /// Waits for a permit for a short time.
    ///
    /// # Errors
    ///
    /// [`EventError::Busy`].
    pub(super) async fn acquire(
        &self,
        kind: PermitKind,
    ) -> Result<OwnedSemaphorePermit, EventError> {
        let permits = match kind {
            PermitKind::Webhook | PermitKind::Event(EventKind::Request) => &self.requests,
            PermitKind::Event(EventKind::Command) => &self.commands,
            PermitKind::Event(EventKind::Lifecycle) => &self.lifecycle,
            PermitKind::Event(EventKind::Job) => &self.jobs,
        };
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Ok(permit);
        }
        let permit = Arc::clone(permits).acquire_owned();
        let permit = async {
            match kind {
                PermitKind::Event(_) => permit.await,
                PermitKind::Webhook => {
                    let reserved = Arc::clone(&self.webhooks).acquire_owned();
                    tokio::select! {
                        permit = permit => permit,
                        permit = reserved => permit,
                    }
                }
            }
        };
        match tokio::time::timeout(PERMIT_TIMEOUT, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(EventError::Busy),
        }
    }
}
