//! From the server's calls to events of the component.
//!
//! A call waits for its turn, runs in an event of its own, and is answered whatever became of it; what went
//! wrong is in the server's log. [`rpc_thread`] decides which thread an event runs on. What comes before an event and
//! after it, bodies and answers on their way, is bounded on its own ([`traffic`]).
//!
//! [`rpc_thread`]: crate::plugin::rpc_thread
//! [`traffic`]: crate::plugin::admission

use std::future::Future;
use std::sync::{Arc, OnceLock, RwLock};
use std::time::{Duration, Instant};

use mattermost_plugin_rpc::mattermost::{
    Api, BodyReader, CommandArgs, HttpRequest, LogLevel, ResponseWriter,
};
use tokio::runtime::Handle;

use super::admission::{Answers, Bodies, Crowd, Refusal, Shares, is_like_a_webhook};
use super::http_mapping::{self, Reply, component_request, is_click, user_of};
use super::origin;
use super::rpc_thread::RpcThread;
use super::settings_route;
use crate::audit::{Audit, Client};
use crate::bindings::plugin::exports::mattermost::plugin::command_handler;
use crate::capability::{MESSAGE_LIMIT, Provenance, Services, is_hosts};
use crate::clock::{self, Clock};
use crate::jobs::{Job, Queue, Runner};
use crate::log::{Line, Lines, Says, cut};
use crate::manifest::Manifest;
use crate::metrics::{Counter, Metrics};
use crate::outgoing::Outgoing;
use crate::policy::{EventKind, Policy};
use crate::sandbox::{
    Cause, Component, Ending, EventError, JobOutcome, Sandbox, Waiting, commands,
};
use crate::settings::{Newest, Schema, Site};

/// Calls of the server beside requests that are under way: answers that wait for who takes them, commands, changes of
/// the configuration, metrics.
const OTHER_CALLS: usize = 1024;

const UNUSABLE_PROXY: &str =
    "Requests to the outside will fail: the environment names a proxy that cannot be used";
/// Before the runner of jobs is started again after a panic.
const RUNNER_PAUSE: Duration = Duration::from_secs(1);

const BUSY: &str = "An event was turned away: as many as the policy allows are running";

/// A component, as a plugin that a Mattermost server can call.
pub struct ComponentPlugin {
    plugin_id: String,
    schema: Arc<Schema>,
    policy: Arc<Policy>,
    sandbox: Arc<Sandbox>,
    events: Handle,
    rpc_thread: Arc<RpcThread>,
    api: OnceLock<Arc<dyn Api>>,
    site: Newest,
    bot: Arc<RwLock<Option<String>>>,
    outgoing: Arc<Outgoing>,
    provenance: Arc<Provenance>,
    crowd: Crowd,
    requests_of_users: Shares,
    commands_of_users: Shares,
    bodies: Bodies,
    answers: Answers,
    metrics: Arc<Metrics>,
    lines: Arc<Lines>,
    audit: Arc<Audit>,
    clock: Clock,
    queue: OnceLock<Arc<Queue>>,
    runner: OnceLock<Runner>,
}

impl ComponentPlugin {
    /// Pairs a component with its manifest. Events run on `events`.
    #[must_use]
    pub fn new(component: Arc<Component>, manifest: Manifest, events: Handle) -> Self {
        let policy = Arc::new(manifest.policy);
        let requests = policy.concurrent_events();
        Self {
            plugin_id: manifest.id,
            schema: Arc::new(manifest.settings),
            sandbox: Arc::new(Sandbox::new(component, Arc::clone(&policy))),
            crowd: Crowd::new(requests),
            requests_of_users: Shares::of(requests),
            commands_of_users: Shares::of(commands(requests)),
            bodies: Bodies::new(requests),
            answers: Answers::new(policy.concurrent_memory()),
            policy,
            events,
            rpc_thread: Arc::default(),
            api: OnceLock::new(),
            site: Newest::default(),
            bot: Arc::default(),
            outgoing: Arc::default(),
            provenance: Arc::default(),
            metrics: Arc::default(),
            lines: Arc::default(),
            audit: Arc::default(),
            clock: clock::system(),
            queue: OnceLock::new(),
            runner: OnceLock::new(),
        }
    }

    /// Sends requests to the outside with this client instead of one that trusts the system's
    /// authorities.
    #[must_use]
    pub fn with_outgoing(mut self, outgoing: Outgoing) -> Self {
        self.outgoing = Arc::new(outgoing);
        self
    }

