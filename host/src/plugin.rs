//! From hooks to events.
//!
//! The wire runs on the main thread's own executor, which never computes for long: pings are answered
//! and streams served whatever a component does. Events run on a second, small executor. Between them
//! there are only channels.

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use mattermost_plugin_rpc::go_plugin::{Error as StartError, ExitReason, Handshake, hclog};
use mattermost_plugin_rpc::mattermost::{
    Api, AppError, BodyError, BodyReader, CommandArgs, CommandResponse, Context, Hooks,
    HttpRequest, LogLevel, ResponseWriter, RpcApi, serve_hooks,
};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::bindings::plugin::exports::mattermost::plugin::{command_handler, http_handler};
use crate::capability::Services;
use crate::describe::describe;
use crate::manifest::Manifest;
use crate::outgoing::Outgoing;
use crate::policy::{EventKind, Policy};
use crate::sandbox::{Component, EventError, Sandbox};
use crate::site::Site;

/// The largest request body that is taken, in bytes.
const BODY_LIMIT: usize = 1024 * 1024;

/// The largest response body that a component may give, in bytes.
const RESPONSE_LIMIT: usize = 16 * 1024 * 1024;

/// How long a client may take to send its body.
const BODY_TIME: Duration = Duration::from_secs(30);

/// How long a client may take to receive its answer.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// How long a request waits for room for its body.
const BODY_WAIT: Duration = Duration::from_secs(2);

/// Bodies that may be in memory, for each event that may run.
const BODIES_PER_EVENT: usize = 4;

/// Threads that run events. Computing is short; waiting needs no thread.
const EVENT_THREADS: usize = 2;

/// A component, as a plugin that a Mattermost server can call.
pub struct ComponentPlugin {
    plugin_id: String,
    policy: Arc<Policy>,
    sandbox: Arc<Sandbox>,
    events: Handle,
    api: OnceLock<Arc<dyn Api>>,
    site: RwLock<Arc<Site>>,
    bot: Arc<RwLock<Option<String>>>,
    outgoing: Arc<Outgoing>,
    bodies: Semaphore,
}

impl ComponentPlugin {
    /// Pairs a component with its manifest. Events run on `events`.
    #[must_use]
    pub fn new(component: Arc<Component>, manifest: Manifest, events: Handle) -> Self {
        let policy = Arc::new(manifest.policy);
        Self {
            plugin_id: manifest.id,
            sandbox: Arc::new(Sandbox::new(component, Arc::clone(&policy))),
            bodies: Semaphore::new(policy.concurrent_events().saturating_mul(BODIES_PER_EVENT)),
            policy,
            events,
            api: OnceLock::new(),
            site: RwLock::default(),
            bot: Arc::default(),
            outgoing: Arc::default(),
        }
    }

