//! Routes whose callers wait only for a short time, such as webhooks.

use std::time::Duration;

use serde::Deserialize;

/// A route with a time limit for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    /// The path below the plugin's root.
    pub(super) path: String,
    /// The time limit for the answer, in milliseconds after the request arrived. If the event has no answer by then, the
    /// host answers 503 and the event continues.
    pub(super) answer_within_ms: u64,
}

impl Route {
    pub(super) fn is_valid(&self) -> bool {
        self.path.starts_with('/') && !self.path.contains(['?', '#', '%'])
    }

    pub(super) fn answer_within(&self) -> Duration {
        Duration::from_millis(self.answer_within_ms)
    }
}
