//! Reads and writes index records with compare-and-set.

use std::time::Duration;

use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::KvSetOptions;

use super::api_timeout::with_timeout;
use super::error::QueueError;
use super::index::{Index, index_key};
use super::queue::{Queue, SHARDS};
use super::shard::Version;
use crate::random::jitter;

/// How often a change of an index is attempted while others change it too.
const CAS_ATTEMPTS: u32 = 50;

impl Queue {
    async fn read(&self, shard: usize) -> Result<Version, QueueError> {
        let key = index_key(shard);
        let bytes = with_timeout(self.api.kv_get(&key))
            .await?
            .unwrap_or_default();
        if bytes.is_empty() {
            return Ok(Version::default());
        }
        match Index::decode(&bytes) {
            Ok(index) => Ok(Version { bytes, index }),
            Err(_) => Err(QueueError::Damaged(key)),
        }
    }

    /// For how long the oldest job has been due, in milliseconds. Postponements after failures do not count.
    pub(crate) async fn overdue(&self) -> Result<i64, QueueError> {
        let now = (self.clock)();
        let mut oldest = now;
        for shard in 0..SHARDS {
            let index = self.read(shard).await?.index;
            let due = index.jobs.iter().map(|job| job.first_due);
            oldest = due.fold(oldest, i64::min);
        }
        Ok(now.saturating_sub(oldest))
    }

    /// Reads an index. A version older than the known one is ignored.
    pub(super) async fn refresh(&self, shard: usize) -> Result<(), QueueError> {
        let known = self.shard(shard)?;
        let _changing = known.changing.lock().await;
        let version = self.read(shard).await?;
        if version.index.version >= known.newest() {
            known.remember(version);
        }
        Ok(())
    }

    /// Changes an index with compare-and-set, and retries while others change it too. `change` returns `None` if there is
    /// nothing to change, which counts only if the version is not older than one that this process knows or saw replaced.
    pub(super) async fn change<T>(
        &self,
        shard: usize,
        change: impl Fn(&mut Index) -> Option<T>,
    ) -> Result<Option<T>, QueueError> {
        let known = self.shard(shard)?;
        let _changing = known.changing.lock().await;
        let key = index_key(shard);
        let mut newest = known.newest();
        let mut base = known.known();
        let mut is_current = known.is_recent();
        for attempt in 0..CAS_ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(jitter(10 * u64::from(attempt)))).await;
                base = self.read(shard).await?;
                is_current = base.index.version >= newest;
                if is_current {
                    known.remember(base.clone());
                }
            }
            let mut index = base.index.clone();
            let Some(value) = change(&mut index) else {
                if is_current {
                    return Ok(None);
                }
                continue;
            };
            index.version = newest.max(base.index.version).saturating_add(1);
            let bytes = index.encode();
            let options = KvSetOptions {
                atomic: true,
                old_value: Bytes(base.bytes.clone()),
                ..KvSetOptions::default()
            };
            let written = self.api.kv_set_with_options(&key, bytes.clone(), options);
            if with_timeout(written).await? {
                known.remember(Version { bytes, index });
                return Ok(Some(value));
            }
            // Another process has stored a newer version.
            newest = newest.max(base.index.version.saturating_add(1));
        }
        Err(QueueError::Contended(key))
    }
}
