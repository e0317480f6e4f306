//! `audit`: records in the server's audit log.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{AuditEventActor, AuditEventData, AuditRecord};

use crate::bindings::plugin::mattermost::plugin::audit::{Host, Outcome};
use crate::log::cut_to;
use crate::metrics::Counter;
use crate::sandbox::EventState;

/// How many records one event may write.
pub(crate) const RECORDS: usize = 16;
/// How many details of a record are kept, and how much of each, in bytes.
const DETAILS: usize = 16;
const DETAIL_LIMIT: usize = 1024;
const ACTION_LIMIT: usize = 64;

impl Host for EventState {
    async fn write(
        &mut self,
        action: String,
        outcome: Outcome,
        details: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let _held = self.host_call(&(&action, &details))?;
        let Some(left) = self.records_left.checked_sub(1) else {
            let metrics = &self.services.metrics;
            metrics.count(Counter::LineLeftOut, "audit");
            return Ok(());
        };
        self.records_left = left;
        let record = self.record(action, outcome, details);
        self.services.audit.write(&self.services, record);
        Ok(())
    }
}

impl EventState {
    fn record(
        &self,
        action: String,
        outcome: Outcome,
        details: Vec<(String, String)>,
    ) -> AuditRecord {
        let status = match outcome {
            Outcome::Success => "success",
            Outcome::Attempt => "attempt",
            Outcome::Fail => "fail",
        };
        let cut = |text: String| cut_to(text, DETAIL_LIMIT);
        let details = details.into_iter().take(DETAILS);
        let details = details.map(|(name, value)| (cut(name), Any::String(cut(value))));
        let mut parameters: BTreeMap<_, _> = details.collect();
        // Last, so that no detail can stand for it.
        let event = Any::String(self.kind.to_string());
        parameters.insert("event".to_owned(), event);
        AuditRecord {
            event_name: if is_action(&action) {
                action
            } else {
                "invalid".to_owned()
            },
            status: status.to_owned(),
            event_data: AuditEventData {
                parameters,
                ..AuditEventData::default()
            },
            actor: AuditEventActor {
                user_id: self.actor.clone().unwrap_or_default(),
                ip_address: self.client.address.clone(),
                x_forwarded_for: self.client.forwarded_for.clone(),
                ..AuditEventActor::default()
            },
            ..AuditRecord::default()
        }
    }
}

fn is_action(action: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=ACTION_LIMIT).contains(&action.len()) && action.bytes().all(plain)
}
