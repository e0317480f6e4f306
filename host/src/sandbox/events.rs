//! Runs events: one fresh instance of the component per event, within the limits of the policy.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use wasmtime::{Store, UpdateDeadline, bail};

use super::component::Component;
use super::permits::{PermitKind, Permits};
use super::trap::{EventError, TrapInfo, classify};
use super::wasi;
use crate::bindings::jobs::Jobs;
use crate::bindings::jobs::exports::mattermost::plugin::job_handler::Outcome as JobOutcome;
use crate::bindings::plugin::Plugin;
use crate::bindings::plugin::exports::mattermost::plugin::{command_handler, http_handler};
use crate::event::heap_size::HeapSize;
use crate::event::memory::{MemoryBudget, MemoryRefusal};
use crate::event::meter::{LimitExceeded, Meter, Outcome};
use crate::event::{Client, EventCause, EventState, PostState, Quotas, Services, WasiState};
use crate::jobs::Job;
use crate::log::Line;
use crate::metrics::Counter;
use crate::policy::{EventKind, Policy};
use crate::settings::PreviousValue;

/// The most data of one call between component and host, in bytes on the host's heap: slightly more than the largest
/// response. A list may reference the same string many times and be far larger for the host than for the component.
const CALL_BYTES: usize = 20 * 1024 * 1024;

const NO_MEMORY: &str = "The running events use all the memory that the policy allows them together, and one was refused more";

/// Runs events of one component under one policy.
pub struct Sandbox {
    component: Arc<Component>,
    policy: Arc<Policy>,
    permits: Permits,
    memory: Arc<MemoryBudget>,
}

impl Sandbox {
    /// Combines a component with its policy.
    #[must_use]
    pub fn new(component: Arc<Component>, policy: Arc<Policy>) -> Self {
        Self {
            component,
            memory: MemoryBudget::new(policy.concurrent_memory()),
            permits: Permits::new(&policy),
            policy,
        }
    }

    pub(crate) fn component(&self) -> &Component {
        &self.component
    }

    /// Waits for a permit for a short time. The event may run while it holds the permit.
    ///
    /// # Errors
    ///
    /// [`EventError::Busy`].
    pub(crate) async fn permit(
        &self,
        kind: PermitKind,
    ) -> Result<OwnedSemaphorePermit, EventError> {
        self.permits.acquire(kind).await
    }

    async fn event<T>(
        &self,
        kind: EventKind,
        services: Arc<Services>,
        actor: Option<String>,
        call: impl AsyncFnOnce(&Plugin, &mut Store<EventState>) -> wasmtime::Result<T>,
    ) -> Result<Outcome<T>, EventError>
    where
        T: HeapSize,
    {
        let run = async |store: &mut Store<EventState>| {
            let plugin = self.component.pre.instantiate_async(&mut *store).await?;
            call(&plugin, store).await
        };
        self.run_within_limits(kind, services, actor, run).await
    }

    /// Runs an event of the component's job handler.
    async fn job_event<T>(
        &self,
        services: Arc<Services>,
        actor: Option<String>,
        call: impl AsyncFnOnce(&Jobs, &mut Store<EventState>) -> wasmtime::Result<T>,
    ) -> Result<Outcome<T>, EventError>
    where
        T: HeapSize,
    {
        let run = async |store: &mut Store<EventState>| {
            let Some(pre) = &self.component.jobs else {
                bail!("the component has no jobs");
            };
            let jobs = pre.instantiate_async(&mut *store).await?;
            call(&jobs, store).await
        };
        self.run_within_limits(EventKind::Job, services, actor, run)
            .await
    }

