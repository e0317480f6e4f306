//! The durable queue: work that survives a crash of the process.
//!
//! A job is a record `_job_{id}` with its kind and payload, and an entry in one of sixteen index records
//! `_jobs_00` … `_jobs_15`, which say when it is due. All processes of a cluster share them. An index is
//! changed by compare-and-set; a process claims a job with a lease, renews the lease while the job runs,
//! and removes the entry when it is done. A process that dies loses its leases, and another continues: a
//! job runs at least once.
//!
//! The process that enqueues a job claims it with the same write, if the job is due and the process has a free
//! slot, and runs it at once from memory. Otherwise the job waits for its time in the process that enqueued it.
//! Other processes see the entry when they read the record ([`shard`]).
//!
//! **The longest delay after a process died:** its jobs run on another process at most five minutes after they
//! became due or their lease of 60 seconds ended. A process that starts reads all records at once, so after a restart
//! of a single server the delay is at most the lease.
//!
//! The payload is stored before its entry and removed after it, so an entry always has one; a payload
//! whose entry was never written expires by itself.
//!
//! | read | answer that decides something | what happens |
//! |---|---|---|
//! | an index | older than a version that this process knows (a replica lags) | it is ignored; to renew, finish, or postpone a job, the index is read again |
//! | a payload | absent | a write that expects it to be absent decides: if the write fails, the job runs a little later |

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, KvSetOptions};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::index::{Entry, Index, LEASE, Running};
use super::shard::{Shard, Version};
use crate::clock::Clock;
use crate::sandbox::JOBS;

/// How many index records there are. More would cost reads, fewer would cost conflicts.
pub(super) const SHARDS: usize = 16;
/// The largest payload, in bytes.
const PAYLOAD_LIMIT: usize = 64 * 1024;
/// The longest name of a kind, in visible ASCII characters: it appears in the log.
const KIND_LIMIT: usize = 64;
/// Entries in one index; more means that something enqueues without end.
const ENTRIES_LIMIT: usize = 4_000;
/// When a job is given up, in milliseconds after it was first due.
pub(super) const GIVE_UP: i64 = 24 * 3600 * 1000;
/// How often it is begun before that, however late it is: the server may have been down for days, or the
/// clock have jumped.
const GIVE_UP_AFTER: u32 = 5;
/// The longest delay, in seconds.
const DELAY_LIMIT: u64 = 7 * 24 * 3600;
/// When the payload of a lost job expires, in seconds.
const PAYLOAD_SECONDS: i64 = 30 * 24 * 3600;
/// How often a change of an index is tried when others change it too.
const CAS_ATTEMPTS: u32 = 50;
/// How long one call of the server may take. A job that is being run must not wait longer for its lease.
const CALL_LIMIT: Duration = Duration::from_secs(10);
/// When a job is tried again whose payload is on its way to a database replica.
const PAYLOAD_PAUSE: Duration = Duration::from_secs(5);
/// How long a proof that a payload is absent stays if it cannot be removed, in seconds.
const PROOF_SECONDS: i64 = 60;
/// Written to prove that a payload is absent.
const PROOF: &[u8] = b"absent";

/// Why the queue did not do what was asked.
#[derive(Debug, Error)]
pub(crate) enum QueueError {
    #[error("a payload is at most 64 KiB")]
    PayloadTooLarge,
    #[error("a kind is 1 to 64 visible ASCII characters")]
    Kind,
    #[error("a delay is at most seven days")]
    Delay,
    #[error("too many jobs are waiting")]
    Full,
    #[error("the record {0} is damaged")]
    Damaged(String),
    #[error("the record {0} is changed too often, or a database replica lags")]
    Contended(String),
    #[error("the server did not answer within 10 seconds")]
    Slow,
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
    shard: usize,
    first_due: i64,
    leased_until: i64,
}

/// A job that this process has claimed, and the slot in which it runs.
pub(super) struct Claimed {
    pub(super) job: Job,
    pub(super) slot: Slot,
}

/// A place for one job. While it exists, the process does not claim the job again.
pub(super) struct Slot {
    id: String,
    running: Arc<Mutex<Running>>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let running = self.running.lock();
        let mut running = running.unwrap_or_else(PoisonError::into_inner);
        running.remove(&self.id);
    }
}

