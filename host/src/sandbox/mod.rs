//! One fresh instance of the component per event.
//!
//! The image is loaded and linked once. An event then costs an instantiation (tens of microseconds) and
//! nothing survives it: no user's data can reach another user's event, events run in parallel without
//! locks, and a trap costs the event it happens in. What an event may use is in its [`Limits`]: memory,
//! wall time (compiled code is interrupted by the epoch clock, a host call by a timer), number and size of host
//! calls. How many run at once is a semaphore, and what they have of memory together is a budget.
//!
//! [`Limits`]: crate::policy::Limits

pub mod wasi;

mod pool;
mod ticker;
mod trap;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wasmtime::component::{HasSelf, InstancePre, Linker, ResourceTable};
use wasmtime::{Config, Engine, Store, UpdateDeadline, bail};

use crate::audit::Client;
use crate::bindings::jobs::exports::mattermost::plugin::job_handler;
use crate::bindings::jobs::mattermost::plugin::jobs;
use crate::bindings::jobs::{Jobs, JobsPre};
use crate::bindings::plugin::exports::mattermost::plugin::{command_handler, http_handler};
use crate::bindings::plugin::mattermost::plugin as imports;
use crate::bindings::plugin::{Plugin, PluginPre};
use crate::capability::{EVENT_LIMIT, RECORDS, ReadPost, Services};
use crate::event::memory::{Budget, MemoryLimit, Refusal, Room};
use crate::jobs::Job;
use crate::log::Line;
use crate::metrics::Counter;
use crate::policy::{EventKind, Policy};
use ticker::Ticker;
use trap::{LimitReached, ended};

pub(crate) use crate::event::heap_size::Weight;
pub(crate) use job_handler::Outcome as JobOutcome;
pub use trap::{Cause, Ending, EventError};

/// How many jobs of one process run at once.
pub(crate) const JOBS: usize = 4;

/// How much one call between component and host may hand over, in bytes as the host has to keep them: a little
/// more than the largest answer. A list may name the same text again and again and so be far larger for
/// the host than it is for the component.
const CALL_SIZE: usize = 20 * 1024 * 1024;

/// From how many bytes on what a call brings counts among the memory of all events.
const LARGE_CALL: usize = 16 * 1024;

const NO_MEMORY: &str = "The events that run have as much memory as the policy allows them together, and one was \
                         refused more";

/// How long an event waits for its turn when the policy's number of events is running.
const QUEUE_WAIT: Duration = Duration::from_secs(2);

/// Why a component could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The engine could not be made.
    #[error("the WebAssembly engine cannot start on this machine: {0:?}")]
    Engine(wasmtime::Error),
    /// The image is damaged, or was made for another target or version.
    #[error("the component image does not load; it was built for another host: {0:?}")]
    Image(wasmtime::Error),
    /// The system lets no process make code at run time.
    #[error(
        "the system does not let this process make the component's code executable. Where Mattermost runs as a \
         service of systemd, it must not have MemoryDenyWriteExecute=yes; where SELinux is in force, Mattermost needs \
         execmem: {0:?}"
    )]
    Denied(wasmtime::Error),
    /// The component wants an interface that the host does not offer, or offers no handler.
    #[error(
        "the component does not fit this host. It may import only the interfaces of \
         mattermost:plugin and the inert part of WASI, and must export the handlers of the world \
         `plugin`: {0:?}"
    )]
    Interface(wasmtime::Error),
    /// The clock thread could not be started.
    #[error("no thread for the epoch clock: {0}")]
    Ticker(#[from] std::io::Error),
}

/// A loaded and linked component.
pub struct Component {
    engine: Engine,
    pre: PluginPre<EventState>,
    /// Absent where the component has no jobs.
    jobs: Option<JobsPre<EventState>>,
    ticker: Ticker,
    imports: Vec<String>,
}

