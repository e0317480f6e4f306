//! The hooks service: what the server's calls do on their way to [`Hooks`] and back.
//!
//! How a hook reports failure differs from hook to hook, and doing it wrong is worse than failing: an
//! RPC error from `OnActivate` counts as success at the server, an absent answer from
//! `ExecuteCommand` as "no such command". So activation failures, a panic among them, travel as a Go
//! error inside the answer; a command always has an answer; and only a failed request travels as an
//! RPC error, which the server turns into a 500.
//!
//! A request's streams are dialled before anything else happens to it, because the server gives up
//! on them after five seconds. Nothing waits for the server to take them up: what is asked of it follows the
//! dialling in the same breath, and on the response's stream nothing need be said at all.

use super::http::WireRequest;
use super::{AppError, ErrorString};
use super::{BodyReader, Context, FileData, Hooks, HttpRequest, ResponseWriter, RpcApi};
use super::{CommandArgs, CommandResponse};
use crate::go_plugin::{Broker, BrokerError, Dialled};
use crate::gob::{Any, Empty};
use crate::net_rpc::{self, Client, Reply, Route, ServeError, Service, panic_text};
use crate::yamux::Stream;
use futures_util::FutureExt;
use futures_util::future::join;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{Mutex, Notify};

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ActivateArgs = "Z_OnActivateArgs" {
        api: u32 = "APIMuxId",
        driver: u32 = "DriverMuxId",
    }
}

