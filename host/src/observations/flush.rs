//! Stores notes, and reads those of all nodes.

use std::sync::Arc;
use std::time::Duration;

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, KvSetOptions};
use thiserror::Error;

use super::record::{LIFETIME_SECONDS, Note, Notes, RECORD, Version};
use super::{INTERVAL, Observations};
use crate::clock::Clock;
use crate::log::{Line, ServerLog, sanitize};
use crate::random::jitter;

/// How often a change of the record is attempted while others change it too, or a replica lags.
const CAS_ATTEMPTS: u64 = 10;

/// The timeout of one API call.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Notes could not be stored. They stay in memory.
#[derive(Debug, Error)]
pub(crate) enum FlushError {
    #[error("the record is changed too often, or a database replica lags")]
    Contended,
    #[error("the server did not answer within 10 seconds")]
    Slow,
    #[error(transparent)]
    Api(#[from] ApiError),
}

impl Observations {
    /// Stores the pending notes.
    ///
    /// # Errors
    ///
    /// When they cannot be stored. They are due again after the usual interval.
    pub(crate) async fn flush(&self, api: &dyn Api, now: i64) -> Result<(), FlushError> {
        let mut stored = self.stored.lock().await;
        let pending = {
            let mut state = self.state();
            state.due = None;
            std::mem::take(&mut state.pending)
        };
        if pending.is_empty() {
            return Ok(());
        }
        match store(api, &stored, &pending, now).await {
            Ok(version) => {
                *stored = version;
                Ok(())
            }
            Err(error) => {
                let mut state = self.state();
                state.pending.add_all(pending);
                self.schedule(&mut state, INTERVAL);
                Err(error)
            }
        }
    }

    /// The last note of each name on all nodes, in order.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub(crate) async fn list(
        &self,
        api: &dyn Api,
        now: i64,
    ) -> Result<Vec<(String, Note)>, ApiError> {
        let stored = self.stored.lock().await;
        let bytes = api.kv_get(RECORD).await?.unwrap_or_default();
        let mut notes = Version::decode(bytes).or_newer(&stored).notes().clone();
        notes.add_all(self.state().pending.clone());
        notes.trim(now);
        Ok(notes.into_list())
    }
}

/// Adds notes to the record, and returns its new version. The first attempt trusts the known version.
async fn store(
    api: &dyn Api,
    known: &Version,
    pending: &Notes,
    now: i64,
) -> Result<Version, FlushError> {
    let mut base = known.clone();
    for attempt in 0..CAS_ATTEMPTS {
        if attempt > 0 {
            tokio::time::sleep(Duration::from_millis(jitter(100 * attempt))).await;
            let bytes = with_timeout(api.kv_get(RECORD)).await?;
            base = Version::decode(bytes.unwrap_or_default());
        }
        let next = base.with(pending.clone(), now);
        let options = KvSetOptions {
            atomic: true,
            old_value: Bytes(base.bytes.clone()),
            expire_in_seconds: LIFETIME_SECONDS,
        };
        let written = api.kv_set_with_options(RECORD, next.bytes.clone(), options);
        if with_timeout(written).await? {
            return Ok(next);
        }
    }
    Err(FlushError::Contended)
}

async fn with_timeout<T>(call: impl Future<Output = Result<T, ApiError>>) -> Result<T, FlushError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(FlushError::Slow),
    }
}

/// Stores notes when they are due.
pub(crate) struct Flusher {
    pub(crate) observations: Arc<Observations>,
    pub(crate) api: Arc<dyn Api>,
    pub(crate) clock: Clock,
    pub(crate) log: Arc<ServerLog>,
}

impl Flusher {
    /// Runs for as long as the process.
    pub(crate) async fn run(self) {
        loop {
            self.observations.wait_until_due().await;
            self.flush().await;
        }
    }

    /// Stores the pending notes now.
    pub(crate) async fn flush(&self) {
        let now = (self.clock)();
        if let Err(error) = self.observations.flush(self.api.as_ref(), now).await {
            let mut line = Line::warning("Observations of the component could not be stored");
            line.fields = vec![("error".to_owned(), sanitize(error.to_string()))];
            self.log.write(line);
        }
    }
}