impl Component {
    /// Loads an image that `mattermost-plugin-aot` made for this target, and links it. No more than so many
    /// `events` may run at once.
    ///
    /// The image is machine code: pass only bytes that were built together with this executable.
    ///
    /// # Errors
    ///
    /// When the image does not fit this host.
    pub fn load(image: &[u8], target: &str, events: usize) -> Result<Self, LoadError> {
        let config = mattermost_plugin_engine::config(target).map_err(LoadError::Engine)?;
        let (engine, component) = match pool::load(config.clone(), events, image) {
            Some(loaded) => loaded,
            None => loaded(&config, image)?,
        };
        let mut imports: Vec<_> = component
            .component_type()
            .imports(&engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        imports.sort();
        let pre = link(&engine, &component).map_err(LoadError::Interface)?;
        let jobs = exports_jobs(&component, &engine)
            .then(|| JobsPre::new(pre.clone()))
            .transpose()
            .map_err(LoadError::Interface)?;
        let pre = PluginPre::new(pre).map_err(LoadError::Interface)?;
        let ticker = Ticker::start(engine.clone())?;
        Ok(Self {
            engine,
            pre,
            jobs,
            ticker,
            imports,
        })
    }

    /// The interfaces that the component imports, in order.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Whether the component has work for later.
    #[must_use]
    pub fn has_jobs(&self) -> bool {
        self.jobs.is_some()
    }
}

fn exports_jobs(component: &wasmtime::component::Component, engine: &Engine) -> bool {
    let kind = component.component_type();
    let mut exports = kind.exports(engine);
    exports.any(|(name, _)| name.starts_with("mattermost:plugin/job-handler@"))
}

/// An engine of this configuration, with the image in it.
fn loaded(
    config: &Config,
    image: &[u8],
) -> Result<(Engine, wasmtime::component::Component), LoadError> {
    let engine = Engine::new(config).map_err(LoadError::Engine)?;
    let component = deserialize(&engine, image).map_err(|error| match is_denied(&error) {
        true => LoadError::Denied(error),
        false => LoadError::Image(error),
    })?;
    Ok((engine, component))
}

/// Whether the system refused something: EPERM or EACCES, in an error that has no type which could be named.
fn is_denied(error: &wasmtime::Error) -> bool {
    let numbers = ["(os error 1)", "(os error 13)"];
    let says = |cause: String| numbers.iter().any(|number| cause.contains(number));
    error.chain().any(|cause| says(cause.to_string()))
}

/// Exception to `deny(unsafe_code)`: machine code can only be trusted, not checked. The bytes come from
/// this executable's own build script, by way of `include_bytes!`.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, image: &[u8]) -> wasmtime::Result<wasmtime::component::Component> {
    unsafe { wasmtime::component::Component::deserialize(engine, image) }
}

fn link(
    engine: &Engine,
    component: &wasmtime::component::Component,
) -> wasmtime::Result<InstancePre<EventState>> {
    type Own = HasSelf<EventState>;
    fn own(state: &mut EventState) -> &mut EventState {
        state
    }
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    imports::log::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::audit::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::config::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::kv::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::users::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::channels::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::posts::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::files::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::bots::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::commands::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::dialogs::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::websocket::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::http::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::settings::add_to_linker::<_, Own>(&mut linker, own)?;
    imports::types::add_to_linker::<_, Own>(&mut linker, own)?;
    jobs::add_to_linker::<_, Own>(&mut linker, own)?;
    linker.instantiate_pre(component)
}

/// What belongs to one event: who caused it, what it may use, what it holds.
pub struct EventState {
    pub(crate) services: Arc<Services>,
    /// The user who caused the event. Only the server says who that is.
    pub(crate) actor: Option<String>,
    /// The channel of the command, or of the genuine click or dialog, that the event is.
    pub(crate) channel: Option<String>,
    /// Whether the user meant it: a command, a genuine click or dialog, a request of the webapp.
    pub(crate) is_meant: bool,
    pub(crate) table: ResourceTable,
    pub(crate) output: Vec<u8>,
    pub(crate) started: Instant,
    pub(crate) deadline: Instant,
    pub(crate) kind: EventKind,
    /// Where the request came from.
    pub(crate) client: Client,
    /// How many audit records it may still write.
    pub(crate) records_left: usize,
    /// What it may still write into the log, in bytes.
    pub(crate) log_left: usize,
    /// Whether the event has read the key that signs posts again, because a proof failed.
    pub(crate) host_key_read: bool,
    /// The post that the event has read last, to change it without another look.
    pub(crate) post: Option<ReadPost>,
    memory: MemoryLimit,
    calls_left: u32,
    size_left: usize,
    /// Room for what the last call answered, which the host has until the component has copied it: not before the next
    /// call, or the end.
    answer: Option<Room>,
}

