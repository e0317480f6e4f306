//! A component as a plugin: how an event is run, and what all events share.
//!
//! An event waits for a permit, runs in its own instance, and is always answered; failures are logged. [`rpc_thread`] decides on
//! which thread it runs. The other files of this folder turn hooks into events.
//!
//! [`rpc_thread`]: super::rpc_thread

use std::future::Future;
use std::sync::{Arc, OnceLock, RwLock};
use std::time::{Duration, Instant};

use mattermost_plugin_rpc::mattermost::{Api, LogLevel};
use tokio::runtime::Handle;

use super::admission::{BodySlots, InFlightLimit, PerUserLimit, ResponseBudget};
use super::rpc_thread::RpcThread;
use super::sandbox_route::ProcessFacts;
use crate::audit::Audit;
use crate::clock::{self, Clock};
use crate::event::Services;
use crate::jobs::{Queue, Runner};
use crate::log::{Line, ServerLog, Topic, sanitize};
use crate::manifest::Manifest;
use crate::metrics::{EventOutcome, Metrics};
use crate::observations::Observations;
use crate::outgoing::Outgoing;
use crate::policy::{EventKind, Policy};
use crate::sandbox::{
    Component, EventError, PermitKind, Sandbox, TrapInfo, TrapKind, concurrent_commands,
};
use crate::settings::{LatestSnapshot, PreviousValues, Schema, SettingsEnvironment};
use crate::signing::{FirstActivation, HostKey};

/// RPC calls in addition to requests in flight: responses being sent, commands, configuration changes, metrics.
const OTHER_CALLS: usize = 1024;

const BUSY: &str = "An event was turned away: as many as the policy allows are running";

/// A component as a Mattermost plugin.
pub struct ComponentPlugin {
    plugin_id: String,
    pub(super) version: String,
    pub(super) process: ProcessFacts,
    schema: Arc<Schema>,
    pub(super) policy: Arc<Policy>,
    pub(super) sandbox: Arc<Sandbox>,
    pub(super) events: Handle,
    rpc_thread: Arc<RpcThread>,
    pub(super) api: OnceLock<Arc<dyn Api>>,
    pub(super) settings: LatestSnapshot,
    pub(super) previous_values: PreviousValues,
    settings_environment: SettingsEnvironment,
    bot: Arc<RwLock<Option<String>>>,
    pub(super) outgoing: Arc<Outgoing>,
    pub(super) host_key: Arc<HostKey>,
    pub(super) first_activation: Arc<FirstActivation>,
    pub(super) in_flight: InFlightLimit,
    pub(super) requests_per_user: PerUserLimit,
    pub(super) commands_per_user: PerUserLimit,
    pub(super) bodies: BodySlots,
    pub(super) responses: ResponseBudget,
    pub(super) metrics: Arc<Metrics>,
    pub(super) log: OnceLock<Arc<ServerLog>>,
    pub(super) audit: Arc<Audit>,
    pub(super) observations: Arc<Observations>,
    pub(super) clock: Clock,
    pub(super) queue: OnceLock<Arc<Queue>>,
    pub(super) runner: OnceLock<Runner>,
}

impl ComponentPlugin {
    /// Combines a component with its manifest. Events run on `events`.
    #[must_use]
    pub fn new(component: Arc<Component>, manifest: Manifest, events: Handle) -> Self {
        let policy = Arc::new(manifest.policy);
        let requests = policy.concurrent_events();
        Self {
            plugin_id: manifest.id,
            version: manifest.version,
            process: ProcessFacts::default(),
            schema: Arc::new(manifest.settings),
            sandbox: Arc::new(Sandbox::new(component, Arc::clone(&policy))),
            in_flight: InFlightLimit::new(requests),
            requests_per_user: PerUserLimit::new(requests),
            commands_per_user: PerUserLimit::new(concurrent_commands(requests)),
            bodies: BodySlots::new(requests),
            responses: ResponseBudget::new(policy.concurrent_memory()),
            policy,
            events,
            rpc_thread: Arc::default(),
            api: OnceLock::new(),
            settings: LatestSnapshot::default(),
            previous_values: PreviousValues::default(),
            settings_environment: SettingsEnvironment::default(),
            bot: Arc::default(),
            outgoing: Arc::default(),
            host_key: Arc::default(),
            first_activation: Arc::default(),
            metrics: Arc::default(),
            log: OnceLock::new(),
            audit: Arc::default(),
            observations: Arc::default(),
            clock: clock::system(),
            queue: OnceLock::new(),
            runner: OnceLock::new(),
        }
    }

    /// Sends outgoing requests with this client instead of the default one.
    #[must_use]
    pub fn with_outgoing(mut self, outgoing: Outgoing) -> Self {
        self.outgoing = Arc::new(outgoing);
        self
    }

    /// Uses this clock, in milliseconds since 1970, for jobs, for posts, and for the component.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Adds what the server's environment says about the settings.
    #[must_use]
    pub fn with_settings_environment(mut self, environment: SettingsEnvironment) -> Self {
        self.settings_environment = environment;
        self
    }

    /// Adds what the process knows about itself.
    #[must_use]
    pub(crate) fn with_process(mut self, process: ProcessFacts) -> Self {
        self.process = process;
        self
    }

