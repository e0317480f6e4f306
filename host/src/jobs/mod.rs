//! The durable queue: work that survives a crash of the process.
//!
//! A job is a record `_job_{id}` with its kind and payload, and an entry in one of sixteen index records
//! `_jobs_00` … `_jobs_15`, which say when it is due. All nodes of a cluster share them. An index is
//! changed by compare-and-set; a node claims a job with a lease, renews the lease while the job runs,
//! and removes the entry when it is done. A node that dies loses its leases, and another goes on: a
//! job runs at least once.
//!
//! The payload is stored before its entry and removed after it, so an entry always has one; a payload
//! whose entry was never written expires by itself.

mod index;
mod runner;

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, KvSetOptions};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::Notify;

use crate::clock::Clock;
use index::{Entry, Index, LEASE};

pub(crate) use runner::Runner;

/// How many index records there are. More would cost reads, fewer would cost conflicts.
const SHARDS: u32 = 16;
/// The largest payload, in bytes.
const PAYLOAD_LIMIT: usize = 64 * 1024;
/// The longest name of a kind, in bytes.
const KIND_LIMIT: usize = 64;
/// Entries in one index; more means that something enqueues without end.
const ENTRIES_LIMIT: usize = 4_000;
/// When a job is given up, in milliseconds after it was first due.
const GIVE_UP: i64 = 24 * 3600 * 1000;
/// How often it is begun before that, however late it is: the server may have been down for days, or the
/// clock have jumped.
const GIVE_UP_AFTER: u32 = 5;
/// The longest delay, in seconds.
const DELAY_LIMIT: u64 = 7 * 24 * 3600;
/// When the payload of a lost job expires, in seconds.
const PAYLOAD_SECONDS: i64 = 30 * 24 * 3600;
/// How often a change of an index is tried when others change it too.
const CAS_ATTEMPTS: u32 = 50;

/// Why the queue did not do what was asked.
#[derive(Debug, Error)]
pub(crate) enum QueueError {
    #[error("a payload is at most 64 KiB")]
    PayloadTooLarge,
    #[error("a kind is 1 to 64 bytes")]
    Kind,
    #[error("a delay is at most seven days")]
    Delay,
    #[error("too many jobs are waiting")]
    Full,
    #[error("the record {0} is damaged")]
    Damaged(String),
    #[error("the record {0} is changed too often")]
    Contended(String),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// What is stored of a job beside its entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stored {
    kind: String,
    /// Base64.
    payload: String,
    /// The user whose event enqueued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
}

/// A job that this node works on.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) kind: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) actor: Option<String>,
    /// Counting from 1.
    pub(crate) attempt: u32,
    id: String,
    shard: u32,
    first_due: i64,
}

/// The queue, as one node sees it.
pub(crate) struct Queue {
    api: Arc<dyn Api>,
    clock: Clock,
    /// This process, among all that share the queue.
    holder: String,
    /// Rung when this node enqueued something.
    bell: Notify,
}