crate::gob_struct! {
    /// The answer of every hook that returns a Go error and nothing else.
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ErrorReturns = "Z_ErrorReturns" {
        error: Any = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct CommandCall = "Z_ExecuteCommandArgs" {
        context: Context = "A",
        args: CommandArgs = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct CommandReturns = "Z_ExecuteCommandReturns" {
        response: Option<Box<CommandResponse>> = "A",
        error: Option<Box<AppError>> = "B",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct HttpCall = "Z_ServeHTTPArgs" {
        response: u32 = "ResponseWriterStream",
        request: WireRequest = "Request",
        context: Context = "Context",
        body: u32 = "RequestBodyStream",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SupportCall = "Z_GenerateSupportDataArgs" {
        context: Context = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SupportReturns = "Z_GenerateSupportDataReturns" {
        files: Vec<FileData> = "A",
        error: Any = "B",
    }
}

/// A hook call with its arguments.
enum HookCall {
    Implemented,
    OnActivate(ActivateArgs),
    OnDeactivate,
    OnConfigurationChange,
    ExecuteCommand(CommandCall),
    Http(Listener, HttpCall),
    GenerateSupportData(SupportCall),
}

/// Which of the two hooks of the same shape a request is for.
#[derive(Clone, Copy)]
enum Listener {
    Site,
    Metrics,
}

/// The hooks of one plugin process, and the streams that live as long.
struct HookService {
    hooks: Arc<dyn Hooks>,
    broker: Broker,
    /// The database driver's stream. Nothing is said on it, but the server waits for it to be dialled
    /// and takes its end for a fault.
    driver: Mutex<Option<Stream>>,
    api_ended: Arc<Notify>,
}

impl HookService {
    async fn dial(&self, id: u32) -> Result<Dialled, String> {
        let dialled = self.broker.dial(id).await;
        dialled.map_err(|error| not_opened(id, &error))
    }

    /// A stream of the server's that it has taken up.
    async fn standing(&self, id: u32) -> Result<Stream, String> {
        let stream = self.dial(id).await?.taken_up().await;
        stream.map_err(|error| not_opened(id, &error))
    }

    fn implemented(&self) -> Vec<String> {
        let mut names = self.hooks.implemented();
        names.push("OnActivate".to_owned());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Notices the end of the API's stream, which no hook could do anything without.
    fn watch(&self, api: Client) {
        let ended = Arc::clone(&self.api_ended);
        tokio::spawn(async move {
            api.closed().await;
            ended.notify_one();
        });
    }

    async fn on_activate(&self, args: ActivateArgs) -> ErrorReturns {
        let activation = async {
            let (api, driver) = join(self.standing(args.api), self.standing(args.driver)).await;
            // A server without a database driver is of no concern to a plugin that does not use it.
            *self.driver.lock().await = driver.ok();
            let api = Client::new(api?);
            self.watch(api.clone());
            self.hooks.on_activate(Arc::new(RpcApi::new(api))).await
        };
        error_returns(contained(activation).await.and_then(|outcome| outcome))
    }

    async fn execute_command(&self, call: CommandCall) -> CommandReturns {
        match contained(self.hooks.execute_command(call.context, call.args)).await {
            Ok(Ok(response)) => CommandReturns {
                response: Some(Box::new(response)),
                error: None,
            },
            Ok(Err(error)) => CommandReturns {
                response: None,
                error: Some(Box::new(error)),
            },
            Err(panic) => CommandReturns {
                response: None,
                error: Some(Box::new(command_failed(panic))),
            },
        }
    }

    async fn serve_http(&self, listener: Listener, call: HttpCall) -> Result<Empty, String> {
        let request = HttpRequest::from(call.request);
        let length = request.content_length();
        let (response, line) = ResponseWriter::new(self.dial(call.response).await?);
        let (body, unasked) = match call.body {
            0 => (BodyReader::from_bytes(Vec::new()), None),
            id => {
                let (body, stream) = BodyReader::new(self.dial(id).await?, length);
                (body, Some(stream))
            }
        };
        let served = contained(match listener {
            Listener::Site => self.hooks.serve_http(call.context, request, response, body),
            Listener::Metrics => self
                .hooks
                .serve_metrics(call.context, request, response, body),
        })
        .await;
        let unasked = async {
            if let Some(stream) = unasked {
                stream.end().await;
            }
        };
        let (ended, ()) = join(line.end(), unasked).await;
        served?;
        ended.map_err(|error| not_opened(call.response, &error))?;
        Ok(Empty)
    }

    async fn generate_support_data(&self, call: SupportCall) -> SupportReturns {
        match contained(self.hooks.generate_support_data(call.context))
            .await
            .and_then(|outcome| outcome)
        {
            Ok(files) => SupportReturns {
                files,
                error: Any::Nil,
            },
            Err(text) => SupportReturns {
                files: Vec::new(),
                error: go_error(text),
            },
        }
    }
}

impl Service for HookService {
    type Call = HookCall;

    fn most_calls(&self) -> usize {
        self.hooks.most_calls()
    }

    fn route(&self, method: &str) -> Option<Route<HookCall>> {
        Some(match method {
            "Plugin.Implemented" => Route::new(|Empty| HookCall::Implemented),
            "Plugin.OnActivate" => Route::new(HookCall::OnActivate),
            "Plugin.OnDeactivate" => Route::new(|Empty| HookCall::OnDeactivate),
            "Plugin.OnConfigurationChange" => Route::new(|Empty| HookCall::OnConfigurationChange),
            "Plugin.ExecuteCommand" => Route::new(HookCall::ExecuteCommand),
            "Plugin.ServeHTTP" => {
                Route::new(|call| HookCall::Http(Listener::Site, call)).refusable()
            }
            "Plugin.ServeMetrics" => {
                Route::new(|call| HookCall::Http(Listener::Metrics, call)).refusable()
            }
            "Plugin.GenerateSupportData" => Route::new(HookCall::GenerateSupportData),
            _ => return None,
        })
    }

    async fn run(&self, call: HookCall) -> Result<Reply, String> {
        Ok(match call {
            HookCall::Implemented => Reply::new(self.implemented()),
            HookCall::OnActivate(args) => Reply::new(self.on_activate(args).await),
            HookCall::OnDeactivate => Reply::new(error_returns(
                contained(self.hooks.on_deactivate())
                    .await
                    .and_then(|outcome| outcome),
            )),
            HookCall::OnConfigurationChange => Reply::new(error_returns(
                contained(self.hooks.on_configuration_change())
                    .await
                    .and_then(|outcome| outcome),
            )),
            HookCall::ExecuteCommand(call) => Reply::new(self.execute_command(call).await),
            HookCall::Http(listener, call) => Reply::new(self.serve_http(listener, call).await?),
            HookCall::GenerateSupportData(call) => {
                Reply::new(self.generate_support_data(call).await)
            }
        })
    }
}

/// Serves the server's hook calls on the dispensed stream until the server closes it and every call
/// is answered, or until the API's stream ends: a plugin that answers but can do nothing would pass for
/// healthy. `broker` dials the streams that the calls name.
///
/// # Errors
///
/// [`ServeError`] if the stream broke.
pub async fn serve_hooks(
    stream: Stream,
    broker: Broker,
    hooks: Arc<dyn Hooks>,
) -> Result<(), ServeError> {
    let api_ended = Arc::new(Notify::new());
    let service = HookService {
        hooks,
        broker,
        driver: Mutex::new(None),
        api_ended: Arc::clone(&api_ended),
    };
    tokio::select! {
        served = net_rpc::serve(stream, Arc::new(service)) => served,
        () = api_ended.notified() => Ok(()),
    }
}

/// Runs a hook and turns a panic in it into its text.
async fn contained<T>(hook: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(hook)
        .catch_unwind()
        .await
        .map_err(|panic| format!("the plugin panicked: {}", panic_text(panic.as_ref())))
}

fn not_opened(id: u32, error: &BrokerError) -> String {
    format!("stream {id} could not be opened: {error}")
}

fn go_error(text: String) -> Any {
    Any::ErrorString(Box::new(ErrorString { code: 0, err: text }))
}

fn error_returns(outcome: Result<(), String>) -> ErrorReturns {
    ErrorReturns {
        error: outcome.err().map_or(Any::Nil, go_error),
    }
}

/// What a person sees whose command made the plugin panic. The reason goes where only logs show it.
fn command_failed(reason: String) -> AppError {
    AppError {
        id: "plugin.execute_command.app_error".to_owned(),
        message: "The command failed because of a fault in the plugin. Try again later.".to_owned(),
        detailed_error: reason,
        status_code: 500,
        where_: "ExecuteCommand".to_owned(),
        ..AppError::default()
    }
}
