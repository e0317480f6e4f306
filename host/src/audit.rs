//! Records in the server's audit log.
//!
//! The host says who caused an event and from where, never the component. What the host refuses is counted in memory and
//! written once a minute: a component that is refused a thousand times fills no disk. Servers before 10.10 take no audit
//! records of plugins; there a record is a line of the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, AuditRecord, HttpRequest, LogLevel};
use tokio::sync::OnceCell;

use crate::capability::Services;
use crate::log::cut_to;

/// How long refusals are counted before they are written.
const INTERVAL: Duration = Duration::from_secs(60);

/// The first version of the server that takes audit records of plugins.
const SINCE: (u32, u32) = (10, 10);

/// The longest address, and the longest header about addresses, in bytes.
const ADDRESS_LIMIT: usize = 256;

/// Where a request came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Client {
    /// The address of the connection to the server.
    pub(crate) address: String,
    /// The header `X-Forwarded-For`.
    pub(crate) forwarded_for: String,
}

impl Client {
    /// Of this request.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let address = request.remote_addr.as_str();
        let address = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let address = address.trim_matches(['[', ']']);
        let forwarded_for = request.header("X-Forwarded-For").unwrap_or_default();
        Self {
            address: cut_to(address.to_owned(), ADDRESS_LIMIT),
            forwarded_for: cut_to(forwarded_for.to_owned(), ADDRESS_LIMIT),
        }
    }
}

/// Writes audit records, and counts refusals until they are written.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// Whether the server takes records, once it was asked for its version.
    has_records: OnceCell<bool>,
    refusals: Mutex<Refusals>,
}

#[derive(Debug, Default)]
struct Refusals {
    counts: BTreeMap<&'static str, u64>,
    /// Whether they will be written within the minute.
    due: bool,
}

impl Audit {
    /// Writes a record, without waiting for the server.
    pub(crate) fn write(self: &Arc<Self>, services: &Services, record: AuditRecord) {
        let (audit, api) = (Arc::clone(self), Arc::clone(&services.api));
        services.lines.send(&services.metrics, async move {
            // There is nobody else to tell.
            let _ = match audit.has_records(api.as_ref()).await {
                true => api.log_audit_rec(record).await,
                false => api.log(LogLevel::Info, "Audit", fields(record)).await,
            };
        });
    }

    /// Where the version cannot be known, records are lines of the log.
    async fn has_records(&self, api: &dyn Api) -> bool {
        let ask = || async {
            let version = api.get_server_version().await?;
            Ok::<_, ApiError>(takes_records(&version))
        };
        self.has_records
            .get_or_try_init(ask)
            .await
            .is_ok_and(|has| *has)
    }

    /// Counts that a call of this interface was refused.
    pub(crate) fn refused(&self, services: &Arc<Services>, interface: &'static str) {
        let mut refusals = self.refusals();
        *refusals.counts.entry(interface).or_default() += 1;
        if !std::mem::replace(&mut refusals.due, true) {
            let services = Arc::clone(services);
            tokio::spawn(async move {
                tokio::time::sleep(INTERVAL).await;
                services.audit.flush(&services);
            });
        }
    }

    /// Writes how many calls were refused since the last time.
    pub(crate) fn flush(self: &Arc<Self>, services: &Services) {
        let refusals = std::mem::take(&mut *self.refusals());
        if refusals.counts.is_empty() {
            return;
        }
        let mut record = AuditRecord {
            event_name: "refusals".to_owned(),
            status: "fail".to_owned(),
            ..AuditRecord::default()
        };
        let counts = refusals.counts.into_iter();
        let counts = counts.map(|(name, count)| (name.to_owned(), Any::String(count.to_string())));
        record.event_data.parameters = counts.collect();
        self.write(services, record);
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn takes_records(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= SINCE,
        _ => false,
    }
}

/// A record as the fields of a line.
fn fields(record: AuditRecord) -> Vec<(String, String)> {
    let own = [
        ("action", record.event_name),
        ("status", record.status),
        ("user_id", record.actor.user_id),
        ("ip_address", record.actor.ip_address),
        ("x_forwarded_for", record.actor.x_forwarded_for),
    ];
    let own = own.map(|(name, value)| (name.to_owned(), value));
    let parameters = record.event_data.parameters.into_iter();
    let parameters = parameters.map(|(name, value)| match value {
        Any::String(text) => (format!("parameter_{name}"), text),
        other => (format!("parameter_{name}"), other.to_json().to_string()),
    });
    let fields = own.into_iter().chain(parameters);
    fields.filter(|(_, value)| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_from_10_10_on_take_records() {
        for (version, takes) in [
            ("10.10.0", true),
            ("10.11.2-rc1", true),
            ("11.0.0", true),
            ("10.9.5", false),
            ("9.11.0", false),
            ("", false),
        ] {
            assert_eq!(takes_records(version), takes, "{version}");
        }
    }

    #[test]
    fn a_client_is_an_address_without_its_port() {
        for (remote, address) in [
            ("192.0.2.7:51234", "192.0.2.7"),
            ("[2001:db8::7]:51234", "2001:db8::7"),
            ("", ""),
        ] {
            let request = HttpRequest {
                remote_addr: remote.to_owned(),
                ..HttpRequest::default()
            };
            assert_eq!(Client::of(&request).address, address);
        }
    }
}
