//! `audit`: records in the server's audit log.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::{Any, AuditEventActor, AuditEventData, AuditRecord};

use crate::bindings::plugin::mattermost::plugin::audit::{self, Host, Outcome};
use crate::event::meter::Meter;
use crate::event::{EventCause, Quotas, Services};
use crate::log::sanitize_to;
use crate::metrics::Counter;

/// How many details of a record are kept, and how many bytes of each.
const DETAILS: usize = 16;

const DETAIL_LIMIT: usize = 1024;

const ACTION_LIMIT: usize = 64;

view!(audit { services: Services, cause: EventCause; mut meter: Meter, mut quotas: Quotas });

impl Host for View<'_> {
    async fn write(
        &mut self,
        action: String,
        outcome: Outcome,
        details: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let _reservation = self.meter.begin_call(&(&action, &details))?;
        let Some(left) = self.quotas.audit_records.checked_sub(1) else {
            let metrics = &self.services.metrics;
            metrics.count(Counter::LineLeftOut, "audit");
            return Ok(());
        };
        self.quotas.audit_records = left;
        let record = self.record(action, outcome, details);
        self.services.audit.write(&self.services.log, record);
        Ok(())
    }
}

impl View<'_> {
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
        let sanitize = |text: String| sanitize_to(text, DETAIL_LIMIT);
        let details = details.into_iter().take(DETAILS);
        let details = details.map(|(name, value)| (sanitize(name), Any::String(sanitize(value))));
        let mut parameters: BTreeMap<_, _> = details.collect();
        // Last, so that no detail can replace it.
        let event = Any::String(self.cause.kind.to_string());
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
                user_id: self.cause.actor.clone().unwrap_or_default(),
                ip_address: self.cause.client.address.clone(),
                x_forwarded_for: self.cause.client.forwarded_for.clone(),
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