    /// The services that all events share; `None` before activation.
    pub(super) fn services(&self) -> Option<Arc<Services>> {
        Some(Arc::new(Services {
            api: Arc::clone(self.api.get()?),
            plugin_id: self.plugin_id.clone(),
            schema: Arc::clone(&self.schema),
            policy: Arc::clone(&self.policy),
            settings: self.settings.get(),
            settings_environment: self.settings_environment,
            bot: Arc::clone(&self.bot),
            outgoing: Arc::clone(&self.outgoing),
            metrics: Arc::clone(&self.metrics),
            clock: Arc::clone(&self.clock),
            log: Arc::clone(self.log.get()?),
            audit: Arc::clone(&self.audit),
            observations: Arc::clone(&self.observations),
            host_key: Arc::clone(&self.host_key),
            first_activation: Arc::clone(&self.first_activation),
            jobs: Arc::clone(self.queue.get()?),
        }))
    }

    /// Runs an event of this kind.
    pub(super) async fn event<T, F, Fut>(&self, kind: EventKind, run: F) -> Result<T, EventError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Sandbox>, Arc<Services>) -> Fut + Send,
        Fut: Future<Output = Result<T, EventError>> + Send + 'static,
    {
        self.event_with_permit(PermitKind::Event(kind), run).await
    }

    /// Runs an event: jobs on the thread pool, others on the RPC thread if it has time.
    pub(super) async fn event_with_permit<T, F, Fut>(
        &self,
        permit: PermitKind,
        run: F,
    ) -> Result<T, EventError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Sandbox>, Arc<Services>) -> Fut + Send,
        Fut: Future<Output = Result<T, EventError>> + Send + 'static,
    {
        let kind = permit.event_kind();
        let Some(services) = self.services() else {
            return Err(host_failed("the plugin is not activated".to_owned()));
        };
        let permit = match self.sandbox.permit(permit).await {
            Ok(permit) => permit,
            Err(error) => {
                let refused = Err(error);
                self.metrics.event(kind, Duration::ZERO, EventOutcome::Busy);
                self.log_failure(kind, &refused);
                return refused;
            }
        };
        let began = Instant::now();
        let event = run(Arc::clone(&self.sandbox), services);
        let event = async move {
            let outcome = event.await;
            drop(permit);
            outcome
        };
        // A separate task: the caller may stop waiting, and a panic ends here.
        let outcome = match kind {
            EventKind::Job => self.events.spawn(event).await,
            EventKind::Request | EventKind::Command | EventKind::Lifecycle => {
                let rpc_thread = Arc::clone(&self.rpc_thread);
                tokio::spawn(rpc_thread.run(event, self.events.clone()))
                    .await
                    .flatten()
            }
        };
        let outcome =
            outcome.unwrap_or_else(|error| Err(host_failed(format!("the host failed: {error}"))));
        self.metrics
            .event(kind, began.elapsed(), outcome_label(&outcome));
        self.log_failure(kind, &outcome);
        outcome
    }

    /// Logs why an event was not handled.
    pub(super) fn log_failure<T>(&self, kind: EventKind, outcome: &Result<T, EventError>) {
        let Err(error) = outcome else { return };
        let mut topic = kind.to_string();
        let mut fields = vec![("event".to_owned(), kind.to_string())];
        if let EventError::Timeout(info) | EventError::Trap(_, info) = error {
            for (name, text) in [("reason", &info.reason), ("output", &info.output)] {
                if !text.is_empty() {
                    topic.push_str(text);
                    fields.push((name.to_owned(), sanitize(text.clone())));
                }
            }
        }
        let (level, topic, message) = match error {
            EventError::Busy => (LogLevel::Warn, Topic::Host(BUSY), BUSY),
            EventError::Timeout(_) => (
                LogLevel::Error,
                Topic::Component(&topic),
                "An event was stopped at its time limit",
            ),
            EventError::Trap(..) => (
                LogLevel::Error,
                Topic::Component(&topic),
                "An event ended in a trap; the plugin goes on",
            ),
        };
        let line = Line {
            level,
            topic,
            message,
            fields,
        };
        self.write_log(line);
    }

    /// Logs a warning with its cause.
    pub(super) fn log_warning(&self, message: &'static str, error: &impl std::fmt::Display) {
        let mut line = Line::warning(message);
        line.fields = vec![("error".to_owned(), sanitize(error.to_string()))];
        self.write_log(line);
    }

    /// Writes a line to the server's log.
    pub(super) fn write_log(&self, line: Line<'_>) {
        if let Some(log) = self.log.get() {
            log.write(line);
        }
    }

    /// How many RPC calls may run at once: all requests in flight, and some others.
    pub(crate) fn max_calls(&self) -> usize {
        self.in_flight.size().saturating_add(OTHER_CALLS)
    }

    pub(crate) fn plugin_id(&self) -> &str {
        &self.plugin_id
    }

    /// The counters in Prometheus's text format.
    #[must_use]
    pub fn prometheus(&self) -> String {
        self.metrics.prometheus(None)
    }

    /// The same, with the resident memory of the process in bytes.
    pub(crate) fn prometheus_with_memory(&self, resident_memory: Option<u64>) -> String {
        self.metrics.prometheus(resident_memory)
    }
}

fn outcome_label<T>(outcome: &Result<T, EventError>) -> EventOutcome {
    match outcome {
        Ok(_) => EventOutcome::Done,
        Err(EventError::Busy) => EventOutcome::Busy,
        Err(EventError::Timeout(_)) => EventOutcome::Timeout,
        Err(EventError::Trap(kind, _)) => EventOutcome::Trap(kind.label()),
    }
}

/// An error of the host, which ends an event like a trap.
pub(super) fn host_failed(reason: String) -> EventError {
    let output = String::new();
    EventError::Trap(TrapKind::Host, TrapInfo { reason, output })
}
