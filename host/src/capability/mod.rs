//! What a component may ask of the outside: one module per WIT interface.
//!
//! Each call is counted, checked against policy, and bridged to one call of Mattermost's API or one
//! request to an allowed host. The traits implemented here are generated from the WIT files; what they
//! promise is documented there.

mod audit;
mod bots;
mod channels;
mod commands;
mod config;
mod dialogs;
mod ephemeral;
mod files;
mod http;
pub(crate) mod interactions;
mod jobs;
mod kv;
mod log;
mod posts;
mod provenance;
mod routes;
mod settings;
mod users;
mod websocket;

use std::sync::{Arc, PoisonError, RwLock};

use mattermost_plugin_rpc::mattermost::{Api, ApiError};

use crate::audit::Audit;
use crate::bindings::plugin::mattermost::plugin::types;
use crate::clock::Clock;
use crate::jobs::Queue;
use crate::log::{Line, Lines};
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::policy::Policy;
use crate::sandbox::EventState;
use crate::settings::Schema;
use crate::settings::Site;

pub(crate) use audit::RECORDS;
pub(crate) use log::EVENT_LIMIT;
pub(crate) use posts::{MESSAGE_LIMIT, ReadPost};
pub(crate) use provenance::Provenance;
pub(crate) use routes::{is_hosts, same_key};
pub(crate) use types::Error;

/// What a host function answers: the outer error is a trap, the inner one is the component's to handle.
pub(crate) type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// What all events of the process share.
pub struct Services {
    /// The server.
    pub api: Arc<dyn Api>,
    /// The plugin's id.
    pub plugin_id: String,
    /// The settings of the manifest.
    pub(crate) schema: Arc<Schema>,
    /// What is allowed.
    pub policy: Arc<Policy>,
    /// The configuration when the event began.
    pub site: Arc<Site>,
    /// The bot that was ensured last.
    pub bot: Arc<RwLock<Option<String>>>,
    /// The client for requests to the outside.
    pub outgoing: Arc<Outgoing>,
    /// The time of day.
    pub(crate) clock: Clock,
    /// The key with which posts are signed.
    pub(crate) provenance: Arc<Provenance>,
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Records in the audit log.
    pub(crate) audit: Arc<Audit>,
    /// What was written into the log lately.
    pub(crate) lines: Arc<Lines>,
    /// Work for later.
    pub(crate) jobs: Arc<Queue>,
}

impl Services {
    fn bot(&self) -> Option<String> {
        let bot = self.bot.read().unwrap_or_else(PoisonError::into_inner);
        bot.clone()
    }

    /// Writes a line into the log, unless the same was written too often lately.
    pub(crate) fn write(&self, line: Line<'_>) {
        self.lines.write(&self.api, &self.metrics, line);
    }
}

impl types::Host for EventState {}

impl EventState {
    /// Counts the answer if it is a denial, and hands it on.
    fn counted<T>(&self, interface: &'static str, answer: Result<T, Error>) -> Result<T, Error> {
        answer.inspect_err(|error| {
            self.services.metrics.refusal(interface, error);
            if matches!(error, Error::Denied(_)) {
                self.services.audit.refused(&self.services, interface);
            }
        })
    }
}

/// The API's error as one that a component can act on. Texts are the server's own, for the log.
fn refused(error: ApiError) -> Error {
    if error == ApiError::TooLarge {
        return Error::TooLarge;
    }
    match error.status() {
        Some(404) => Error::NotFound,
        Some(401 | 403) => Error::Denied(error.to_string()),
        Some(400) => Error::Invalid(error.to_string()),
        Some(413) => Error::TooLarge,
        _ => Error::Unavailable(error.to_string()),
    }
}