    /// Runs `run` in a new store, within the limits of this kind of event.
    async fn run_within_limits<T>(
        &self,
        kind: EventKind,
        services: Arc<Services>,
        actor: Option<String>,
        run: impl AsyncFnOnce(&mut Store<EventState>) -> wasmtime::Result<T>,
    ) -> Result<Outcome<T>, EventError>
    where
        T: HeapSize,
    {
        let limits = self.policy.limits(kind);
        let started = Instant::now();
        let deadline = started + limits.time();
        let metrics = Arc::clone(&services.metrics);
        let state = EventState {
            services,
            cause: EventCause::new(kind, actor),
            meter: Meter::new(&limits, Arc::clone(&self.memory), metrics),
            quotas: Quotas::default(),
            posts: PostState::default(),
            wasi: WasiState {
                table: wasi::table(),
                output: Vec::new(),
                started,
                deadline,
            },
        };
        let mut store = Store::new(&self.component.engine, state);
        store.limiter(|state| state.meter.limiter());
        store.set_hostcall_fuel(CALL_BYTES);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            if Instant::now() >= context.data().wasi.deadline {
                Err(LimitExceeded::Time.into())
            } else {
                Ok(UpdateDeadline::Yield(1))
            }
        });
        let _running = self.component.ticker.start_event();
        // The epoch clock stops a component that computes, with a backtrace. The timer is for one that waits for the host.
        let end = deadline + Duration::from_millis(100);
        let outcome = tokio::time::timeout_at(end, run(&mut store)).await;
        let state = store.data_mut();
        let outcome = outcome.map(|outcome| outcome.and_then(|value| state.meter.outcome(value)));
        let state = store.data();
        let refusal = state.meter.memory_refusal();
        let services = Arc::clone(&state.services);
        let outcome = match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(classify(&error, refusal, &state.wasi.output)),
            Err(_) => Err(EventError::Timeout(TrapInfo::default())),
        };
        if let Some(refusal) = refusal {
            report_memory_refusal(&services, refusal);
        }
        outcome
    }

    /// Starts the plugin on this node. The inner error is the component's own, for administrators.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn activate(
        &self,
        services: Arc<Services>,
    ) -> Result<Result<(), String>, EventError> {
        let call = async |plugin: &Plugin, store: &mut Store<EventState>| {
            let handler = plugin.mattermost_plugin_lifecycle();
            handler.call_activate(store).await
        };
        self.event(EventKind::Lifecycle, services, None, call)
            .await
            .map(|outcome| outcome.value)
    }

    /// Notifies the component of a configuration change, with earlier values of settings.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn configuration_changed(
        &self,
        services: Arc<Services>,
        previous: &[PreviousValue],
    ) -> Result<(), EventError> {
        let call = async |plugin: &Plugin, store: &mut Store<EventState>| {
            let handler = plugin.mattermost_plugin_lifecycle();
            handler.call_configuration_changed(store, previous).await
        };
        self.event(EventKind::Lifecycle, services, None, call)
            .await
            .map(drop)
    }

    /// Notifies the component that the plugin is being deactivated.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn deactivate(&self, services: Arc<Services>) -> Result<(), EventError> {
        let call = async |plugin: &Plugin, store: &mut Store<EventState>| {
            let handler = plugin.mattermost_plugin_lifecycle();
            handler.call_deactivate(store).await
        };
        self.event(EventKind::Lifecycle, services, None, call)
            .await
            .map(drop)
    }

    /// Runs a slash command.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn command(
        &self,
        services: Arc<Services>,
        invocation: &command_handler::Invocation,
    ) -> Result<Outcome<Option<String>>, EventError> {
        let actor = Some(invocation.user_id.clone());
        let call = async |plugin: &Plugin, store: &mut Store<EventState>| {
            store.data_mut().cause.channel = Some(invocation.channel_id.clone());
            store.data_mut().cause.is_intended = true;
            let handler = plugin.mattermost_plugin_command_handler();
            handler.call_run(store, invocation).await
        };
        self.event(EventKind::Command, services, actor, call).await
    }

    /// Answers an HTTP request. `channel` is that of a genuine click or dialog.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn request(
        &self,
        services: Arc<Services>,
        request: &http_handler::Request,
        channel: Option<String>,
        client: Client,
    ) -> Result<Outcome<http_handler::Response>, EventError> {
        let actor = request.user_id.clone();
        let call = async |plugin: &Plugin, store: &mut Store<EventState>| {
            let cause = &mut store.data_mut().cause;
            (cause.channel, cause.client) = (channel, client);
            cause.is_intended = request.origin != http_handler::Origin::Other;
            let handler = plugin.mattermost_plugin_http_handler();
            handler.call_handle(store, request).await
        };
        self.event(EventKind::Request, services, actor, call).await
    }

    /// Runs a job on behalf of the user whose event enqueued it.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn job(
        &self,
        services: Arc<Services>,
        job: &Job,
    ) -> Result<JobOutcome, EventError> {
        let call = async |jobs: &Jobs, store: &mut Store<EventState>| {
            let handler = jobs.mattermost_plugin_job_handler();
            let run = handler.call_run(store, &job.kind, &job.payload, job.attempt);
            run.await
        };
        let outcome = self.job_event(services, job.actor.clone(), call).await?;
        Ok(outcome.value)
    }

    /// Asks the component for its file for support packets.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn support_data(
        &self,
        services: Arc<Services>,
    ) -> Result<Outcome<String>, EventError> {
        let run = async |store: &mut Store<EventState>| {
            let Some(pre) = &self.component.diagnostics else {
                bail!("the component has no support data");
            };
            let diagnostics = pre.instantiate_async(&mut *store).await?;
            let handler = diagnostics.mattermost_plugin_diagnostics();
            handler.call_support_data(store).await
        };
        self.run_within_limits(EventKind::Lifecycle, services, None, run)
            .await
    }

    /// Notifies the component that a job will not be run again.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn job_given_up(
        &self,
        services: Arc<Services>,
        job: &Job,
    ) -> Result<JobOutcome, EventError> {
        let call = async |jobs: &Jobs, store: &mut Store<EventState>| {
            let handler = jobs.mattermost_plugin_job_handler();
            handler.call_given_up(store, &job.kind, &job.payload).await
        };
        let outcome = self.job_event(services, job.actor.clone(), call).await?;
        Ok(outcome.value)
    }
}

/// Counts that an event was refused memory, which a component may survive. If the budget of all events is exhausted, the
/// author of the policy needs to know.
fn report_memory_refusal(services: &Services, refusal: MemoryRefusal) {
    let limit = match refusal {
        MemoryRefusal::Event => "event",
        MemoryRefusal::AllEvents => "together",
    };
    services.metrics.count(Counter::MemoryRefusal, limit);
    if refusal == MemoryRefusal::AllEvents {
        services.log.write(Line::warning(NO_MEMORY));
    }
}