    fn services(&self) -> Option<Arc<Services>> {
        let site = self.site.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::new(Services {
            api: Arc::clone(self.api.get()?),
            plugin_id: self.plugin_id.clone(),
            policy: Arc::clone(&self.policy),
            site: Arc::clone(&site),
            bot: Arc::clone(&self.bot),
            outgoing: Arc::clone(&self.outgoing),
        }))
    }

    /// Runs an event on the events' own executor. Waiting for its turn happens on the wire's.
    async fn event<T, F, Fut>(&self, kind: EventKind, run: F) -> Result<T, EventError>
    where
        T: Send + 'static,
        F: FnOnce(Arc<Sandbox>, Arc<Services>) -> Fut + Send,
        Fut: Future<Output = Result<T, EventError>> + Send + 'static,
    {
        let Some(services) = self.services() else {
            return Err(EventError::Trap {
                reason: "the plugin is not activated".to_owned(),
                output: String::new(),
            });
        };
        let turn = self.sandbox.turn(kind).await?;
        let api = Arc::clone(&services.api);
        let event = run(Arc::clone(&self.sandbox), services);
        let running = self.events.spawn(async move {
            let outcome = event.await;
            drop(turn);
            outcome
        });
        let outcome = running.await.unwrap_or_else(|error| {
            Err(EventError::Trap {
                reason: format!("the host failed: {error}"),
                output: String::new(),
            })
        });
        if let Err(error) = &outcome {
            report(api.as_ref(), kind, error).await;
        }
        outcome
    }

    async fn load_site(&self, api: &dyn Api) -> Result<(), String> {
        let site = Site::load(api).await.map_err(|error| error.to_string())?;
        let mut current = self.site.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(site);
        Ok(())
    }

    /// Starts the plugin with this API.
    ///
    /// # Errors
    ///
    /// With the sentence that administrators see.
    pub async fn activate(&self, api: Arc<dyn Api>) -> Result<(), String> {
        let api = self.api.get_or_init(|| api);
        self.load_site(api.as_ref()).await?;
        let activated = self
            .event(EventKind::Lifecycle, |sandbox, services| async move {
                sandbox.activate(services).await
            })
            .await;
        match activated {
            Ok(outcome) => outcome,
            Err(error) => Err(format!("the plugin could not start: {error}")),
        }
    }

    async fn reload(&self) -> Result<(), String> {
        if let Some(api) = self.api.get() {
            self.load_site(api.as_ref()).await?;
        }
        let told = self.event(EventKind::Lifecycle, |sandbox, services| async move {
            sandbox.configuration_changed(services).await
        });
        told.await.map_err(|error| error.to_string())
    }

    /// Runs a slash command and answers with the text for the user, if any.
    pub async fn command(&self, args: CommandArgs) -> Result<Option<String>, EventError> {
        let invocation = command_handler::Invocation {
            text: args.command,
            user_id: args.user_id,
            channel_id: args.channel_id,
            team_id: args.team_id,
            root_id: args.root_id,
            trigger_id: args.trigger_id,
            connection_id: args.connection_id,
        };
        self.event(EventKind::Command, |sandbox, services| async move {
            sandbox.command(services, &invocation).await
        })
        .await
    }

    /// Answers an HTTP request whose body has been read.
    pub async fn request(&self, request: &HttpRequest, body: Vec<u8>) -> Reply {
        let Some(request) = component_request(request, body) else {
            return Reply::text(400, "the address cannot be read");
        };
        let answer = self.event(EventKind::Request, |sandbox, services| async move {
            sandbox.request(services, &request).await
        });
        match answer.await {
            Ok(response) => match reply(response) {
                Ok(reply) => reply,
                Err(why) => {
                    if let Some(api) = self.api.get() {
                        let error = EventError::Trap {
                            reason: why.to_owned(),
                            output: String::new(),
                        };
                        report(api.as_ref(), EventKind::Request, &error).await;
                    }
                    Reply::failed()
                }
            },
            Err(EventError::Busy) => Reply::busy(),
            Err(_) => Reply::failed(),
        }
    }

    async fn serve(&self, request: HttpRequest, mut body: BodyReader) -> Reply {
        // Bodies in memory are bounded on their own: who sends slowly must not keep others from running.
        let waiting = tokio::time::timeout(BODY_WAIT, self.bodies.acquire());
        let Ok(Ok(_room)) = waiting.await else {
            return Reply::busy();
        };
        let read = tokio::time::timeout(BODY_TIME, body.read_to_limit(BODY_LIMIT));
        match read.await {
            Ok(Ok(body)) => self.request(&request, body).await,
            Ok(Err(BodyError::TooLarge { .. })) => Reply::text(
                413,
                "the request body is too large; at most 1 MiB is accepted",
            ),
            Ok(Err(_)) => Reply::text(400, "the request body was cut short"),
            Err(_) => Reply::text(408, "the request body did not arrive in time"),
        }
    }
}

/// An HTTP answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    fn text(status: u16, sentence: &str) -> Self {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Self {
            status,
            headers: vec![
                header("Content-Type", "text/plain; charset=utf-8"),
                header("X-Content-Type-Options", "nosniff"),
            ],
            body: format!("{sentence}\n").into_bytes(),
        }
    }

    fn busy() -> Self {
        let mut reply = Self::text(503, "too many requests at once; try again in a moment");
        let seconds = ("Retry-After".to_owned(), "2".to_owned());
        reply.headers.push(seconds);
        reply
    }

    fn failed() -> Self {
        Self::text(
            500,
            "the plugin failed on this request; the server's log says why",
        )
    }
}

fn component_request(request: &HttpRequest, body: Vec<u8>) -> Option<http_handler::Request> {
    const LEFT_OUT: [&str; 3] = ["cookie", "mattermost-user-id", "mattermost-plugin-id"];
    let (path, query) = match request.url.split_once('?') {
        Some((path, query)) => (path, query),
        None => (request.url.as_str(), ""),
    };
    let path = percent_encoding::percent_decode_str(path)
        .decode_utf8()
        .ok()?;
    let mut user_id = None;
    let mut headers = Vec::new();
    for (name, values) in &request.headers {
        let name = name.to_lowercase();
        if name == "mattermost-user-id" {
            user_id = values.first().filter(|id| !id.is_empty()).cloned();
        }
        if !LEFT_OUT.contains(&name.as_str()) {
            headers.extend(values.iter().map(|value| (name.clone(), value.clone())));
        }
    }
    Some(http_handler::Request {
        method: request.method.to_uppercase(),
        path: if path.is_empty() {
            "/".to_owned()
        } else {
            path.into_owned()
        },
        query: query.to_owned(),
        headers,
        body,
        user_id,
    })
}

