//! Mattermost's hooks.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join};
use mattermost_plugin_rpc::gob::Bytes;
use mattermost_plugin_rpc::mattermost::{
    AppError, BodyReader, CommandArgs, CommandResponse, Context, FileData, Hooks, HttpRequest,
    ResponseWriter, RpcApi,
};

use super::confinement::Confinement;
use super::rss::resident_memory;
use crate::plugin::ComponentPlugin;
use crate::sandbox::EventError;

/// How long the server may take to receive the metrics.
const METRICS_TIMEOUT: Duration = Duration::from_secs(60);

/// The content type of Prometheus's text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Connects the hooks to the plugin, and adds what the process knows about itself.
pub(super) struct PluginHooks {
    pub(super) plugin: Arc<ComponentPlugin>,
    /// The description of the executable, for support packets.
    pub(super) description: String,
    pub(super) confinement: Confinement,
}

impl PluginHooks {
    fn prometheus(&self) -> String {
        self.plugin.prometheus_with_memory(resident_memory())
    }
}

impl Hooks for PluginHooks {
    fn max_calls(&self) -> usize {
        self.plugin.max_calls()
    }

    fn implemented(&self) -> Vec<String> {
        [
            "ExecuteCommand",
            "GenerateSupportData",
            "OnActivate",
            "OnConfigurationChange",
            "OnDeactivate",
            "ServeHTTP",
            "ServeMetrics",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    fn on_activate(&self, api: Arc<RpcApi>) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.plugin;
        Box::pin(async move {
            let logged = self.confinement.log_status(api.as_ref());
            let ((), activated) = join(logged, plugin.activate(api.clone())).await;
            activated?;
            plugin.start_jobs();
            plugin.start_observations();
            Ok(())
        })
    }

    fn on_deactivate(&self) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.plugin;
        Box::pin(async move { plugin.deactivate().await })
    }

    fn on_configuration_change(&self) -> BoxFuture<'_, Result<(), String>> {
        let plugin = &self.plugin;
        Box::pin(async move { plugin.reload().await })
    }

    fn execute_command(
        &self,
        _context: Context,
        args: CommandArgs,
    ) -> BoxFuture<'_, Result<CommandResponse, AppError>> {
        let plugin = &self.plugin;
        Box::pin(async move {
            let text = match plugin.command(args).await {
                Ok(text) => text,
                Err(EventError::Busy) => {
                    Some("The plugin is busy. Try again in a moment.".to_owned())
                }
                Err(_) => Some(
                    "The command failed. Try again. If it fails again, ask your system admin to \
                     check the server log."
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
        writer: ResponseWriter,
        body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(self.plugin.serve_to(request, body, writer))
    }

    fn serve_metrics(
        &self,
        _context: Context,
        _request: HttpRequest,
        mut writer: ResponseWriter,
        _body: BodyReader,
    ) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let text = self.prometheus();
            let headers = [("Content-Type".to_owned(), METRICS_TYPE.to_owned())];
            let sending = writer.send(200, &headers, text.as_bytes());
            let _ = tokio::time::timeout(METRICS_TIMEOUT, sending).await;
        })
    }

    fn generate_support_data(
        &self,
        _context: Context,
    ) -> BoxFuture<'_, Result<Vec<FileData>, String>> {
        Box::pin(async move {
            let metrics = self.prometheus();
            let own = format!("{}{}\n\n{metrics}", self.description, self.confinement);
            let files = self.plugin.support_files(own).await.into_iter();
            let files = files.map(|(filename, text)| FileData {
                filename,
                body: Bytes(text.into_bytes()),
            });
            Ok(files.collect())
        })
    }
}
