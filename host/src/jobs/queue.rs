//! The queue, as one process sees it: it enqueues, claims, renews, and finishes jobs.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{Api, KvSetOptions};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::api_timeout::with_timeout;
use super::error::QueueError;
use super::index::{Entry, LEASE, Running, index_key};
use super::job::{Claimed, Job, Slot, Stored};
use super::shard::Shard;
use crate::clock::Clock;
use crate::random::random_id;

/// How many jobs of one process run at once.
pub(crate) const MAX_RUNNING_JOBS: usize = 4;
/// The number of index records. More cost reads, fewer cost conflicts.
pub(super) const SHARDS: usize = 16;
/// The largest payload, in bytes.
const PAYLOAD_LIMIT: usize = 64 * 1024;
/// The longest kind, in visible ASCII characters: it appears in the log.
const KIND_LIMIT: usize = 64;
/// The most entries in one index; more means that the component enqueues endlessly.
const ENTRIES_LIMIT: usize = 4_000;
/// When a job is given up, in milliseconds after it was first due.
pub(super) const GIVE_UP: i64 = 24 * 3600 * 1000;
/// How often a job is attempted at least before that: the server may have been down for days, or its clock may have
/// jumped.
const GIVE_UP_ATTEMPTS: u32 = 5;
/// The longest delay, in seconds.
const DELAY_LIMIT: u64 = 7 * 24 * 3600;
/// When the payload of a lost job expires, in seconds.
const PAYLOAD_SECONDS: i64 = 30 * 24 * 3600;
/// When a job is retried whose payload has not reached the database replica.
const PAYLOAD_PAUSE: Duration = Duration::from_secs(5);
/// The expiry of the marker that proves a payload absent, in seconds.
const ABSENCE_MARKER_SECONDS: i64 = 60;
/// The marker that is written to prove that a payload is absent.
const ABSENCE_MARKER: &[u8] = b"absent";

/// The queue, as one process sees it.
pub(crate) struct Queue {
    pub(super) api: Arc<dyn Api>,
    pub(super) clock: Clock,
    /// The ID of this process among all that share the queue.
    holder: String,
    shards: [Shard; SHARDS],
    /// The free slots of this process.
    pub(super) slots: Arc<Semaphore>,
    /// The jobs that this process has claimed and not finished.
    running: Arc<Mutex<Running>>,
    /// Whether this process runs jobs, and so may claim what it enqueues.
    claims: AtomicBool,
    /// Jobs that were claimed when they were enqueued, for the runner.
    claimed_at_enqueue: Mutex<Vec<Claimed>>,
    /// Notified when there may be something to do.
    pub(super) wakeup: Notify,
}

impl Queue {
    pub(crate) fn new(api: Arc<dyn Api>, clock: Clock) -> Self {
        Self {
            api,
            clock,
            holder: random_id(),
            shards: std::array::from_fn(|_| Shard::default()),
            slots: Arc::new(Semaphore::new(MAX_RUNNING_JOBS)),
            running: Arc::default(),
            claims: AtomicBool::new(false),
            claimed_at_enqueue: Mutex::default(),
            wakeup: Notify::new(),
        }
    }

    fn now(&self) -> i64 {
        (self.clock)()
    }

    /// Sets whether this process claims the jobs that it enqueues, because its runner will take them.
    pub(crate) fn claim_enqueued(&self, claims: bool) {
        self.claims.store(claims, Ordering::SeqCst);
    }