impl EventState {
    /// Counts a call of the host and what it brings. The host keeps that until the server has answered; where it is
    /// much, the answer is the room that it takes of what all events may have, to be held as long. Each call begins with
    /// this, so that beyond the budget there is never more than the one call that a thread copies at the moment.
    ///
    /// # Errors
    ///
    /// A trap, when the event has made as many calls as it may, or has handed over as much, or where there is no
    /// room.
    pub(crate) fn host_call(&mut self, brings: &impl Weight) -> wasmtime::Result<Option<Room>> {
        match self.calls_left.checked_sub(1) {
            Some(left) => self.calls_left = left,
            None => bail!(LimitReached::Calls),
        }
        self.answer = None;
        let size = brings.weight();
        self.brought(size)?;
        if size < LARGE_CALL {
            return Ok(None);
        }
        // What the call brings, and the message to the server that it becomes a part of.
        let room = self.room(size.saturating_mul(2));
        if room.is_none() {
            self.memory.refuse_together();
            bail!("there is no room for what a call of the host brings");
        }
        Ok(room)
    }

    /// Counts so many bytes that a call brings.
    ///
    /// # Errors
    ///
    /// A trap, when it is more than the event may carry.
    pub(crate) fn brought(&mut self, size: usize) -> wasmtime::Result<()> {
        self.services.metrics.brought(size);
        self.carried(size)
    }

    /// Counts what a call answers with, and has room for it until the next call.
    ///
    /// # Errors
    ///
    /// A trap, when it is more than the event may carry, or where there is no room.
    pub(crate) fn answers_with(&mut self, answer: &impl Weight) -> wasmtime::Result<()> {
        let size = answer.weight();
        self.carried(size)?;
        if size < LARGE_CALL {
            return Ok(());
        }
        self.answer = self.room(size);
        if self.answer.is_none() {
            self.memory.refuse_together();
            bail!("there is no room for what a call of the host answers");
        }
        Ok(())
    }

    /// Keeps room for an answer until the next call.
    pub(crate) fn keep(&mut self, room: Room) {
        self.answer = Some(room);
    }

    /// What the event came to, with the room that it takes.
    ///
    /// # Errors
    ///
    /// A trap, where there is no room.
    fn outcome<T: Weight>(&mut self, value: T) -> wasmtime::Result<Outcome<T>> {
        let size = value.weight();
        if size < LARGE_CALL {
            return Ok(Outcome { value, _room: None });
        }
        let room = self.room(size);
        if room.is_none() {
            self.memory.refuse_together();
            bail!("there is no room for what the event answers");
        }
        Ok(Outcome { value, _room: room })
    }

    /// Counts so many bytes that a call brings or takes away.
    ///
    /// # Errors
    ///
    /// A trap, when it is more than the event may carry.
    pub(crate) fn carried(&mut self, size: usize) -> wasmtime::Result<()> {
        match self.size_left.checked_sub(size) {
            Some(left) => self.size_left = left,
            None => bail!(LimitReached::Size),
        }
        Ok(())
    }

    /// Room for what the host keeps for the event beside its own memory, or none.
    pub(crate) fn room(&self, bytes: usize) -> Option<Room> {
        self.memory.budget().room(bytes)
    }
}

/// What an event came to, and the room that it takes of what all events may have.
pub(crate) struct Outcome<T> {
    pub(crate) value: T,
    _room: Option<Room>,
}

/// How many commands run at once, where so many requests do.
pub(crate) fn commands(requests: usize) -> usize {
    requests.div_ceil(4)
}

/// How many events of the plugin's life run at once: a change of the configuration, and the next.
const LIFECYCLE: usize = 2;