    /// Goes by this clock, in milliseconds since 1970: where jobs are due, and where the component asks for
    /// the time.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    fn services(&self) -> Option<Arc<Services>> {
        Some(Arc::new(Services {
            api: Arc::clone(self.api.get()?),
            plugin_id: self.plugin_id.clone(),
            schema: Arc::clone(&self.schema),
            policy: Arc::clone(&self.policy),
            site: self.site.get(),
            bot: Arc::clone(&self.bot),
            outgoing: Arc::clone(&self.outgoing),
            metrics: Arc::clone(&self.metrics),
            clock: Arc::clone(&self.clock),
            lines: Arc::clone(&self.lines),
            audit: Arc::clone(&self.audit),
            provenance: Arc::clone(&self.provenance),
            jobs: Arc::clone(self.queue.get()?),
        }))
    }

    /// Runs an event of this kind.
    async fn event<T, F, Fut>(&self, kind: EventKind, run: F) -> Result<T, EventError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Sandbox>, Arc<Services>) -> Fut + Send,
        Fut: Future<Output = Result<T, EventError>> + Send + 'static,
    {
        self.event_in_turn(Waiting::Event(kind), run).await
    }

    /// Runs an event, on the thread pool where it is a job's or the RPC thread has no time for it.
    async fn event_in_turn<T, F, Fut>(&self, waiting: Waiting, run: F) -> Result<T, EventError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Sandbox>, Arc<Services>) -> Fut + Send,
        Fut: Future<Output = Result<T, EventError>> + Send + 'static,
    {
        let kind = waiting.kind();
        let Some(services) = self.services() else {
            return Err(host_failed("the plugin is not activated".to_owned()));
        };
        let turn = match self.sandbox.turn(waiting).await {
            Ok(turn) => turn,
            Err(error) => {
                let refused = Err(error);
                self.metrics.event(kind, Duration::ZERO, &refused);
                self.report(&services.api, kind, &refused);
                return refused;
            }
        };
        let began = Instant::now();
        let api = Arc::clone(&services.api);
        let event = run(Arc::clone(&self.sandbox), services);
        let event = async move {
            let outcome = event.await;
            drop(turn);
            outcome
        };
        // A task of its own: whoever waits for the answer may go, and a panic ends here.
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
        self.metrics.event(kind, began.elapsed(), &outcome);
        self.report(&api, kind, &outcome);
        outcome
    }

    /// Writes into the log how an event ended that was not handled.
    fn report<T>(&self, api: &Arc<dyn Api>, kind: EventKind, outcome: &Result<T, EventError>) {
        let Err(error) = outcome else { return };
        let mut says = kind.to_string();
        let mut fields = vec![("event".to_owned(), kind.to_string())];
        if let EventError::Timeout(ending) | EventError::Trap(_, ending) = error {
            for (name, text) in [("reason", &ending.reason), ("output", &ending.output)] {
                if !text.is_empty() {
                    says.push_str(text);
                    fields.push((name.to_owned(), cut(text.clone())));
                }
            }
        }
        let (level, says, message) = match error {
            EventError::Busy => (LogLevel::Warn, Says::Host(BUSY), BUSY),
            EventError::Timeout(_) => (
                LogLevel::Error,
                Says::Component(&says),
                "An event was stopped at its time limit",
            ),
            EventError::Trap(..) => (
                LogLevel::Error,
                Says::Component(&says),
                "An event ended in a trap; the plugin goes on",
            ),
        };
        let line = Line {
            level,
            says,
            message,
            fields,
        };
        self.lines.write(api, &self.metrics, line);
    }

    async fn load_site(&self, api: &dyn Api) -> Result<(), String> {
        let begun = self.site.begin();
        let site = Site::load(api).await.map_err(|error| error.to_string())?;
        self.site.keep(begun, site, |site| {
            self.outgoing.allow(site.internal_connections.clone());
        });
        Ok(())
    }

    /// Starts the plugin with this API.
    ///
    /// # Errors
    ///
    /// With the sentence that administrators see.
    pub async fn activate(&self, api: Arc<dyn Api>) -> Result<(), String> {
        let api = self.api.get_or_init(|| api);
        let queue = Queue::new(Arc::clone(api), Arc::clone(&self.clock));
        let _ = self.queue.set(Arc::new(queue));
        self.load_site(api.as_ref()).await?;
        let problems = self.outgoing.problems().join("; ");
        if !problems.is_empty() {
            self.tell(UNUSABLE_PROXY, &problems);
        }
        let noted = self.provenance.activated(api.as_ref(), (self.clock)());
        noted.await.map_err(|error| {
            cut(format!(
                "the time of the first activation cannot be stored: {error}"
            ))
        })?;
        // Where it cannot be read now, the first post tries again.
        let _ = self.provenance.keys(api.as_ref()).await;
        let activated = self
            .event(EventKind::Lifecycle, |sandbox, services| async move {
                sandbox.activate(services).await
            })
            .await;
        match activated {
            Ok(outcome) => outcome.map_err(cut),
            Err(error) => Err(cut(format!("the plugin could not start: {error}"))),
        }
    }

    /// Loads the changed configuration and tells the component.
    ///
    /// # Errors
    ///
    /// With the reason, for the server's log.
    pub async fn reload(&self) -> Result<(), String> {
        if let Some(api) = self.api.get() {
            self.load_site(api.as_ref()).await?;
        }
        let told = self.event(EventKind::Lifecycle, |sandbox, services| async move {
            sandbox.configuration_changed(services).await
        });
        told.await.map_err(|error| cut(error.to_string()))
    }

    /// Tells the component that the process ends.
    ///
    /// # Errors
    ///
    /// With the reason, for the server's log.
    pub async fn deactivate(&self) -> Result<(), String> {
        if let Some(runner) = self.runner.get() {
            runner.stop();
        }
        let told = self.event(EventKind::Lifecycle, |sandbox, services| async move {
            sandbox.deactivate(services).await
        });
        let told = told.await.map_err(|error| cut(error.to_string()));
        if let Some(services) = self.services() {
            self.audit.flush(&services);
        }
        self.lines.drain().await;
        told
    }

    /// How many calls of the server run at once: as many requests as may be under way, and some others.
    pub(crate) fn max_calls(&self) -> usize {
        self.crowd.size().saturating_add(OTHER_CALLS)
    }

    pub(crate) fn plugin_id(&self) -> &str {
        &self.plugin_id
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What the process counted, in Prometheus's text format.
    #[must_use]
    pub fn prometheus(&self) -> String {
        self.metrics.prometheus()
    }

    /// Works on the queue of jobs from now on, until the plugin is deactivated. A runner that panics is replaced.
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
                        let message = "The runner of jobs failed and is started again";
                        plugin.tell(message, &panic);
                        tokio::time::sleep(RUNNER_PAUSE).await;
                    }
                    // It was stopped.
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

    /// Claims the jobs that are enqueued from now on, as a process does that works on the queue by itself. The next
    /// [`ComponentPlugin::work`] runs them.
    pub fn claim_jobs(&self) {
        if let Some(queue) = self.queue.get() {
            queue.claim_enqueued(true);
        }
    }

    /// Runs all jobs that are due, until none is. For a process that does not work on the queue by
    /// itself. Answers when the next job is due, in milliseconds since 1970.
    pub async fn work(&self) -> Option<i64> {
        self.queue.get()?.look_everywhere();
        self.work_on_known().await
    }

    /// The same for the jobs that this process knows about, which it has enqueued or seen before.
    pub async fn work_on_known(&self) -> Option<i64> {
        let queue = self.queue.get()?;
        Runner::new(Arc::clone(queue)).work(self).await
    }

    pub(crate) async fn job(&self, job: &Job) -> Result<JobOutcome, EventError> {
        let job = job.clone();
        self.event(EventKind::Job, |sandbox, services| async move {
            sandbox.job(services, &job).await
        })
        .await
    }

    pub(crate) async fn job_given_up(&self, job: &Job) -> Result<JobOutcome, EventError> {
        let job = job.clone();
        self.event(EventKind::Job, |sandbox, services| async move {
            sandbox.job_given_up(services, &job).await
        })
        .await
    }

    /// Writes an error about a job of this kind into the server's log.
    pub(crate) fn tell_of_job(
        &self,
        message: &'static str,
        kind: &str,
        fields: Vec<(String, String)>,
    ) {
        let Some(api) = self.api.get() else { return };
        let line = Line {
            level: LogLevel::Error,
            says: Says::Component(kind),
            message,
            fields,
        };
        self.lines.write(api, &self.metrics, line);
    }

    /// Writes a warning with its cause, unless the same was written lately.
    pub(crate) fn tell(&self, message: &'static str, error: &impl std::fmt::Display) {
        let Some(api) = self.api.get() else { return };
        let mut line = Line::warning(message);
        line.fields = vec![("error".to_owned(), cut(error.to_string()))];
        self.lines.write(api, &self.metrics, line);
    }

    /// Runs a slash command and answers with the text for the user, if any.
    pub async fn command(&self, args: CommandArgs) -> Result<Option<String>, EventError> {
        let Some(_share) = self.commands_of_users.one(&args.user_id).await else {
            self.metrics.count(Counter::TurnedAway, "share");
            return Err(EventError::Busy);
        };
        let invocation = command_handler::Invocation {
            text: args.command,
            user_id: args.user_id,
            channel_id: args.channel_id,
            team_id: args.team_id,
            root_id: args.root_id,
            trigger_id: args.trigger_id,
            connection_id: args.connection_id,
        };
        let answer = self.event(EventKind::Command, |sandbox, services| async move {
            sandbox.command(services, &invocation).await
        });
        let mut text = answer.await?.value;
        // As much as the server takes for a post.
        if let Some(text) = &mut text {
            text.truncate(text.floor_char_boundary(MESSAGE_LIMIT));
            text.shrink_to_fit();
        }
        Ok(text)
    }

    /// Answers an HTTP request whose body has been read.
    pub async fn request(&self, request: &HttpRequest, body: Vec<u8>) -> Reply {
        let click = is_click(request, &body);
        let is_webhook =
            self.policy.names_route(request.path()) && is_like_a_webhook(request, &body);
        let waiting = match is_webhook {
            true => Waiting::Webhook,
            false => Waiting::Event(EventKind::Request),
        };
        let Some(mut seen) = component_request(request, Vec::new()) else {
            self.metrics.count(Counter::TurnedAway, "address");
            return Reply::text(400, "the address cannot be read");
        };
        if is_hosts(&seen.path) {
            return self.host_route(&seen.path, request, &body).await;
        }
        let Some(api) = self.api.get() else {
            return Reply::failed();
        };
        let now = (self.clock)();
        let arrived = origin::examine(&self.provenance, api.as_ref(), now, request, body);
        let channel = match arrived.await {
            Ok(arrived) => {
                (seen.origin, seen.body) = (arrived.origin, arrived.body);
                arrived.channel
            }
            Err(error) => {
                self.tell("The key that verifies clicks cannot be read", &error);
                return Reply::busy();
            }
        };
        let client = Client::of(request);
        let answer = self.event_in_turn(waiting, |sandbox, services| async move {
            sandbox.request(services, &seen, channel, client).await
        });
        match answer.await {
            Ok(outcome) => match http_mapping::reply(outcome.value, click) {
                Ok(reply) => reply,
                Err(why) => {
                    self.metrics.count(Counter::Denial, "answer");
                    if let Some(api) = self.api.get() {
                        let refused = Err::<(), _>(host_failed(why.to_owned()));
                        self.report(api, EventKind::Request, &refused);
                    }
                    Reply::failed()
                }
            },
            Err(EventError::Busy) => Reply::busy(),
            Err(_) => Reply::failed(),
        }
    }

    /// Answers a request to one of the host's own routes.
    async fn host_route(&self, path: &str, request: &HttpRequest, body: &[u8]) -> Reply {
        match (path, self.services()) {
            (settings_route::ROUTE, Some(services)) => {
                settings_route::answer(&services, request, body).await
            }
            (settings_route::ROUTE, None) => Reply::failed(),
            _ => Reply::text(404, "the host has no such route"),
        }
    }

    /// Reads a request's body and answers it, within the time that the policy gives its route.
    pub async fn serve(&self, request: HttpRequest, body: BodyReader) -> Reply {
        let path = request.url.split('?').next().unwrap_or_default();
        let Some(limit) = self.policy.answer_within(path) else {
            return self.answer(request, body).await;
        };
        match tokio::time::timeout(limit, self.answer(request, body)).await {
            Ok(reply) => reply,
            // The event is a task of its own and continues.
            Err(_) => {
                self.metrics.count(Counter::TurnedAway, "late");
                Reply::late()
            }
        }
    }

    async fn answer(&self, request: HttpRequest, body: BodyReader) -> Reply {
        let Some(_among) = self.crowd.enter(&request) else {
            self.metrics.count(Counter::TurnedAway, "crowd");
            return Reply::busy();
        };
        let _share = match user_of(&request) {
            Some(user) => match self.requests_of_users.one(user).await {
                Some(share) => Some(share),
                None => {
                    self.metrics.count(Counter::TurnedAway, "share");
                    return Reply::busy();
                }
            },
            None => None,
        };
        match self.bodies.read(&request, body).await {
            // While the event runs the body still has its place.
            Ok((body, _place)) => self.request(&request, body).await,
            Err(refusal) => {
                self.metrics.count(Counter::TurnedAway, refusal.name());
                self.report_body(&request, refusal);
                refusal.reply()
            }
        }
    }

    /// Writes into the log that a body was refused because of its size, and which limit it hit.
    fn report_body(&self, request: &HttpRequest, refusal: Refusal) {
        let (Some(api), Some((message, fields))) = (self.api.get(), refusal.log_line(request))
        else {
            return;
        };
        let mut line = Line::warning(message);
        let fields = fields.into_iter();
        line.fields = fields.map(|(name, value)| (name, cut(value))).collect();
        self.lines.write(api, &self.metrics, line);
    }

    /// Serves a request: reads its body, answers it, and sends the answer.
    pub async fn serve_to(&self, request: HttpRequest, body: BodyReader, writer: ResponseWriter) {
        let reply = self.serve(request, body).await;
        if let Err(dropped) = self.answers.send(reply, writer).await {
            self.metrics.count(Counter::AnswerDropped, dropped.name());
        }
    }
}

fn host_failed(reason: String) -> EventError {
    let output = String::new();
    EventError::Trap(Cause::Host, Ending { reason, output })
}
