//! Who works on the queue: sweeps, runs what is due, waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use mattermost_plugin_rpc::mattermost::LogLevel;

use super::index::LEASE;
use super::{GIVE_UP, Job, Queue, QueueError, SHARDS, jitter};
use crate::metrics::JobEnd;
use crate::plugin::ComponentPlugin;
use crate::sandbox::{EventError, JOBS, JobOutcome};

/// Between two looks at the queue that nobody asked for.
const PAUSE: Duration = Duration::from_secs(15);
/// How much longer it may be, in milliseconds, so that nodes do not all look at once.
const SPREAD: u64 = 15_000;
/// A node that always comes first would take everything; a little patience shares the work.
const PATIENCE: Duration = Duration::from_millis(20);
/// After a failure of the component: doubled with each attempt.
const FIRST_RETRY: Duration = Duration::from_secs(5);
const LAST_RETRY: Duration = Duration::from_secs(15 * 60);
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
        self.queue.bell.notify_one();
    }

    /// Works on the queue, looking at it now and then and whenever this process enqueued something, until
    /// stopped.
    pub(crate) async fn run(&self, plugin: &ComponentPlugin) {
        self.go_on(plugin, false).await;
    }

    /// Runs what is due until nothing is. Answers when the next job is.
    pub(crate) async fn work(&self, plugin: &ComponentPlugin) -> Option<i64> {
        self.go_on(plugin, true).await
    }

    /// A slow job keeps no other from its turn: while some run, the rest of the room is given to what
    /// becomes due.
    async fn go_on(&self, plugin: &ComponentPlugin, until_idle: bool) -> Option<i64> {
        let mut running = FuturesUnordered::new();
        loop {
            let (jobs, next) = self.sweep(plugin, JOBS.saturating_sub(running.len())).await;
            let found = !jobs.is_empty();
            running.extend(jobs.into_iter().map(|job| self.handle(plugin, job)));
            if running.is_empty() {
                if until_idle || self.is_stopped() {
                    return next;
                }
                self.pause(next).await;
            } else if !found || running.len() >= JOBS {
                tokio::select! {
                    _ = running.next() => {}
                    () = self.pause(next) => {}
                }
            }
        }
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Until the next job is due, somebody rings, or it is time to look again.
    async fn pause(&self, next: Option<i64>) {
        let until_next = next.map(|next| next.saturating_sub(self.queue.now()).max(0));
        let until_next = until_next.map(|ms| Duration::from_millis(ms.unsigned_abs()));
        let pause = PAUSE + Duration::from_millis(jitter(SPREAD));
        let pause = until_next.map_or(pause, |next| pause.min(next + PATIENCE));
        let _ = tokio::time::timeout(pause, self.queue.bell.notified()).await;
    }

    /// Claims up to `room` jobs. Answers also when the next one is due that was not claimed.
    async fn sweep(&self, plugin: &ComponentPlugin, room: usize) -> (Vec<Job>, Option<i64>) {
        let mut claimed = Vec::new();
        let mut next = None;
        // Nodes begin at different places, so that they meet less often.
        let first = u32::try_from(jitter(u64::from(SHARDS) - 1)).unwrap_or(0);
        for shard in (0..SHARDS).map(|shard| (shard + first) % SHARDS) {
            let room = room.saturating_sub(claimed.len());
            if self.is_stopped() || room == 0 {
                break;
            }
            match self.queue.claim(shard, room).await {
                Ok((jobs, then)) => {
                    next = [next, then].into_iter().flatten().min();
                    claimed.extend(jobs);
                }
                Err(error) => {
                    plugin
                        .tell("The queue of jobs cannot be read", &error)
                        .await
                }
            }
        }
        (claimed, next)
    }

    async fn handle(&self, plugin: &ComponentPlugin, job: Job) {
        let job = &job;
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
        // The lease ends by itself, and the job runs again.
        if let Err(error) = settled {
            plugin
                .tell("The end of a job could not be stored", &error)
                .await;
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
        plugin
            .log(
                LogLevel::Error,
                "A job failed for too long and is given up",
                fields,
            )
            .await;
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
