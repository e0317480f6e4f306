//! Who works on the queue: looks for jobs that are due, runs them, waits.
//!
//! Looking for jobs and running them are concurrent: while the server answers slowly, the leases of running jobs are
//! renewed, and a slow job keeps no other from its turn.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::index::LEASE;
use super::queue::{Claimed, GIVE_UP, Job, Queue, QueueError, SHARDS, jitter};
use crate::metrics::JobEnd;
use crate::plugin::ComponentPlugin;
use crate::sandbox::{EventError, JobOutcome};

/// After a failure of the component: doubled with each attempt.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_secs(15 * 60);
const GIVEN_UP: &str = "A job failed for too long and is given up";
/// The longest wait that a component may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(6 * 3600);

/// Works on the queue of one process.
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

    /// Begins no further job.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        self.queue.claim_enqueued(false);
        self.queue.bell.notify_one();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Works on the queue until stopped.
    pub(crate) async fn run(&self, plugin: &ComponentPlugin) {
        if !self.is_stopped() {
            self.queue.claim_enqueued(true);
        }
        self.go_on(plugin, false).await;
    }

    /// Runs what is due until nothing is. Answers when the next job is.
    pub(crate) async fn work(&self, plugin: &ComponentPlugin) -> Option<i64> {
        self.go_on(plugin, true).await;
        self.queue.next()
    }

    async fn go_on(&self, plugin: &ComponentPlugin, until_idle: bool) {
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
            // A job that ended during the search may have enqueued another where the search had already looked.
            if found.is_empty() && !has_ended && running.next().await.is_none() {
                return;
            }
            running.extend(found.into_iter().map(|job| self.handle(plugin, job)));
        }
    }

    /// Waits until there are jobs, and claims them. There are none when the runner was stopped, or when it is to work
    /// only until none is due.
    async fn search(&self, plugin: &ComponentPlugin, until_idle: bool) -> Vec<Claimed> {
        loop {
            let mut jobs = self.queue.take_handed_over();
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
            self.pause().await;
        }
    }

    /// Until a job is due, an index is to be read, a slot becomes free, or a job was enqueued.
    async fn pause(&self) {
        let rung = self.queue.bell.notified();
        if self.queue.slots.available_permits() == 0 {
            return rung.await;
        }
        let _ = tokio::time::timeout(self.queue.wait(), rung).await;
    }

    /// Claims jobs in the indexes where there is something to do.
    async fn sweep(&self, plugin: &ComponentPlugin) -> Vec<Claimed> {
        let mut claimed = Vec::new();
        // Processes begin at different places, so that they meet less often.
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
                    self.queue.rest(shard);
                    plugin.tell("The queue of jobs cannot be read", &error);
                }
            }
        }
        claimed
    }

    /// Gives back jobs that were claimed and not begun.
    async fn give_back(&self, plugin: &ComponentPlugin, jobs: &[Claimed]) {
        for claimed in jobs {
            let given_back = self.queue.postpone(&claimed.job, Duration::ZERO);
            self.tell_unless_stored(plugin, given_back.await);
        }
    }

    /// Runs a job to its end, and frees its slot.
    async fn handle(&self, plugin: &ComponentPlugin, claimed: Claimed) {
        let Claimed { job, slot } = claimed;
        self.finish(plugin, &job).await;
        drop(slot);
        self.queue.bell.notify_one();
    }

    async fn finish(&self, plugin: &ComponentPlugin, job: &Job) {
        match self.queue.is_held(job).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => return self.tell_unless_stored(plugin, Err(error)),
        }
        let settled = if self.queue.is_overdue(job) {
            self.give_up(plugin, job).await
        } else {
            match self.run_with_lease(plugin, job).await {
                None => return,
                Some(Ok(JobOutcome::Done)) => {
                    plugin.metrics().job(JobEnd::Done);
                    self.queue.finish(job).await
                }
                Some(Ok(JobOutcome::RetryAfter(seconds))) => {
                    plugin.metrics().job(JobEnd::Retry);
                    self.queue.postpone(job, spread(asked_for(seconds))).await
                }
                Some(Err(_)) => {
                    plugin.metrics().job(JobEnd::Failed);
                    self.queue.postpone(job, spread(backoff(job.attempt))).await
                }
            }
        };
        self.tell_unless_stored(plugin, settled);
    }

    /// Where the end of a job was not stored, its lease ends by itself, and it runs again.
    fn tell_unless_stored(&self, plugin: &ComponentPlugin, stored: Result<(), QueueError>) {
        if let Err(error) = stored {
            plugin.tell("The end of a job could not be stored", &error);
        }
    }

    /// Runs a job and renews its lease meanwhile. None when the lease was lost: then it is another
    /// node's, and what this one still does is what every repeated job does.
    async fn run_with_lease(
        &self,
        plugin: &ComponentPlugin,
        job: &Job,
    ) -> Option<Result<JobOutcome, EventError>> {
        let renewal = Duration::from_millis(LEASE.unsigned_abs() / 3);
        let running = plugin.job(job);
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

    async fn give_up(&self, plugin: &ComponentPlugin, job: &Job) -> Result<(), QueueError> {
        // Whoever is concerned is told by the component, which is asked again where that could not be done
        // yet. What it panics on it would panic on again.
        let wait = match plugin.job_given_up(job).await {
            Ok(JobOutcome::Done) | Err(EventError::Trap { .. }) => None,
            Ok(JobOutcome::RetryAfter(seconds)) => Some(asked_for(seconds)),
            Err(EventError::Busy | EventError::Timeout(_)) => Some(backoff(job.attempt)),
        };
        if let Some(wait) = wait
            && !self.queue.is_hopeless(job)
        {
            return self.queue.postpone(job, spread(wait)).await;
        }
        let fields = vec![
            ("kind".to_owned(), job.kind.clone()),
            ("attempts".to_owned(), job.attempt.to_string()),
            ("hours".to_owned(), (GIVE_UP / 3_600_000).to_string()),
        ];
        plugin.tell_of_job(GIVEN_UP, &job.kind, fields);
        plugin.metrics().job(JobEnd::GivenUp);
        self.queue.finish(job).await
    }
}

/// As long as a component asks for, within bounds.
fn asked_for(seconds: u32) -> Duration {
    Duration::from_secs(u64::from(seconds.max(1))).min(LONGEST_WAIT)
}

fn backoff(attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    FIRST_RETRY.saturating_mul(1 << doublings).min(LAST_RETRY)
}

/// A little longer, so that jobs that failed together do not come back together.
fn spread(wait: Duration) -> Duration {
    let tenth = u64::try_from(wait.as_millis() / 10).unwrap_or(0);
    wait + Duration::from_millis(jitter(tenth))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_spaced_out_up_to_a_quarter_of_an_hour() {
        assert_eq!(backoff(1), Duration::from_secs(5));
        assert_eq!(backoff(2), Duration::from_secs(10));
        assert_eq!(backoff(5), Duration::from_secs(80));
        assert_eq!(backoff(u32::MAX), LAST_RETRY);
        assert!(spread(Duration::from_secs(100)) <= Duration::from_secs(110));
    }
}