/// Headers that would reach beyond the plugin's own answers (sessions, storage and workers of the site),
/// and one that is forced below.
const WITHHELD: [http::HeaderName; 5] = [
    http::header::SET_COOKIE,
    http::header::X_CONTENT_TYPE_OPTIONS,
    http::HeaderName::from_static("clear-site-data"),
    http::HeaderName::from_static("service-worker-allowed"),
    http::header::CONNECTION,
];

/// Headers on every answer of a component. Several policies for content all hold.
const FORCED: [(&str, &str); 2] = [
    (
        "content-security-policy",
        "sandbox allow-scripts allow-popups",
    ),
    ("x-content-type-options", "nosniff"),
];

fn reply(response: http_handler::Response) -> Result<Reply, &'static str> {
    if !(200..600).contains(&response.status) {
        return Err("the component answered with a status outside 200 to 599");
    }
    if response.body.len() > RESPONSE_LIMIT {
        return Err("the component answered with more than 16 MiB");
    }
    let mut headers = Vec::with_capacity(response.headers.len());
    for (name, value) in response.headers {
        let name = http::HeaderName::from_bytes(name.as_bytes());
        let name = name.map_err(|_| "the component answered with an invalid header name")?;
        http::HeaderValue::from_bytes(value.as_bytes())
            .map_err(|_| "the component answered with an invalid header value")?;
        if !WITHHELD.contains(&name) {
            headers.push((name.as_str().to_owned(), value));
        }
    }
    // Pages of a component live on the site's own origin. Without an origin their scripts cannot act
    // with the session of whoever looks at them.
    for (name, value) in FORCED {
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(Reply {
        status: response.status,
        headers,
        body: response.body,
    })
}

async fn report(api: &dyn Api, kind: EventKind, error: &EventError) {
    let mut fields = vec![("event".to_owned(), kind.to_string())];
    if let EventError::Trap { reason, output } = error {
        fields.push(("reason".to_owned(), reason.clone()));
        if !output.is_empty() {
            fields.push(("output".to_owned(), output.clone()));
        }
    }
    let message = match error {
        EventError::Busy => "An event was turned away: as many as the policy allows are running",
        EventError::Timeout => "An event was stopped at its time limit",
        EventError::Trap { .. } => "An event ended in a trap; the plugin goes on",
    };
    // There is nobody else to tell.
    let _ = api.log(LogLevel::Error, message, fields).await;
}

/// The hooks as the wire calls them.
struct Wire(Arc<ComponentPlugin>);

impl Hooks for Wire {
    fn implemented(&self) -> Vec<String> {
        [
            "ExecuteCommand",
            "OnActivate",
            "OnConfigurationChange",
            "OnDeactivate",
            "ServeHTTP",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.0;
        Box::pin(async move { plugin.activate(api).await })
    }

    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.0;
        Box::pin(async move {
            let told = plugin.event(EventKind::Lifecycle, |sandbox, services| async move {
                sandbox.deactivate(services).await
            });
            told.await.map_err(|error| error.to_string())
        })
    }

    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.0;
        Box::pin(async move { plugin.reload().await })
    }

    fn execute_command(
        &self,
        _context: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>> {
        let plugin = &self.0;
        Box::pin(async move {
            let text = match plugin.command(args).await {
                Ok(text) => text,
                Err(EventError::Busy) => {
                    Some("The plugin is busy. Try again in a moment.".to_owned())
                }
                Err(_) => Some(
                    "The plugin failed on this command. Try again; if it fails again, tell your \
                     system administrator: the server's log says why."
                        .to_owned(),
                ),
            };
            Ok(match text {
                Some(text) => CommandResponse::ephemeral(text),
                None => CommandResponse::default(),
            })
        })
    }

    fn serve_http(
        &self,
        _context: Context,
        request: HttpRequest,
        mut writer: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        let plugin = &self.0;
        Box::pin(async move {
            let reply = plugin.serve(request, body).await;
            // The client may be gone, or take its answer too slowly; then there is nobody to tell.
            let sending = writer.send(reply.status, &reply.headers, &reply.body);
            let _ = tokio::time::timeout(ANSWER_TIME, sending).await;
        })
    }
}

/// The largest image that is unpacked, in bytes.
const IMAGE_LIMIT: usize = 64 * 1024 * 1024;

/// Unpacks and loads the embedded image, which is zlib data: a third of the size in the file, and its
/// packed form need not stay in memory.
fn load(packed: &[u8], target: &str) -> Result<Component, String> {
    let image = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, IMAGE_LIMIT)
        .map_err(|error| format!("the embedded image is damaged: {error}"))?;
    Component::load(&image, target).map_err(|error| error.to_string())
}