    fn running(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots).try_acquire_owned().ok()
    }

    /// Creates the slot of a claimed job.
    fn slot(&self, id: &str, permit: OwnedSemaphorePermit) -> Slot {
        self.running().insert(id.to_owned());
        Slot {
            id: id.to_owned(),
            running: Arc::clone(&self.running),
            _permit: permit,
        }
    }

    /// Takes the jobs that were claimed when they were enqueued.
    pub(super) fn take_claimed_at_enqueue(&self) -> Vec<Claimed> {
        let jobs = self.claimed_at_enqueue.lock();
        std::mem::take(&mut jobs.unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes this process read all indexes now.
    pub(crate) fn refresh_all(&self) {
        self.shards.iter().for_each(Shard::read_now);
    }

    /// When the next job can be claimed, as far as this process knows.
    pub(super) fn next(&self) -> Option<i64> {
        let (now, running) = (self.now(), self.running());
        let shards = self.shards.iter();
        shards.filter_map(|shard| shard.next(now, &running)).min()
    }

    /// How long to wait until there is something to do.
    pub(super) fn wait(&self) -> Duration {
        let (now, running) = (self.now(), self.running());
        let waits = self.shards.iter().map(|shard| shard.wait(now, &running));
        waits.min().unwrap_or_default()
    }

    /// Whether there is something to do for an index now.
    pub(super) fn is_ready(&self, shard: usize) -> bool {
        let (now, running) = (self.now(), self.running());
        let shard = self.shards.get(shard);
        shard.is_some_and(|shard| shard.wait(now, &running).is_zero())
    }

    /// Leaves an index alone for a while, because the server failed.
    pub(super) fn back_off(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard) {
            shard.mark_failed();
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
        // Serializing strings never fails.
        let record = serde_json::to_vec(&stored).unwrap_or_default();
        let key = payload_key(&id);
        with_timeout(self.api.kv_set_with_options(&key, record, options)).await?;
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
            let has_space = index.jobs.len() < ENTRIES_LIMIT;
            if has_space {
                index.jobs.push(entry.clone());
            }
            has_space.then_some(())
        });
        match added.await {
            Ok(Some(())) => {}
            Ok(None) => return Err(self.remove_payload(&key, QueueError::Full).await),
            Err(error) => return Err(self.remove_payload(&key, error).await),
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
            let jobs = self.claimed_at_enqueue.lock();
            let mut jobs = jobs.unwrap_or_else(PoisonError::into_inner);
            jobs.push(Claimed { job, slot });
        }
        self.wakeup.notify_one();
        Ok(())
    }

    /// Removes the payload of a job whose entry could not be written.
    async fn remove_payload(&self, key: &str, error: QueueError) -> QueueError {
        // It expires in any case.
        let _ = with_timeout(self.api.kv_delete(key)).await;
        error
    }

    /// Claims the available jobs of one index, at most as many as there are free slots. Reads the index first, unless this
    /// process already knows of an available job.
    pub(super) async fn claim(&self, shard: usize) -> Result<Vec<Claimed>, QueueError> {
        let now = self.now();
        let known = self.shard(shard)?;
        if !known.has_available_job(now, &self.running()) {
            self.refresh(shard).await?;
            known.mark_read();
            if !known.has_available_job(now, &self.running()) {
                return Ok(Vec::new());
            }
        }
        let mut permits: Vec<_> = std::iter::from_fn(|| self.free_slot()).collect();
        let (free_slots, lease) = (permits.len(), now.saturating_add(LEASE));
        let claimed = self.change(shard, |index| {
            let taken = index.claim(now, lease, &self.holder, &self.running(), free_slots);
            (!taken.is_empty()).then_some(taken)
        });
        let mut jobs = Vec::new();
        for entry in claimed.await?.unwrap_or_default() {
            let Some(permit) = permits.pop() else { break };
            let slot = self.slot(&entry.id, permit);
            match self.load(shard, entry).await {
                Ok(job) => jobs.extend(job.map(|job| Claimed { job, slot })),
                Err(error) if jobs.is_empty() => return Err(error),
                // Run the loaded jobs; the others become available when their leases end.
                Err(_) => break,
            }
        }
        Ok(jobs)
    }

    /// Loads the job of an entry that was just claimed. A job without a payload cannot run and is removed.
    async fn load(&self, shard: usize, entry: Entry) -> Result<Option<Job>, QueueError> {
        let key = payload_key(&entry.id);
        let record = with_timeout(self.api.kv_get(&key)).await?;
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
            self.postpone_entry(shard, &entry.id, PAYLOAD_PAUSE).await?;
        }
        Ok(None)
    }

    /// Whether a key that a read did not find is really absent. A read may hit a lagging replica; a write that expects the key
    /// to be absent does not.
    async fn is_absent(&self, key: &str) -> Result<bool, QueueError> {
        let options = KvSetOptions {
            atomic: true,
            old_value: Bytes::default(),
            expire_in_seconds: ABSENCE_MARKER_SECONDS,
        };
        let marker = ABSENCE_MARKER.to_vec();
        with_timeout(self.api.kv_set_with_options(key, marker, options)).await
    }

    /// Renews the lease of a job. Returns false if another process has it now.
    pub(super) async fn renew(&self, job: &Job) -> Result<bool, QueueError> {
        let until = self.now().saturating_add(LEASE);
        let renewed = self.change(job.shard, |index| {
            index.renew(&job.id, &self.holder, until).then_some(())
        });
        Ok(renewed.await?.is_some())
    }

    /// Removes a finished job.
    pub(super) async fn finish(&self, job: &Job) -> Result<(), QueueError> {
        self.remove(job.shard, &job.id).await
    }

    async fn remove(&self, shard: usize, id: &str) -> Result<(), QueueError> {
        let removed = self.change(shard, |index| index.finish(id, &self.holder).then_some(()));
        if removed.await?.is_some() {
            with_timeout(self.api.kv_delete(&payload_key(id))).await?;
        }
        Ok(())
    }

    /// Returns a job to the queue for later.
    pub(super) async fn postpone(&self, job: &Job, delay: Duration) -> Result<(), QueueError> {
        self.postpone_entry(job.shard, &job.id, delay).await
    }

    async fn postpone_entry(
        &self,
        shard: usize,
        id: &str,
        delay: Duration,
    ) -> Result<(), QueueError> {
        let delay = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        let now = self.now();
        let due = now.saturating_add(delay);
        let postponed = self.change(shard, |index| {
            index.postpone(id, &self.holder, now, due).then_some(())
        });
        postponed.await?;
        Ok(())
    }

    /// Whether this process still has the job. It may have waited longer than its lease.
    pub(super) async fn is_held(&self, job: &Job) -> Result<bool, QueueError> {
        if self.now() < job.leased_until {
            return Ok(true);
        }
        self.renew(job).await
    }

    pub(super) fn is_overdue(&self, job: &Job) -> bool {
        job.attempt > GIVE_UP_ATTEMPTS && self.now().saturating_sub(job.first_due) > GIVE_UP
    }

    /// Whether telling the component that the job is given up has failed for just as long.
    pub(super) fn is_past_giving_up(&self, job: &Job) -> bool {
        self.now().saturating_sub(job.first_due) > 2 * GIVE_UP
    }

    pub(super) fn shard(&self, shard: usize) -> Result<&Shard, QueueError> {
        let known = self.shards.get(shard);
        known.ok_or_else(|| QueueError::Damaged(index_key(shard)))
    }
}

fn payload_key(id: &str) -> String {
    format!("_job_{id}")
}

/// Spreads jobs over the indexes by their random IDs.
fn shard_of(id: &str) -> usize {
    id.bytes().fold(0, |sum: usize, byte| {
        sum.wrapping_mul(31).wrapping_add(usize::from(byte))
    }) % SHARDS
}
