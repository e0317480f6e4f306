//! The services that all events of a process share: the API, the policy, the settings, logs, and counters.

use std::sync::{Arc, PoisonError, RwLock};

use mattermost_plugin_rpc::mattermost::Api;

use crate::audit::Audit;
use crate::clock::Clock;
use crate::error::Error;
use crate::jobs::Queue;
use crate::log::ServerLog;
use crate::metrics::Metrics;
use crate::observations::Observations;
use crate::outgoing::Outgoing;
use crate::policy::Policy;
use crate::settings::{Schema, SettingsEnvironment, SettingsSnapshot};
use crate::signing::{FirstActivation, HostKey};

/// Everything that the events of a process share.
pub(crate) struct Services {
    /// Mattermost's API.
    pub(crate) api: Arc<dyn Api>,
    /// The plugin's ID.
    pub(crate) plugin_id: String,
    /// The settings of the manifest.
    pub(crate) schema: Arc<Schema>,
    /// The policy of the component.
    pub(crate) policy: Arc<Policy>,
    /// The settings at the start of the event.
    pub(crate) settings: Arc<SettingsSnapshot>,
    /// What the server's environment says about the settings.
    pub(crate) settings_environment: SettingsEnvironment,
    /// The ID of the bot, once `bots.ensure` has found it.
    pub(crate) bot: Arc<RwLock<Option<String>>>,
    /// The client for outgoing HTTP requests.
    pub(crate) outgoing: Arc<Outgoing>,
    /// The time of day.
    pub(crate) clock: Clock,
    /// The key that signs posts and interactions.
    pub(crate) host_key: Arc<HostKey>,
    /// When this host was first activated.
    pub(crate) first_activation: Arc<FirstActivation>,
    /// Counters.
    pub(crate) metrics: Arc<Metrics>,
    /// The server's audit log.
    pub(crate) audit: Arc<Audit>,
    /// Facts that the component notes.
    pub(crate) observations: Arc<Observations>,
    /// The server's log.
    pub(crate) log: Arc<ServerLog>,
    /// The queue of jobs.
    pub(crate) jobs: Arc<Queue>,
}

impl Services {
    /// The ID of the bot, once `bots.ensure` has found it.
    pub(crate) fn bot(&self) -> Option<String> {
        let bot = self.bot.read().unwrap_or_else(PoisonError::into_inner);
        bot.clone()
    }

    /// Counts the result of a call if it is a denial, and passes it on.
    pub(crate) fn count_denial<T>(
        &self,
        interface: &'static str,
        result: Result<T, Error>,
    ) -> Result<T, Error> {
        result.inspect_err(|error| {
            self.metrics.count_denial(interface, error);
            if matches!(error, Error::Denied(_)) {
                self.audit.count_denial(&self.log, interface);
            }
        })
    }
}
