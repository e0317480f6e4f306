//! Records in the server's audit log.
//!
//! The host says who caused an event and from where, never the component. Denied calls are counted in memory and written
//! once a minute, so a component that is denied a thousand times does not fill the disk. Servers before 10.10 accept no
//! audit records from plugins; there, a record is a line in the ordinary log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mattermost_plugin_rpc::mattermost::{Any, Api, ApiError, AuditRecord, LogLevel};
use tokio::sync::OnceCell;

use crate::log::ServerLog;

/// How long denials are counted before they are written.
const INTERVAL: Duration = Duration::from_secs(60);

/// The first server version that accepts audit records from plugins.
const SINCE: (u32, u32) = (10, 10);

/// Writes audit records, and counts denials until they are written.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    /// Whether the server accepts records; set once its version is known.
    accepts_records: OnceCell<bool>,
    denials: Mutex<Denials>,
}

#[derive(Debug, Default)]
struct Denials {
    counts: BTreeMap<&'static str, u64>,
    /// Whether a flush is scheduled.
    due: bool,
}

impl Audit {
    /// Writes a record without waiting for the server.
    pub(crate) fn write(self: &Arc<Self>, log: &ServerLog, record: AuditRecord) {
        let (audit, api) = (Arc::clone(self), log.api());
        log.send(async move {
            // A failure has nowhere else to go.
            let _ = match audit.accepts_records(api.as_ref()).await {
                true => api.log_audit_rec(record).await,
                false => api.log(LogLevel::Info, "Audit", fields(record)).await,
            };
        });
    }

    /// Whether the server accepts records. If its version is unknown, they go to the ordinary log.
    async fn accepts_records(&self, api: &dyn Api) -> bool {
        let ask = || async {
            let version = api.get_server_version().await?;
            Ok::<_, ApiError>(accepts_plugin_records(&version))
        };
        self.accepts_records
            .get_or_try_init(ask)
            .await
            .is_ok_and(|has| *has)
    }

    /// Counts a denied call of this interface.
    pub(crate) fn count_denial(self: &Arc<Self>, log: &Arc<ServerLog>, interface: &'static str) {
        let mut denials = self.denials();
        *denials.counts.entry(interface).or_default() += 1;
        if !std::mem::replace(&mut denials.due, true) {
            let (audit, log) = (Arc::clone(self), Arc::clone(log));
            tokio::spawn(async move {
                tokio::time::sleep(INTERVAL).await;
                audit.flush(&log);
            });
        }
    }

    /// Writes how many calls were denied since the last flush.
    pub(crate) fn flush(self: &Arc<Self>, log: &ServerLog) {
        let denials = std::mem::take(&mut *self.denials());
        if denials.counts.is_empty() {
            return;
        }
        let mut record = AuditRecord {
            event_name: "refusals".to_owned(),
            status: "fail".to_owned(),
            ..AuditRecord::default()
        };
        let counts = denials.counts.into_iter();
        let counts = counts.map(|(name, count)| (name.to_owned(), Any::String(count.to_string())));
        record.event_data.parameters = counts.collect();
        self.write(log, record);
    }

    fn denials(&self) -> MutexGuard<'_, Denials> {
        self.denials.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accepts_plugin_records(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= SINCE,
        _ => false,
    }
}

/// A record as fields of a log line.
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
    fn servers_from_10_10_on_accept_records() {
        for (version, accepts) in [
            ("10.10.0", true),
            ("10.11.2-rc1", true),
            ("11.0.0", true),
            ("10.9.5", false),
            ("9.11.0", false),
            ("", false),
        ] {
            assert_eq!(accepts_plugin_records(version), accepts, "{version}");
        }
    }
}