/// The queue, as one process sees it.
pub(crate) struct Queue {
    api: Arc<dyn Api>,
    clock: Clock,
    /// This process, among all that share the queue.
    holder: String,
    shards: [Shard; SHARDS],
    /// How many more jobs this process can run.
    pub(super) slots: Arc<Semaphore>,
    /// The jobs that this process has claimed and not ended.
    running: Arc<Mutex<Running>>,
    /// Whether this process runs jobs, so that it may claim what it enqueues.
    claims: AtomicBool,
    /// Jobs that were claimed when they were enqueued, for the runner.
    handed_over: Mutex<Vec<Claimed>>,
    /// Rung when there may be something to do.
    pub(super) bell: Notify,
}

impl Queue {
    pub(crate) fn new(api: Arc<dyn Api>, clock: Clock) -> Self {
        Self {
            api,
            clock,
            holder: random_id(),
            shards: std::array::from_fn(|_| Shard::default()),
            slots: Arc::new(Semaphore::new(JOBS)),
            running: Arc::default(),
            claims: AtomicBool::new(false),
            handed_over: Mutex::default(),
            bell: Notify::new(),
        }
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Says whether this process claims the jobs that it enqueues, because a runner takes them.
    pub(crate) fn claim_enqueued(&self, claims: bool) {
        self.claims.store(claims, Ordering::SeqCst);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// The slot for a job that was claimed.
    fn slot(&self, id: &str, permit: OwnedSemaphorePermit) -> Slot {
        self.running().insert(id.to_owned());
        Slot {
            id: id.to_owned(),
            running: Arc::clone(&self.running),
            _permit: permit,
        }
    }

    /// The jobs that were claimed when they were enqueued.
    pub(super) fn take_handed_over(&self) -> Vec<Claimed> {
        let jobs = self.handed_over.lock();
        std::mem::take(&mut jobs.unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes this process read all indexes at once.
    pub(crate) fn look_everywhere(&self) {
        self.shards.iter().for_each(Shard::look_at_once);
    }

    /// When the next job is free, as far as this process knows.
    pub(super) fn next(&self) -> Option<i64> {
        let (now, running) = (self.now(), self.running());
        let shards = self.shards.iter();
        shards.filter_map(|shard| shard.next(now, &running)).min()
    }

    /// How long there is nothing to do.
    pub(super) fn wait(&self) -> Duration {
        let (now, running) = (self.now(), self.running());
        let waits = self.shards.iter().map(|shard| shard.wait(now, &running));
        waits.min().unwrap_or_default()
    }

    /// Whether there is something to do about an index now.
    pub(super) fn is_ready(&self, shard: usize) -> bool {
        let (now, running) = (self.now(), self.running());
        let shard = self.shards.get(shard);
        shard.is_some_and(|shard| shard.wait(now, &running).is_zero())
    }

    /// Tries nothing with an index for a while, because the server failed.
    pub(super) fn rest(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard) {
            shard.failed();
        }
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
        let is_kind = (1..=KIND_LIMIT).contains(&kind.len())
            && kind.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_kind {
            return Err(QueueError::Kind);
        }
        if delay > Duration::from_secs(DELAY_LIMIT) {
            return Err(QueueError::Delay);
        }
        let id = random_id();
        let stored = Stored {
            kind: kind.to_owned(),
            payload: STANDARD.encode(payload),
            actor: actor.clone(),
        };
        let options = KvSetOptions {
            expire_in_seconds: PAYLOAD_SECONDS,
            ..KvSetOptions::default()
        };
        // Strings always become JSON.
        let record = serde_json::to_vec(&stored).unwrap_or_default();
        let key = payload_key(&id);
        in_time(self.api.kv_set_with_options(&key, record, options)).await?;
        let now = self.now();
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let due = now.saturating_add(delay);
        let is_claimable = delay == 0 && self.claims.load(Ordering::SeqCst);
        let permit = is_claimable.then(|| self.free_slot()).flatten();
        let slot = permit.map(|permit| self.slot(&id, permit));
        let mut entry = Entry {
            due,
            first_due: due,
            planned: now,
            attempts: 0,
            holder: String::new(),
            leased_until: 0,
            id,
        };
        if slot.is_some() {
            entry.take(&self.holder, now.saturating_add(LEASE));
        }
        let shard = shard_of(&entry.id);
        let added = self.change(shard, |index| {
            let room = index.jobs.len() < ENTRIES_LIMIT;
            if room {
                index.jobs.push(entry.clone());
            }
            room.then_some(())
        });
        match added.await {
            Ok(Some(())) => {}
            Ok(None) => return Err(self.dropped(&key, QueueError::Full).await),
            Err(error) => return Err(self.dropped(&key, error).await),
        }
        if let Some(slot) = slot {
            let job = Job {
                kind: kind.to_owned(),
                payload: payload.to_vec(),
                actor,
                attempt: entry.attempts,
                id: entry.id,
                shard,
                first_due: entry.first_due,
                leased_until: entry.leased_until,
            };
            let jobs = self.handed_over.lock();
            let mut jobs = jobs.unwrap_or_else(PoisonError::into_inner);
            jobs.push(Claimed { job, slot });
        }
        self.bell.notify_one();
        Ok(())
    }

    /// Removes the payload of a job whose entry could not be written.
    async fn dropped(&self, key: &str, error: QueueError) -> QueueError {
        // It expires in any case.
        let _ = in_time(self.api.kv_delete(key)).await;
        error
    }

    /// Takes the jobs of one index that are free, as many as there are free slots. The index is read first, unless this
    /// process knows of a free job.
    pub(super) async fn claim(&self, shard: usize) -> Result<Vec<Claimed>, QueueError> {
        let now = self.now();
        let known = self.shard(shard)?;
        if !known.has_free_job(now, &self.running()) {
            self.look(shard).await?;
            known.looked();
            if !known.has_free_job(now, &self.running()) {
                return Ok(Vec::new());
            }
        }
        let mut permits: Vec<_> = std::iter::from_fn(|| self.free_slot()).collect();
        let (room, lease) = (permits.len(), now.saturating_add(LEASE));
        let claimed = self.change(shard, |index| {
            let taken = index.claim(now, lease, &self.holder, &self.running(), room);
            (!taken.is_empty()).then_some(taken)
        });
        let mut jobs = Vec::new();
        for entry in claimed.await?.unwrap_or_default() {
            let Some(permit) = permits.pop() else { break };
            let slot = self.slot(&entry.id, permit);
            match self.load(shard, entry).await {
                Ok(job) => jobs.extend(job.map(|job| Claimed { job, slot })),
                Err(error) if jobs.is_empty() => return Err(error),
                // Those that are there are run; the rest comes back when its lease ends.
                Err(_) => break,
            }
        }
        Ok(jobs)
    }

    /// The job of an entry that was just claimed. One without a payload cannot be run by anybody and is removed.
    async fn load(&self, shard: usize, entry: Entry) -> Result<Option<Job>, QueueError> {
        let key = payload_key(&entry.id);
        let record = in_time(self.api.kv_get(&key)).await?;
        let is_there = record.is_some();
        let stored = record.and_then(|record| serde_json::from_slice::<Stored>(&record).ok());
        let job = |stored: Stored| {
            Some(Job {
                payload: STANDARD.decode(&stored.payload).ok()?,
                kind: stored.kind,
                actor: stored.actor,
                attempt: entry.attempts,
                id: entry.id.clone(),
                shard,
                first_due: entry.first_due,
                leased_until: entry.leased_until,
            })
        };
        if let Some(job) = stored.and_then(job) {
            return Ok(Some(job));
        }
        if is_there || self.is_absent(&key).await? {
            self.remove(shard, &entry.id).await?;
        } else {
            self.put_off(shard, &entry.id, PAYLOAD_PAUSE).await?;
        }
        Ok(None)
    }

    /// Whether nothing is stored under a key that a read did not find. A read may come from a replica that lags, and a
    /// write that expects the key to be absent does not.
    async fn is_absent(&self, key: &str) -> Result<bool, QueueError> {
        let options = KvSetOptions {
            atomic: true,
            old_value: Bytes::default(),
            expire_in_seconds: PROOF_SECONDS,
        };
        let proof = PROOF.to_vec();
        in_time(self.api.kv_set_with_options(key, proof, options)).await
    }

    /// Says that the job is still worked on. False where it is somebody else's by now.
    pub(super) async fn renew(&self, job: &Job) -> Result<bool, QueueError> {
        let until = self.now().saturating_add(LEASE);
        let renewed = self.change(job.shard, |index| {
            index.renew(&job.id, &self.holder, until).then_some(())
        });
        Ok(renewed.await?.is_some())
    }

    /// Removes a job for good.
    pub(super) async fn finish(&self, job: &Job) -> Result<(), QueueError> {
        self.remove(job.shard, &job.id).await
    }

    async fn remove(&self, shard: usize, id: &str) -> Result<(), QueueError> {
        let removed = self.change(shard, |index| index.finish(id, &self.holder).then_some(()));
        if removed.await?.is_some() {
            in_time(self.api.kv_delete(&payload_key(id))).await?;
        }
        Ok(())
    }

    /// Gives a job back for later.
    pub(super) async fn postpone(&self, job: &Job, delay: Duration) -> Result<(), QueueError> {
        self.put_off(job.shard, &job.id, delay).await
    }

    async fn put_off(&self, shard: usize, id: &str, delay: Duration) -> Result<(), QueueError> {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let now = self.now();
        let due = now.saturating_add(delay);
        let put_off = self.change(shard, |index| {
            index.postpone(id, &self.holder, now, due).then_some(())
        });
        put_off.await?;
        Ok(())
    }

    /// Whether the job still belongs to this process. It may have waited for longer than its lease.
    pub(super) async fn is_held(&self, job: &Job) -> Result<bool, QueueError> {
        if self.now() < job.leased_until {
            return Ok(true);
        }
        self.renew(job).await
    }

    pub(super) fn is_overdue(&self, job: &Job) -> bool {
        job.attempt > GIVE_UP_AFTER && self.now().saturating_sub(job.first_due) > GIVE_UP
    }

    /// Whether it was tried for as long again to tell that the job is given up.
    pub(super) fn is_hopeless(&self, job: &Job) -> bool {
        self.now().saturating_sub(job.first_due) > 2 * GIVE_UP
    }

    fn shard(&self, shard: usize) -> Result<&Shard, QueueError> {
        let known = self.shards.get(shard);
        known.ok_or_else(|| QueueError::Damaged(index_key(shard)))
    }

    async fn read(&self, shard: usize) -> Result<Version, QueueError> {
        let key = index_key(shard);
        let bytes = in_time(self.api.kv_get(&key)).await?.unwrap_or_default();
        if bytes.is_empty() {
            return Ok(Version::default());
        }
        match Index::decode(&bytes) {
            Ok(index) => Ok(Version { bytes, index }),
            Err(_) => Err(QueueError::Damaged(key)),
        }
    }

    /// Reads an index. A version that is older than the known one is ignored.
    async fn look(&self, shard: usize) -> Result<(), QueueError> {
        let known = self.shard(shard)?;
        let _changing = known.changing.lock().await;
        let version = self.read(shard).await?;
        if version.index.version >= known.newest() {
            known.remember(version);
        }
        Ok(())
    }

    /// Changes an index by compare-and-set, trying again while others change it too. `act` answers none when nothing is
    /// to be changed; that counts if the version is not older than one that this process knows or has seen replaced.
    async fn change<T>(
        &self,
        shard: usize,
        act: impl Fn(&mut Index) -> Option<T>,
    ) -> Result<Option<T>, QueueError> {
        let known = self.shard(shard)?;
        let _changing = known.changing.lock().await;
        let key = index_key(shard);
        let mut newest = known.newest();
        let mut base = known.known();
        let mut is_current = known.is_believed();
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
            let Some(value) = act(&mut index) else {
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
            if in_time(written).await? {
                known.remember(Version { bytes, index });
                return Ok(Some(value));
            }
            // Somebody has stored a newer version.
            newest = newest.max(base.index.version.saturating_add(1));
        }
        Err(QueueError::Contended(key))
    }
}

/// Waits for a call of the server, for a while.
async fn in_time<T>(call: impl Future<Output = Result<T, ApiError>>) -> Result<T, QueueError> {
    match tokio::time::timeout(CALL_LIMIT, call).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(QueueError::Slow),
    }
}

fn index_key(shard: usize) -> String {
    format!("_jobs_{shard:02}")
}

fn payload_key(id: &str) -> String {
    format!("_job_{id}")
}

/// Ids are random, so their first letter spreads them.
fn shard_of(id: &str) -> usize {
    id.bytes().fold(0, |sum: usize, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
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
pub(super) fn jitter(up_to: u64) -> u64 {
    random_u64() % up_to.saturating_add(1)
}
