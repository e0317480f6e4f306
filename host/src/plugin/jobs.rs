//! Runs jobs of the queue as events.

use std::sync::Arc;
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::LogLevel;

use super::component_plugin::ComponentPlugin;
use crate::bindings::jobs::exports::mattermost::plugin::job_handler::Outcome;
use crate::jobs::{Job, JobHost, JobResult, QueueError, Runner};
use crate::log::{Line, Topic};
use crate::metrics::JobRunOutcome;
use crate::policy::EventKind;
use crate::sandbox::EventError;

/// The pause before a runner that panicked is restarted.
const RESTART_DELAY: Duration = Duration::from_secs(1);

impl ComponentPlugin {
    /// Starts running jobs, until the plugin is deactivated. A runner that panics is replaced.
    pub fn start_jobs(self: &Arc<Self>) {
        let Some(queue) = self.queue.get() else {
            return;
        };
        let started = self.runner.set(Runner::new(Arc::clone(queue))).is_ok();
        if !started || !self.sandbox.component().has_jobs() {
            return;
        }
        let plugin = Arc::clone(self);
        self.events.spawn(async move {
            loop {
                let runner = Arc::clone(&plugin);
                let run = tokio::spawn(async move { runner.run_jobs().await });
                match run.await {
                    Err(panic) if panic.is_panic() => {
                        let message = "The job runner failed and is being restarted";
                        plugin.log_warning(message, &panic);
                        tokio::time::sleep(RESTART_DELAY).await;
                    }
                    // The runner was stopped.
                    _ => return,
                }
            }
        });
    }

    async fn run_jobs(&self) {
        if let Some(runner) = self.runner.get() {
            runner.run(self).await;
        }
    }

    /// Claims jobs when they are enqueued, as a process with a runner does. The next [`ComponentPlugin::work`] runs them.
    pub fn claim_jobs(&self) {
        if let Some(queue) = self.queue.get() {
            queue.claim_enqueued(true);
        }
    }

    /// Runs jobs until none is due. For a process without a runner. Returns when the next job is due, in milliseconds since
    /// 1970.
    pub async fn work(&self) -> Option<i64> {
        self.queue.get()?.refresh_all();
        self.work_on_known().await
    }

    /// The same for jobs that this process knows, because it has enqueued or read them before.
    pub async fn work_on_known(&self) -> Option<i64> {
        let queue = self.queue.get()?;
        Runner::new(Arc::clone(queue)).work(self).await
    }
}

impl JobHost for ComponentPlugin {
    async fn run_job(&self, job: &Job) -> JobResult {
        let job = job.clone();
        let result = self
            .event(EventKind::Job, |sandbox, services| async move {
                sandbox.job(services, &job).await
            })
            .await;
        job_result(result)
    }

    async fn give_up_job(&self, job: &Job) -> JobResult {
        let job = job.clone();
        let result = self
            .event(EventKind::Job, |sandbox, services| async move {
                sandbox.job_given_up(services, &job).await
            })
            .await;
        job_result(result)
    }

    fn count_run(&self, outcome: JobRunOutcome) {
        self.metrics.job(outcome);
    }

    fn log_warning(&self, message: &'static str, error: &QueueError) {
        Self::log_warning(self, message, error);
    }

    fn log_job_error(&self, message: &'static str, kind: &str, fields: Vec<(String, String)>) {
        self.write_log(Line {
            level: LogLevel::Error,
            topic: Topic::Component(kind),
            message,
            fields,
        });
    }
}

fn job_result(result: Result<Outcome, EventError>) -> JobResult {
    match result {
        Ok(Outcome::Done) => JobResult::Done,
        Ok(Outcome::RetryAfter(seconds)) => JobResult::RetryAfter(seconds),
        Err(EventError::Trap(..)) => JobResult::Trapped,
        Err(EventError::Busy | EventError::Timeout(_)) => JobResult::Unfinished,
    }
}