impl Queue {
    pub(crate) fn new(api: Arc<dyn Api>, clock: Clock) -> Self {
        Self {
            api,
            clock,
            holder: random_id(),
            bell: Notify::new(),
        }
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Stores a job.
    pub(crate) async fn enqueue(
        &self,
        kind: &str,
        payload: &[u8],
        actor: Option<String>,
        delay: Duration,
    ) -> Result<(), QueueError> {
        if payload.len() > PAYLOAD_LIMIT {
            return Err(QueueError::PayloadTooLarge);
        }
        if kind.is_empty() || kind.len() > KIND_LIMIT {
            return Err(QueueError::Kind);
        }
        if delay > Duration::from_secs(DELAY_LIMIT) {
            return Err(QueueError::Delay);
        }
        let id = random_id();
        let stored = Stored {
            kind: kind.to_owned(),
            payload: STANDARD.encode(payload),
            actor,
        };
        let options = KvSetOptions {
            expire_in_seconds: PAYLOAD_SECONDS,
            ..KvSetOptions::default()
        };
        // Strings always become JSON.
        let record = serde_json::to_vec(&stored).unwrap_or_default();
        let key = payload_key(&id);
        self.api.kv_set_with_options(&key, record, options).await?;
        let now = self.now();
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let due = now.saturating_add(delay);
        let entry = Entry {
            due,
            first_due: due,
            planned: now,
            attempts: 0,
            holder: String::new(),
            leased_until: 0,
            id,
        };
        let added = self.change(shard_of(&entry.id), |index| {
            let room = index.jobs.len() < ENTRIES_LIMIT;
            if room {
                index.jobs.push(entry.clone());
            }
            room.then_some(())
        });
        match added.await {
            Ok(Some(())) => {
                self.bell.notify_one();
                Ok(())
            }
            Ok(None) => Err(self.dropped(&key, QueueError::Full).await),
            Err(error) => Err(self.dropped(&key, error).await),
        }
    }

    /// Removes the payload of a job whose entry could not be written.
    async fn dropped(&self, key: &str, error: QueueError) -> QueueError {
        // It expires in any case.
        let _ = self.api.kv_delete(key).await;
        error
    }

    /// Takes up to `room` jobs of one index. Answers also when its next one is free.
    async fn claim(&self, shard: u32, room: usize) -> Result<(Vec<Job>, Option<i64>), QueueError> {
        let now = self.now();
        // Most indexes are empty most of the time: look before changing.
        let seen = self.read(shard).await?;
        let next = seen.1.next(now);
        if next.is_none_or(|next| next > now) || room == 0 {
            return Ok((Vec::new(), next));
        }
        let claimed = self.change(shard, |index| {
            let taken = index.claim(now, now + LEASE, &self.holder, room);
            (!taken.is_empty()).then(|| (taken, index.next(now)))
        });
        let Some((entries, next)) = claimed.await? else {
            return Ok((Vec::new(), None));
        };
        let mut jobs = Vec::new();
        for entry in entries {
            match self.load(shard, entry).await {
                Ok(job) => jobs.extend(job),
                Err(error) if jobs.is_empty() => return Err(error),
                // Those that are there are run; the rest comes back when its lease ends.
                Err(_) => break,
            }
        }
        Ok((jobs, next))
    }

    /// The job of an entry that was just claimed. One without a payload cannot be run by anybody; it is
    /// removed, but not at once, because a read may come from a replica that is behind.
    async fn load(&self, shard: u32, entry: Entry) -> Result<Option<Job>, QueueError> {
        let key = payload_key(&entry.id);
        let record = self.api.kv_get(&key).await?;
        let stored = record.and_then(|record| serde_json::from_slice::<Stored>(&record).ok());
        let job = stored.and_then(|stored| {
            Some(Job {
                payload: STANDARD.decode(&stored.payload).ok()?,
                kind: stored.kind,
                actor: stored.actor,
                attempt: entry.attempts,
                id: entry.id.clone(),
                shard,
                first_due: entry.first_due,
            })
        });
        if job.is_none() && self.now().saturating_sub(entry.first_due) > LEASE {
            self.change(shard, |index| {
                index.finish(&entry.id, &self.holder).then_some(())
            })
            .await?;
        }
        Ok(job)
    }

    /// Says that the job is still worked on. False where it is somebody else's by now.
    async fn renew(&self, job: &Job) -> Result<bool, QueueError> {
        let until = self.now() + LEASE;
        let renewed = self.change(job.shard, |index| {
            index.renew(&job.id, &self.holder, until).then_some(())
        });
        Ok(renewed.await?.is_some())
    }

    /// Removes a job for good.
    async fn finish(&self, job: &Job) -> Result<(), QueueError> {
        let finished = self.change(job.shard, |index| {
            index.finish(&job.id, &self.holder).then_some(())
        });
        if finished.await?.is_some() {
            self.api.kv_delete(&payload_key(&job.id)).await?;
        }
        Ok(())
    }

    /// Gives a job back for later.
    async fn postpone(&self, job: &Job, delay: Duration) -> Result<(), QueueError> {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let now = self.now();
        let due = now.saturating_add(delay);
        self.change(job.shard, |index| {
            index
                .postpone(&job.id, &self.holder, now, due)
                .then_some(())
        })
        .await?;
        Ok(())
    }

    fn is_overdue(&self, job: &Job) -> bool {
        job.attempt > GIVE_UP_AFTER && self.now().saturating_sub(job.first_due) > GIVE_UP
    }

    /// Whether it was tried for as long again to tell that the job is given up.
    fn is_hopeless(&self, job: &Job) -> bool {
        self.now().saturating_sub(job.first_due) > 2 * GIVE_UP
    }

    async fn read(&self, shard: u32) -> Result<(Vec<u8>, Index), QueueError> {
        let key = index_key(shard);
        let bytes = self.api.kv_get(&key).await?.unwrap_or_default();
        if bytes.is_empty() {
            return Ok((bytes, Index::default()));
        }
        match Index::decode(&bytes) {
            Ok(index) => Ok((bytes, index)),
            Err(_) => Err(QueueError::Damaged(key)),
        }
    }

    /// Changes an index by compare-and-set, trying again while others change it too. `act` answers none
    /// when nothing is to be changed.
    async fn change<T>(
        &self,
        shard: u32,
        act: impl Fn(&mut Index) -> Option<T>,
    ) -> Result<Option<T>, QueueError> {
        let key = index_key(shard);
        for attempt in 0..CAS_ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_millis(jitter(10 * u64::from(attempt)))).await;
            }
            let (old, mut index) = self.read(shard).await?;
            let Some(value) = act(&mut index) else {
                return Ok(None);
            };
            let options = KvSetOptions {
                atomic: true,
                old_value: Bytes(old),
                ..KvSetOptions::default()
            };
            let written = self.api.kv_set_with_options(&key, index.encode(), options);
            if written.await? {
                return Ok(Some(value));
            }
        }
        Err(QueueError::Contended(key))
    }
}

fn index_key(shard: u32) -> String {
    format!("_jobs_{shard:02}")
}

fn payload_key(id: &str) -> String {
    format!("_job_{id}")
}

/// Ids are random, so their first letter spreads them.
fn shard_of(id: &str) -> u32 {
    id.bytes().fold(0, |sum: u32, byte| {
        sum.wrapping_mul(31).wrapping_add(u32::from(byte))
    }) % SHARDS
}

fn random_u64() -> u64 {
    // A machine without random numbers makes ids that repeat, and TLS impossible long before.
    getrandom::u64().unwrap_or_default()
}

/// Thirty-two hexadecimal digits that nobody guesses.
pub(crate) fn random_id() -> String {
    format!("{:016x}{:016x}", random_u64(), random_u64())
}

/// A random number up to this one.
fn jitter(up_to: u64) -> u64 {
    random_u64() % up_to.saturating_add(1)
}
