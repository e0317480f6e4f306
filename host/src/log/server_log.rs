//! Writes lines to the server's log.
//!
//! Nothing waits for the log: a line is handed to the server at once, and only a bounded number may be unanswered. When the
//! server is slow, further lines are left out and counted.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use mattermost_plugin_rpc::mattermost::{Api, LogLevel};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::throttle::Throttle;
use crate::metrics::{Counter, Metrics};

/// How many lines of one topic are written per minute.
const HOST_LINES: u32 = 1;
const COMPONENT_LINES: u32 = 20;

/// The field that says how many lines were left out.
const LEFT_OUT: &str = "left_out";

/// How many lines may be unanswered.
const UNANSWERED_LINES: usize = 256;
/// How long the end of the process waits for them.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// A line for the log.
pub(crate) struct Line<'a> {
    pub(crate) level: LogLevel,
    pub(crate) topic: Topic<'a>,
    pub(crate) message: &'a str,
    pub(crate) fields: Vec<(String, String)>,
}

impl Line<'_> {
    /// A warning of the host.
    pub(crate) fn warning(message: &'static str) -> Self {
        Self {
            level: LogLevel::Warn,
            topic: Topic::Host(message),
            message,
            fields: Vec::new(),
        }
    }
}

/// Lines of one topic are throttled together.
#[derive(Clone, Copy)]
pub(crate) enum Topic<'a> {
    /// A sentence of the host.
    Host(&'static str),
    /// A text of the component's choice.
    Component(&'a str),
}

/// The server's log.
pub(crate) struct ServerLog {
    api: Arc<dyn Api>,
    metrics: Arc<Metrics>,
    throttles: Throttles,
    slots: Arc<Semaphore>,
}

/// The component's lines do not displace the host's.
#[derive(Default)]
struct Throttles {
    host: Throttle,
    component: Throttle,
}

impl Throttles {
    fn admit(&self, topic: Topic<'_>, now: Instant) -> Option<u64> {
        match topic {
            Topic::Host(topic) => self.host.admit(topic, HOST_LINES, now),
            Topic::Component(topic) => self.component.admit(topic, COMPONENT_LINES, now),
        }
    }
}

impl ServerLog {
    pub(crate) fn new(api: Arc<dyn Api>, metrics: Arc<Metrics>) -> Self {
        Self {
            api,
            metrics,
            throttles: Throttles::default(),
            slots: Arc::new(Semaphore::new(UNANSWERED_LINES)),
        }
    }

    pub(crate) fn api(&self) -> Arc<dyn Api> {
        Arc::clone(&self.api)
    }

    /// Writes a line, unless its topic was written too often in the last minute or too many lines are unanswered.
    pub(crate) fn write(&self, line: Line<'_>) {
        let Some(left_out) = self.throttles.admit(line.topic, Instant::now()) else {
            self.metrics.count(Counter::LineLeftOut, "repeated");
            return;
        };
        let mut fields = line.fields;
        if left_out > 0 {
            fields.push((LEFT_OUT.to_owned(), left_out.to_string()));
        }
        let (api, level, message) = (self.api(), line.level, line.message.to_owned());
        self.send(async move {
            // A failure has nowhere else to go.
            let _ = api.log(level, &message, fields).await;
        });
    }

    /// Starts sending something to the server without waiting for the answer, unless too much is unanswered.
    pub(crate) fn send(&self, request: impl Future<Output = ()> + Send + 'static) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            self.metrics.count(Counter::LineLeftOut, "queue");
            return;
        };
        let mut sending = Box::pin(async move {
            request.await;
            drop(slot);
        });
        // The first poll hands the line over, so that lines keep their order. The rest waits for the answer.
        if sending.as_mut().now_or_never().is_none() {
            tokio::spawn(sending);
        }
    }

    /// Waits for a short time until every line is answered.
    pub(crate) async fn flush(&self) {
        let all = u32::try_from(UNANSWERED_LINES).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(FLUSH_TIMEOUT, self.slots.acquire_many(all)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_component_do_not_displace_the_hosts() {
        let (throttles, now) = (Throttles::default(), Instant::now());
        for number in 0..10_000 {
            throttles.admit(Topic::Component(&format!("line {number}")), now);
        }
        assert_eq!(throttles.admit(Topic::Host("a"), now), Some(0));
    }
}