/// How many events of all kinds run at once under a policy.
pub(crate) fn events_at_once(policy: &Policy) -> usize {
    let requests = policy.concurrent_events();
    requests + commands(requests) + LIFECYCLE + JOBS
}

/// A call that waits for a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waiting {
    /// An event of this kind.
    Event(EventKind),
    /// A request that may also have a turn which is reserved for webhooks.
    Webhook,
}

impl Waiting {
    /// The kind of the event.
    pub(crate) fn kind(self) -> EventKind {
        match self {
            Self::Event(kind) => kind,
            Self::Webhook => EventKind::Request,
        }
    }
}

/// Runs events of one component under one policy.
pub struct Sandbox {
    component: Arc<Component>,
    policy: Arc<Policy>,
    requests: Arc<Semaphore>,
    /// A part of what requests have, for small requests of strangers to routes of the policy: webhooks. Users cannot take
    /// it.
    webhooks: Arc<Semaphore>,
    /// Commands and the life of the plugin have turns of their own: a flood of requests, which anybody
    /// can send, must not keep people from their commands, nor these the plugin from its configuration.
    commands: Arc<Semaphore>,
    lifecycle: Arc<Semaphore>,
    jobs: Arc<Semaphore>,
    memory: Arc<Budget>,
}

impl Sandbox {
    /// Pairs a component with its policy.
    #[must_use]
    pub fn new(component: Arc<Component>, policy: Arc<Policy>) -> Self {
        let requests = policy.concurrent_events();
        let reserved = policy.reserved_for_webhooks();
        Self {
            component,
            memory: Budget::new(policy.concurrent_memory()),
            policy,
            requests: Arc::new(Semaphore::new(requests - reserved)),
            webhooks: Arc::new(Semaphore::new(reserved)),
            commands: Arc::new(Semaphore::new(commands(requests))),
            lifecycle: Arc::new(Semaphore::new(LIFECYCLE)),
            jobs: Arc::new(Semaphore::new(JOBS)),
        }
    }

    pub(crate) fn component(&self) -> &Component {
        &self.component
    }

    /// Waits, not for long, until the event may run: as long as it holds the answer.
    ///
    /// # Errors
    ///
    /// [`EventError::Busy`].
    pub(crate) async fn turn(&self, line: Waiting) -> Result<OwnedSemaphorePermit, EventError> {
        let turns = match line {
            Waiting::Webhook | Waiting::Event(EventKind::Request) => &self.requests,
            Waiting::Event(EventKind::Command) => &self.commands,
            Waiting::Event(EventKind::Lifecycle) => &self.lifecycle,
            Waiting::Event(EventKind::Job) => &self.jobs,
        };
        if let Ok(permit) = Arc::clone(turns).try_acquire_owned() {
            return Ok(permit);
        }
        let permit = Arc::clone(turns).acquire_owned();
        let permit = async {
            match line {
                Waiting::Event(_) => permit.await,
                // Whichever there is first.
                Waiting::Webhook => {
                    let reserved = Arc::clone(&self.webhooks).acquire_owned();
                    tokio::select! {
                        permit = permit => permit,
                        permit = reserved => permit,
                    }
                }
            }
        };
        match tokio::time::timeout(QUEUE_WAIT, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(EventError::Busy),
        }
    }

    async fn event<T>(
        &self,
        kind: EventKind,
        services: Arc<Services>,
        actor: Option<String>,
        call: impl AsyncFnOnce(&Plugin, &mut Store<EventState>) -> wasmtime::Result<T>,
    ) -> Result<Outcome<T>, EventError>
    where
        T: Weight,
    {
        let run = async |store: &mut Store<EventState>| {
            let plugin = self.component.pre.instantiate_async(&mut *store).await?;
            call(&plugin, store).await
        };
        self.bounded(kind, services, actor, run).await
    }

    /// Runs an event of a component that has jobs.
    async fn job_event<T>(
        &self,
        services: Arc<Services>,
        actor: Option<String>,
        call: impl AsyncFnOnce(&Jobs, &mut Store<EventState>) -> wasmtime::Result<T>,
    ) -> Result<Outcome<T>, EventError>
    where
        T: Weight,
    {
        let run = async |store: &mut Store<EventState>| {
            let Some(pre) = &self.component.jobs else {
                bail!("the component has no jobs");
            };
            let jobs = pre.instantiate_async(&mut *store).await?;
            call(&jobs, store).await
        };
        self.bounded(EventKind::Job, services, actor, run).await
    }

