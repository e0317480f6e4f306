//! The runner: it claims jobs that are due, runs them, and waits.
//!
//! Searching for jobs and running them are concurrent: while the server is slow, leases of running jobs are renewed, and a
//! slow job does not delay others.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::error::QueueError;
use super::index::LEASE;
use super::job::{Claimed, Job};
use super::queue::{GIVE_UP, Queue, SHARDS};
use crate::metrics::JobRunOutcome;
use crate::random::jitter;

/// The wait after a failure of the component: it doubles with each attempt.
const MIN_BACKOFF: Duration = Duration::from_secs(5);
const MAX_BACKOFF: Duration = Duration::from_secs(15 * 60);
const GIVEN_UP: &str = "A job failed for too long and is given up";
/// The longest wait that a component may request.
const MAX_WAIT: Duration = Duration::from_secs(6 * 3600);

/// The result of running a job.
pub(crate) enum JobResult {
    /// The job is done.
    Done,
    /// The component asked to run it again after this many seconds.
    RetryAfter(u32),
    /// The component trapped.
    Trapped,
    /// The job timed out, or got no permit.
    Unfinished,
}

/// The plugin that runs the jobs.
pub(crate) trait JobHost: Sync {
    /// Runs a job.
    fn run_job(&self, job: &Job) -> impl Future<Output = JobResult> + Send;
    /// Notifies the component that a job will not be run again.
    fn give_up_job(&self, job: &Job) -> impl Future<Output = JobResult> + Send;
    /// Counts a run of a job.
    fn count_run(&self, outcome: JobRunOutcome);
    /// Logs a warning with its cause.
    fn log_warning(&self, message: &'static str, error: &QueueError);
    /// Logs an error about a job of this kind.
    fn log_job_error(&self, message: &'static str, kind: &str, fields: Vec<(String, String)>);
}

/// Runs the jobs of one process.
pub(crate) struct Runner {
    queue: Arc<Queue>,
    stopped: AtomicBool,
}

impl Runner {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self {
            queue,
            stopped: AtomicBool::new(false),
        }
    }

    /// Starts no further jobs.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.queue.claim_enqueued(false);
        self.queue.wakeup.notify_one();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Runs jobs until stopped.
    pub(crate) async fn run(&self, plugin: &impl JobHost) {
        if !self.is_stopped() {
            self.queue.claim_enqueued(true);
        }
        self.work_until(plugin, false).await;
    }

    /// Runs all jobs that are due. Returns when the next job can be claimed.
    pub(crate) async fn work(&self, plugin: &impl JobHost) -> Option<i64> {
        self.work_until(plugin, true).await;
        self.queue.next()
    }

    async fn work_until(&self, plugin: &impl JobHost, until_idle: bool) {
        let mut running = FuturesUnordered::new();
        loop {
            let mut search = pin!(self.search(plugin, until_idle));
            let mut has_ended = false;
            let found = loop {
                tokio::select! {
                    found = &mut search => break found,
                    // Also renews leases.
                    Some(()) = running.next(), if !running.is_empty() => has_ended = true,
                }
            };
            // A job that ended during the search may have enqueued another in an index that the search had already passed.
            if found.is_empty() && !has_ended && running.next().await.is_none() {
                return;
            }
            running.extend(found.into_iter().map(|job| self.run_claimed(plugin, job)));
        }
    }

    /// Waits for jobs and claims them. Returns none if the runner was stopped, or if `until_idle` is set and none is due.
    async fn search(&self, plugin: &impl JobHost, until_idle: bool) -> Vec<Claimed> {
        loop {
            let mut jobs = self.queue.take_claimed_at_enqueue();
            if self.is_stopped() {
                self.give_back(plugin, &jobs).await;
                return Vec::new();
            }
            if jobs.is_empty() {
                jobs = self.sweep(plugin).await;
            }
            if !jobs.is_empty() || until_idle {
                return jobs;
            }
            self.wait_for_work().await;
        }
    }

    /// Waits until a job is due, an index is to be read, a slot becomes free, or a job is enqueued.
    async fn wait_for_work(&self) {
        let woken = self.queue.wakeup.notified();
        if self.queue.slots.available_permits() == 0 {
            return woken.await;
        }
        let _ = tokio::time::timeout(self.queue.wait(), woken).await;
    }

    /// Claims jobs from the indexes where there is something to do.
    async fn sweep(&self, plugin: &impl JobHost) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        // Processes start at different indexes, so that they conflict less often.
        let first = usize::try_from(jitter(SHARDS as u64 - 1)).unwrap_or(0);
        for shard in (0..SHARDS).map(|shard| (shard + first) % SHARDS) {
            if self.is_stopped() || self.queue.slots.available_permits() == 0 {
                break;
            }
            if !self.queue.is_ready(shard) {
                continue;
            }
            match self.queue.claim(shard).await {
                Ok(jobs) => claimed.extend(jobs),
                Err(error) => {
                    self.queue.back_off(shard);
                    plugin.log_warning("The queue of jobs cannot be read", &error);
                }
            }
        }
        claimed
    }

