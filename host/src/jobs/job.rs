//! A job, its stored form, and the slot in which this process runs it.

use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

use super::index::Running;

/// The stored payload of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) kind: String,
    /// Base64.
    pub(super) payload: String,
    /// The user whose event enqueued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) actor: Option<String>,
}

/// A job that this process has claimed.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) kind: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) actor: Option<String>,
    /// Counting from 1.
    pub(crate) attempt: u32,
    pub(super) id: String,
    pub(super) shard: usize,
    pub(super) first_due: i64,
    pub(super) leased_until: i64,
}

/// A claimed job and its slot.
pub(super) struct Claimed {
    pub(super) job: Job,
    pub(super) slot: Slot,
}

/// A slot for one job. While it exists, this process does not claim the job again.
pub(super) struct Slot {
    pub(super) id: String,
    pub(super) running: Arc<Mutex<Running>>,
    pub(super) _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let running = self.running.lock();
        let mut running = running.unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.id);
    }
}
