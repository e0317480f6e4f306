//! What a plugin does when the server calls.
//!
//! The server calls a hook only if [`Hooks::implemented`] names it, except `OnActivate`, which it
//! always calls, first, and whose success it awaits before any other. All the others may run at the
//! same time as each other and as themselves. None has a timeout on the server's side.

use super::{
    AppError, BodyReader, CommandArgs, CommandResponse, Context, FileData, HttpRequest,
    ResponseWriter, RpcApi,
};
use crate::net_rpc::MOST_CALLS;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The hooks of a plugin. A panic in one of them fails that call alone.
pub trait Hooks: Send + Sync + 'static {
    /// Names of the hooks that the server is to call, such as `ExecuteCommand`.
    fn implemented(&self) -> Vec<String>;

    /// How many calls run at the same time. Requests beyond it are refused, of which the server makes errors in its log
    /// and answers with 500: who can answer better should take more.
    fn most_calls(&self) -> usize {
        MOST_CALLS
    }

    /// The plugin starts. An error ends the process, and administrators read its text as the reason.
    /// Must be idempotent: every node of a cluster runs it, after every restart.
    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>>;

    /// The process ends in good order: the last chance to use the API. An error is logged.
    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Something in the server's configuration changed, not necessarily the plugin's settings. Not
    /// called at the start. The server calls one plugin after the other: be quick. An error is logged.
    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>>;

    /// Somebody ran a command of this plugin. An error is shown to that person.
    fn execute_command(
        &self,
        context: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>>;

    /// A request to `/plugins/ID/…`. The response ends when the future does; nothing written is an
    /// empty 200.
    fn serve_http(
        &self,
        context: Context,
        request: HttpRequest,
        response: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()>;

    /// A request for the plugin's metrics, from the server's metrics listener. Not found by default.
    fn serve_metrics(
        &self,
        _context: Context,
        _request: HttpRequest,
        mut response: ResponseWriter,
        _body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            // An error here means that nobody is left to tell.
            let _ = response.send(404, &[], b"").await;
        })
    }

    /// Files for a support packet that an administrator is making. None by default.
    fn generate_support_data(
        &self,
        _context: Context,
    ) -> BoxFuture<'_, Result<Vec<FileData>, String>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}