    /// Returns jobs that were claimed and not started.
    async fn give_back(&self, plugin: &impl JobHost, jobs: &[Claimed]) {
        for claimed in jobs {
            let returned = self.queue.postpone(&claimed.job, Duration::ZERO);
            self.log_unless_stored(plugin, returned.await);
        }
    }

    /// Runs a claimed job and frees its slot.
    async fn run_claimed(&self, plugin: &impl JobHost, claimed: Claimed) {
        let Claimed { job, slot } = claimed;
        self.finish(plugin, &job).await;
        drop(slot);
        self.queue.wakeup.notify_one();
    }

    async fn finish(&self, plugin: &impl JobHost, job: &Job) {
        match self.queue.is_held(job).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return self.log_unless_stored(plugin, Err(error)),
        }
        let stored = if self.queue.is_overdue(job) {
            self.give_up(plugin, job).await
        } else {
            match self.run_with_lease(plugin, job).await {
                None => return,
                Some(JobResult::Done) => {
                    plugin.count_run(JobRunOutcome::Done);
                    self.queue.finish(job).await
                }
                Some(JobResult::RetryAfter(seconds)) => {
                    plugin.count_run(JobRunOutcome::Retry);
                    self.queue
                        .postpone(job, with_jitter(requested_wait(seconds)))
                        .await
                }
                Some(JobResult::Trapped | JobResult::Unfinished) => {
                    plugin.count_run(JobRunOutcome::Failed);
                    self.queue
                        .postpone(job, with_jitter(backoff(job.attempt)))
                        .await
                }
            }
        };
        self.log_unless_stored(plugin, stored);
    }

    /// If the result of a job was not stored, its lease expires and the job runs again.
    fn log_unless_stored(&self, plugin: &impl JobHost, stored: Result<(), QueueError>) {
        if let Err(error) = stored {
            plugin.log_warning("The result of a job could not be stored", &error);
        }
    }

    /// Runs a job and renews its lease meanwhile. Returns `None` if the lease was lost: then another process runs the job
    /// again, as with any repeated job.
    async fn run_with_lease(&self, plugin: &impl JobHost, job: &Job) -> Option<JobResult> {
        let renewal = Duration::from_millis(LEASE.unsigned_abs() / 3);
        let running = plugin.run_job(job);
        tokio::pin!(running);
        loop {
            match tokio::time::timeout(renewal, &mut running).await {
                Ok(outcome) => return Some(outcome),
                Err(_) => {
                    if let Ok(false) = self.queue.renew(job).await {
                        return None;
                    }
                }
            }
        }
    }

    async fn give_up(&self, plugin: &impl JobHost, job: &Job) -> Result<(), QueueError> {
        // The component notifies the people concerned, and is called again if it could not do so yet. If it panics, it would
        // panic again.
        let wait = match plugin.give_up_job(job).await {
            JobResult::Done | JobResult::Trapped => None,
            JobResult::RetryAfter(seconds) => Some(requested_wait(seconds)),
            JobResult::Unfinished => Some(backoff(job.attempt)),
        };
        if let Some(wait) = wait
            && !self.queue.is_past_giving_up(job)
        {
            return self.queue.postpone(job, with_jitter(wait)).await;
        }
        let fields = vec![
            ("kind".to_owned(), job.kind.clone()),
            ("attempts".to_owned(), job.attempt.to_string()),
            ("hours".to_owned(), (GIVE_UP / 3_600_000).to_string()),
        ];
        plugin.log_job_error(GIVEN_UP, &job.kind, fields);
        plugin.count_run(JobRunOutcome::GivenUp);
        self.queue.finish(job).await
    }
}

/// The wait that the component requested, within bounds.
fn requested_wait(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds.max(1))).min(MAX_WAIT)
}

fn backoff(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    MIN_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF)
}

/// Slightly longer, so that jobs that failed together are not retried together.
fn with_jitter(wait: Duration) -> Duration {
    let tenth = u64::try_from(wait.as_millis() / 10).unwrap_or(0);
    wait + Duration::from_millis(jitter(tenth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backoff_doubles_up_to_a_quarter_of_an_hour() {
        assert_eq!(backoff(1), Duration::from_secs(5));
        assert_eq!(backoff(2), Duration::from_secs(10));
        assert_eq!(backoff(5), Duration::from_secs(80));
        assert_eq!(backoff(u32::MAX), MAX_BACKOFF);
        assert!(with_jitter(Duration::from_secs(100)) <= Duration::from_secs(110));
    }
}
