//! The hooks: functions of the plugin that the server calls.
//!
//! The server calls a hook only if [`Hooks::implemented`] names it. `OnActivate` is the exception: the server
//! always calls it, and calls no other hook before it has succeeded. All other hooks may run concurrently,
//! including several calls of the same hook. The server has no timeout for hooks.

use super::{
    AppError, BodyReader, CommandArgs, CommandResponse, Context, FileData, HttpRequest,
    ResponseWriter, RpcApi,
};
use crate::net_rpc::DEFAULT_MAX_CALLS;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The hooks of a plugin. If a hook panics, only that call fails.
pub trait Hooks: Send + Sync + 'static {
    /// The names of the hooks that the server calls, such as `ExecuteCommand`.
    fn implemented(&self) -> Vec<String>;

    /// The maximum number of concurrent calls. HTTP requests beyond this number are rejected: the server logs an
    /// error and responds with status 500. A plugin that has its own limit, and a better response, should return a
    /// larger number.
    fn max_calls(&self) -> usize {
        DEFAULT_MAX_CALLS
    }

    /// The plugin starts. If this fails, the server stops the process and shows the text of the error to
    /// administrators. Must be idempotent: every node of a cluster calls it, after every restart.
    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>>;

    /// The plugin stops. This is the last opportunity to use the API. The server logs an error.
    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>>;

    /// The server's configuration changed, possibly not the plugin's settings. Not called when the plugin starts.
    /// The server calls one plugin after the other, so return quickly. The server logs an error.
    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>>;

    /// A user ran a slash command of this plugin. An error is shown to the user.
    fn execute_command(
        &self,
        context: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>>;

    /// An HTTP request to `/plugins/ID/…`. The response ends when the future completes. If nothing was written, it
    /// is an empty response with status 200.
    fn serve_http(
        &self,
        context: Context,
        request: HttpRequest,
        response: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()>;

    /// An HTTP request for the plugin's metrics on the server's metrics port. The default is status 404.
    fn serve_metrics(
        &self,
        _context: Context,
        _request: HttpRequest,
        mut response: ResponseWriter,
        _body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // If this fails, the client is gone.
            let _ = response.send(404, &[], b"").await;
        })
    }

    /// Files for a support packet that an administrator creates. The default is no files.
    fn generate_support_data(
        &self,
        _context: Context,
    ) -> BoxFuture<'_, Result<Vec<FileData>, String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