/// Runs a component as the plugin process that the server started, until the server ends it. With
/// `--describe` it says what it is instead; started by hand it explains itself.
pub fn run(image: &[u8], manifest: &str, target: &str) -> ExitCode {
    let manifest = match Manifest::parse(manifest) {
        Ok(manifest) => manifest,
        Err(error) => return fail(&error.to_string()),
    };
    if std::env::args().nth(1).as_deref() == Some("--describe") {
        return match load(image, target) {
            Ok(component) => {
                show(&describe(&manifest, &component, target));
                ExitCode::SUCCESS
            }
            Err(error) => fail(&error),
        };
    }
    let listening = match Handshake::from_env().and_then(Handshake::bind) {
        Ok(listening) => listening,
        Err(error @ StartError::NotAPlugin) => {
            complain(&error.to_string());
            return ExitCode::FAILURE;
        }
        Err(error) => return fail(&error.to_string()),
    };
    let component = match load(image, target) {
        Ok(component) => Arc::new(component),
        Err(error) => return fail(&error),
    };
    let events = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(EVENT_THREADS)
        .max_blocking_threads(4)
        .thread_name("event")
        .enable_all()
        .build();
    let wire = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let (events, wire) = match (events, wire) {
        (Ok(events), Ok(wire)) => (events, wire),
        (Err(error), _) | (_, Err(error)) => {
            return fail(&format!("no threads to run on: {error}"));
        }
    };
    let plugin = ComponentPlugin::new(component, manifest, events.handle().clone());
    let hooks: Arc<dyn Hooks> = Arc::new(Wire(Arc::new(plugin)));
    let ended = wire.block_on(listening.serve(|stream, broker| async move {
        if let Err(error) = serve_hooks(stream, broker, hooks).await {
            warn(&format!("the stream of hooks broke: {error}"));
        }
    }));
    // Events still running belong to callers that are gone.
    events.shutdown_background();
    match ended {
        Ok(ExitReason::Quit | ExitReason::Closed) => ExitCode::SUCCESS,
        Ok(ExitReason::Broken) => {
            fail("a stream of the server broke; the server starts the plugin anew")
        }
        Err(error) => fail(&error.to_string()),
    }
}

fn warn(message: &str) {
    hclog::write(hclog::Level::Warn, message, &[]);
}

fn fail(message: &str) -> ExitCode {
    hclog::write(hclog::Level::Error, message, &[]);
    ExitCode::FAILURE
}

#[allow(clippy::print_stdout, reason = "what --describe is for")]
fn show(text: &str) {
    println!("{text}");
}

#[allow(
    clippy::print_stderr,
    reason = "said to a person who ran the file by hand"
)]
fn complain(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn response(status: u16, header: (&str, &str)) -> http_handler::Response {
        http_handler::Response {
            status,
            headers: vec![(header.0.to_owned(), header.1.to_owned())],
            body: Vec::new(),
        }
    }

    #[test]
    fn an_answer_outside_http_is_refused() {
        assert!(reply(response(7, ("a", "b"))).is_err());
        assert!(reply(response(101, ("a", "b"))).is_err());
        assert!(reply(response(200, ("a b", "c"))).is_err());
        assert!(reply(response(200, ("a", "b\r\nSet-Cookie: x=y"))).is_err());
        let reply = reply(response(200, ("content-type", "text/html"))).unwrap();
        assert!(super::reply(response(200, ("x-name", "caf\u{fffd}"))).is_ok());
        let html = ("content-type".to_owned(), "text/html".to_owned());
        assert_eq!(reply.headers[0], html);
    }

    #[test]
    fn an_answer_cannot_touch_the_sessions_of_the_site() {
        let reply = reply(response(200, ("Set-Cookie", "MMAUTHTOKEN=x"))).unwrap();
        assert!(reply.headers.iter().all(|(name, _)| name != "set-cookie"));
        let policy = reply
            .headers
            .iter()
            .find(|(name, _)| name == "content-security-policy");
        assert!(policy.unwrap().1.contains("sandbox"));
    }

    #[test]
    fn the_user_is_who_the_server_says_and_cookies_are_left_out() {
        let header = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let request = HttpRequest {
            method: "get".to_owned(),
            url: "/a%20b?x=%31".to_owned(),
            headers: BTreeMap::from([
                header("Mattermost-User-Id", "u1"),
                header("Cookie", "MMCSRF=x"),
                header("X-Zm-Signature", "v0=1"),
            ]),
            ..HttpRequest::default()
        };
        let seen = component_request(&request, Vec::new()).unwrap();
        assert_eq!(seen.user_id.as_deref(), Some("u1"));
        assert_eq!((seen.path.as_str(), seen.query.as_str()), ("/a b", "x=%31"));
        assert_eq!(
            seen.headers,
            [("x-zm-signature".to_owned(), "v0=1".to_owned())]
        );
        assert_eq!(seen.method, "GET");
    }
}
