//! Activation, configuration changes, and deactivation.

use std::sync::Arc;

use mattermost_plugin_rpc::mattermost::Api;

use super::component_plugin::ComponentPlugin;
use crate::jobs::Queue;
use crate::log::{ServerLog, sanitize};
use crate::observations::Flusher;
use crate::policy::EventKind;
use crate::settings::SettingsSnapshot;

const UNUSABLE_PROXY: &str = "Outgoing requests will fail: the environment names an unusable proxy";

impl ComponentPlugin {
    async fn load_settings(&self, api: &dyn Api) -> Result<(), String> {
        let begun = self.settings.begin();
        let snapshot = SettingsSnapshot::load(api)
            .await
            .map_err(|error| error.to_string())?;
        self.settings.keep(begun, snapshot, |old, new| {
            let keys = self.policy.previous_settings();
            self.previous_values.keep(keys, old, new);
            self.outgoing.allow(new.internal_connections.clone());
        });
        Ok(())
    }

    /// Activates the plugin with this API.
    ///
    /// # Errors
    ///
    /// With a sentence for administrators.
    pub async fn activate(&self, api: Arc<dyn Api>) -> Result<(), String> {
        self.sandbox.component().check_hooks(&self.policy)?;
        let api = self.api.get_or_init(|| api);
        let log = || Arc::new(ServerLog::new(Arc::clone(api), Arc::clone(&self.metrics)));
        self.log.get_or_init(log);
        let queue = Queue::new(Arc::clone(api), Arc::clone(&self.clock));
        let _ = self.queue.set(Arc::new(queue));
        self.load_settings(api.as_ref()).await?;
        let problems = self.outgoing.problems().join("; ");
        if !problems.is_empty() {
            self.log_warning(UNUSABLE_PROXY, &problems);
        }
        let recorded = self.first_activation.record(api.as_ref(), (self.clock)());
        recorded.await.map_err(|error| {
            sanitize(format!(
                "the time of the first activation cannot be stored: {error}"
            ))
        })?;
        // If this fails, the first post retries it.
        let _ = self.host_key.keys(api.as_ref()).await;
        let activated = self
            .event(EventKind::Lifecycle, |sandbox, services| async move {
                sandbox.activate(services).await
            })
            .await;
        match activated {
            Ok(outcome) => outcome.map_err(sanitize),
            Err(error) => Err(sanitize(format!("the plugin could not start: {error}"))),
        }
    }

    /// Loads the changed configuration and notifies the component.
    ///
    /// # Errors
    ///
    /// With the reason, for the server's log.
    pub async fn reload(&self) -> Result<(), String> {
        if let Some(api) = self.api.get() {
            self.load_settings(api.as_ref()).await?;
        }
        let previous = self.previous_values.unseen();
        let seen = previous.clone();
        let notified = self.event(EventKind::Lifecycle, |sandbox, services| async move {
            sandbox.configuration_changed(services, &previous).await
        });
        let notified = notified.await;
        if notified.is_ok() {
            self.previous_values.seen(&seen);
        }
        notified.map_err(|error| sanitize(error.to_string()))
    }

    /// Notifies the component that the plugin is being deactivated.
    ///
    /// # Errors
    ///
    /// With the reason, for the server's log.
    pub async fn deactivate(&self) -> Result<(), String> {
        if let Some(runner) = self.runner.get() {
            runner.stop();
        }
        let notified = self.event(EventKind::Lifecycle, |sandbox, services| async move {
            sandbox.deactivate(services).await
        });
        let result = notified.await.map_err(|error| sanitize(error.to_string()));
        if let Some(services) = self.services() {
            self.audit.flush(&services.log);
        }
        if let Some(flusher) = self.flusher() {
            flusher.flush().await;
        }
        if let Some(log) = self.log.get() {
            log.flush().await;
        }
        result
    }

    /// Starts storing the component's observations, for as long as the process runs.
    pub fn start_observations(&self) {
        if let Some(flusher) = self.flusher() {
            self.events.spawn(flusher.run());
        }
    }

    fn flusher(&self) -> Option<Flusher> {
        Some(Flusher {
            observations: Arc::clone(&self.observations),
            api: Arc::clone(self.api.get()?),
            clock: Arc::clone(&self.clock),
            log: Arc::clone(self.log.get()?),
        })
    }
}
