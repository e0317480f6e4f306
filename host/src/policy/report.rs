//! The policy as JSON, for administrators.

use serde_json::{Map, Value, json};

use super::definition::Policy;

impl Policy {
    /// The hosts that may be reached now, and the limits. `setting` looks up the value of a setting.
    pub(crate) fn report(&self, setting: impl Fn(&str) -> Option<String>) -> Map<String, Value> {
        let limits = self.limits.iter().map(|(kind, limits)| {
            let limits = json!({
                "memory_mib": limits.memory_mib,
                "seconds": limits.seconds,
                "host_calls": limits.host_calls,
                "host_call_mib": limits.host_call_mib,
            });
            (kind.to_string(), limits)
        });
        let limits: Map<_, _> = limits.collect();
        let hosts = self.allowed_hosts.in_force(setting);
        let hosts = hosts.map(|(rule, url)| json!({ "rule": rule, "url": url }));
        let fields = [
            ("allowed_hosts", hosts.collect()),
            ("limits", Value::Object(limits)),
            ("concurrent_events", json!(self.concurrent_events)),
            ("concurrent_memory_mib", json!(self.concurrent_memory_mib)),
        ];
        let fields = fields.map(|(name, value)| (name.to_owned(), value));
        fields.into_iter().collect()
    }
}