    /// Runs something in a store of its own, within the limits of its kind.
    async fn bounded<T>(
        &self,
        kind: EventKind,
        services: Arc<Services>,
        actor: Option<String>,
        run: impl AsyncFnOnce(&mut Store<EventState>) -> wasmtime::Result<T>,
    ) -> Result<Outcome<T>, EventError>
    where
        T: Weight,
    {
        let limits = self.policy.limits(kind);
        let started = Instant::now();
        let deadline = started + limits.time();
        let state = EventState {
            services,
            actor,
            channel: None,
            is_meant: false,
            table: wasi::table(),
            output: Vec::new(),
            started,
            deadline,
            kind,
            client: Client::default(),
            records_left: RECORDS,
            log_left: EVENT_LIMIT,
            host_key_read: false,
            post: None,
            memory: MemoryLimit::new(limits.memory(), Arc::clone(&self.memory)),
            calls_left: limits.host_calls,
            size_left: limits.handed_over(),
            answer: None,
        };
        let mut store = Store::new(&self.component.engine, state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(CALL_SIZE);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            if Instant::now() >= context.data().deadline {
                Err(LimitReached::Time.into())
            } else {
                Ok(UpdateDeadline::Yield(1))
            }
        });
        let _watch = self.component.ticker.watch();
        // A computing component is stopped by the epoch clock, with a backtrace; the timer is for one
        // that waits for the host.
        let end = deadline + Duration::from_millis(100);
        let outcome = tokio::time::timeout_at(end, run(&mut store)).await;
        let state = store.data_mut();
        let outcome = outcome.map(|outcome| outcome.and_then(|value| state.outcome(value)));
        let state = store.data();
        let refused = state.memory.refused();
        let services = Arc::clone(&state.services);
        let outcome = match outcome {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(ended(&error, refused, &state.output)),
            Err(_) => Err(EventError::Timeout(Ending::default())),
        };
        if let Some(refusal) = refused {
            tell_of_memory(&services, refusal);
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

    /// Tells of a changed configuration.
    ///
    /// # Errors
    ///
    /// When the event could not be handled.
    pub(crate) async fn configuration_changed(
        &self,
        services: Arc<Services>,
    ) -> Result<(), EventError> {
        let call = async |plugin: &Plugin, store: &mut Store<EventState>| {
            let handler = plugin.mattermost_plugin_lifecycle();
            handler.call_configuration_changed(store).await
        };
        self.event(EventKind::Lifecycle, services, None, call)
            .await
            .map(drop)
    }

    /// Tells of the coming end.
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
            store.data_mut().channel = Some(invocation.channel_id.clone());
            store.data_mut().is_meant = true;
            let handler = plugin.mattermost_plugin_command_handler();
            handler.call_run(store, invocation).await
        };
        self.event(EventKind::Command, services, actor, call).await
    }

    /// Answers an HTTP request; a genuine click or dialog is of a channel.
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
            let state = store.data_mut();
            (state.channel, state.client) = (channel, client);
            state.is_meant = request.origin != http_handler::Origin::Other;
            let handler = plugin.mattermost_plugin_http_handler();
            handler.call_handle(store, request).await
        };
        self.event(EventKind::Request, services, actor, call).await
    }

    /// Runs a job for the user whose event enqueued it.
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

    /// Tells of a job that will not be run again.
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

/// Counts that an event was refused memory, which a component may well survive. That all events together have no
/// more is for whoever wrote the policy to know.
fn tell_of_memory(services: &Services, refusal: Refusal) {
    let limit = match refusal {
        Refusal::Event => "event",
        Refusal::Together => "together",
    };
    services.metrics.count(Counter::MemoryRefusal, limit);
    if refusal == Refusal::Together {
        services.write(Line::warning(NO_MEMORY));
    }
}
