//! The RPC service that calls the [`Hooks`] (`hooksRPCServer` in Mattermost's `plugin/client_rpc.go`).
//!
//! Each hook reports failure in its own way: the server treats an RPC error from `OnActivate` as success, and an
//! absent reply from `ExecuteCommand` as "no such command". Therefore a failed activation, including a panic, is a
//! Go error in the reply; a command always has a reply; and only a failed HTTP request is an RPC error, which the
//! server turns into status 500.
//!
//! The streams of an HTTP request are dialed first, because the server gives up on them after five seconds.
//! Nothing waits until the server has accepted them: the first call or request for bytes is written right after
//! the dialing.

use super::http::WireRequest;
use super::{Any, AppError, ErrorString};
use super::{BodyReader, Context, FileData, Hooks, HttpRequest, ResponseWriter, RpcApi};
use super::{CommandArgs, CommandResponse};
use crate::go_plugin::{Broker, BrokerError, PendingStream};
use crate::gob::Empty;
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
    /// The reply of a hook that returns only a Go error.
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

/// The listener of the server that received an HTTP request: each has its own hook.
#[derive(Clone, Copy)]
enum Listener {
    Site,
    Metrics,
}

/// The hooks of a plugin process, and the streams that are open as long as the process runs.
struct HookService {
    hooks: Arc<dyn Hooks>,
    broker: Broker,
    /// The stream of the database driver. It is not used, but the server waits until it is dialed and reports an
    /// error if it is closed.
    driver: Mutex<Option<Stream>>,
    api_ended: Arc<Notify>,
}

impl HookService {
    async fn dial(&self, id: u32) -> Result<PendingStream, String> {
        let stream = self.broker.dial(id).await;
        stream.map_err(|error| not_opened(id, &error))
    }

    /// Dials a stream and waits until the server has accepted it.
    async fn dial_and_wait(&self, id: u32) -> Result<Stream, String> {
        let stream = self.dial(id).await?.accepted().await;
        stream.map_err(|error| not_opened(id, &error))
    }

    fn implemented(&self) -> Vec<String> {
        let mut names = self.hooks.implemented();
        names.push("OnActivate".to_owned());
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Ends the service when the API's stream ends: no hook could do anything without it.
    fn watch_api(&self, api: Client) {
        let ended = Arc::clone(&self.api_ended);
        tokio::spawn(async move {
            api.closed().await;
            ended.notify_one();
        });
    }

    async fn on_activate(&self, args: ActivateArgs) -> ErrorReturns {
        let activation = async {
            let (api, driver) = join(
                self.dial_and_wait(args.api),
                self.dial_and_wait(args.driver),
            )
            .await;
            // The plugin does not use the database driver, so it does not matter if the server has none.
            *self.driver.lock().await = driver.ok();
            let api = Client::new(api?);
            self.watch_api(api.clone());
            self.hooks.on_activate(Arc::new(RpcApi::new(api))).await
        };
        error_returns(catch_panic(activation).await.and_then(|outcome| outcome))
    }

    async fn execute_command(&self, call: CommandCall) -> CommandReturns {
        match catch_panic(self.hooks.execute_command(call.context, call.args)).await {
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
        let (response, response_stream) = ResponseWriter::new(self.dial(call.response).await?);
        let (body, unread) = match call.body {
            0 => (BodyReader::from_bytes(Vec::new()), None),
            id => {
                let (body, stream) = BodyReader::new(self.dial(id).await?, length);
                (body, Some(stream))
            }
        };
        let served = catch_panic(match listener {
            Listener::Site => self.hooks.serve_http(call.context, request, response, body),
            Listener::Metrics => self
                .hooks
                .serve_metrics(call.context, request, response, body),
        })
        .await;
        let close_unread = async {
            if let Some(stream) = unread {
                stream.close().await;
            }
        };
        let (closed, ()) = join(response_stream.close(), close_unread).await;
        served?;
        closed.map_err(|error| not_opened(call.response, &error))?;
        Ok(Empty)
    }

    async fn generate_support_data(&self, call: SupportCall) -> SupportReturns {
        match catch_panic(self.hooks.generate_support_data(call.context))
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

    fn max_calls(&self) -> usize {
        self.hooks.max_calls()
    }

    fn route(&self, method: &str) -> Option<Route<HookCall>> {
        Some(match method {
            "Plugin.Implemented" => Route::new(|Empty| HookCall::Implemented),
            "Plugin.OnActivate" => Route::new(HookCall::OnActivate),
            "Plugin.OnDeactivate" => Route::new(|Empty| HookCall::OnDeactivate),
            "Plugin.OnConfigurationChange" => Route::new(|Empty| HookCall::OnConfigurationChange),
            "Plugin.ExecuteCommand" => Route::new(HookCall::ExecuteCommand),
            "Plugin.ServeHTTP" => {
                Route::new(|call| HookCall::Http(Listener::Site, call)).reject_if_busy()
            }
            "Plugin.ServeMetrics" => {
                Route::new(|call| HookCall::Http(Listener::Metrics, call)).reject_if_busy()
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
                catch_panic(self.hooks.on_deactivate())
                    .await
                    .and_then(|outcome| outcome),
            )),
            HookCall::OnConfigurationChange => Reply::new(error_returns(
                catch_panic(self.hooks.on_configuration_change())
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

/// Serves the hooks on the stream that go-plugin dispensed, until the server closes the stream and every call has
/// its reply. Also ends when the API's stream ends: otherwise a plugin that cannot do anything would look healthy
/// to the server. `broker` dials the streams whose IDs are in the calls.
///
/// # Errors
///
/// [`ServeError`] if the stream fails.
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

/// Runs a hook. A panic becomes an error with the text of the panic.
async fn catch_panic<T>(hook: impl Future<Output = T>) -> Result<T, String> {
    AssertUnwindSafe(hook)
        .catch_unwind()
        .await
        .map_err(|panic| format!("the plugin panicked: {}", panic_text(panic.as_ref())))
}

fn not_opened(id: u32, error: &BrokerError) -> String {
    format!("cannot open stream {id}: {error}")
}

fn go_error(text: String) -> Any {
    Any::ErrorString(Box::new(ErrorString { code: 0, err: text }))
}

fn error_returns(outcome: Result<(), String>) -> ErrorReturns {
    ErrorReturns {
        error: outcome.err().map_or(Any::Nil, go_error),
    }
}

/// The error of a command that panicked. The reason is in the details, which only logs show.
fn command_failed(reason: String) -> AppError {
    AppError {
        id: "plugin.execute_command.app_error".to_owned(),
        message: "The command failed because of an error in the plugin. Try again later."
            .to_owned(),
        detailed_error: reason,
        status_code: 500,
        where_: "ExecuteCommand".to_owned(),
        ..AppError::default()
    }
}
