//! `log`: lines in the server's log.
//!
//! Lines are truncated, an event may write a limited number of bytes, and repeated lines are throttled.

use mattermost_plugin_rpc::mattermost::LogLevel;

use super::limits::pairs_size;
use crate::bindings::plugin::mattermost::plugin::log::{self, Host, Level};
use crate::event::meter::Meter;
use crate::event::{Quotas, Services};
use crate::log::{Line, Topic, sanitize};
use crate::metrics::Counter;

/// The most fields of a line.
const FIELD_LIMIT: usize = 16;

const TOO_MUCH: &str =
    "The component wrote more to the log than one event may; the rest is left out";

view!(log { services: Services; mut meter: Meter, mut quotas: Quotas });

impl Host for View<'_> {
    async fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let _reservation = self.meter.begin_call(&(&message, &fields))?;
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let message = sanitize(message);
        let fields = fields.into_iter().take(FIELD_LIMIT);
        let fields = fields.map(|(name, value)| (field_name(name), sanitize(value)));
        let fields: Vec<_> = fields.collect();
        self.write_line(level, &message, fields);
        Ok(())
    }
}

impl View<'_> {
    fn write_line(&mut self, level: LogLevel, message: &str, fields: Vec<(String, String)>) {
        let services = self.services;
        let size = message.len() + pairs_size(&fields);
        let line = match self.quotas.log_bytes.checked_sub(size) {
            Some(left) => {
                self.quotas.log_bytes = left;
                Line {
                    level,
                    topic: Topic::Component(message),
                    message,
                    fields,
                }
            }
            None => {
                services.metrics.count(Counter::LineLeftOut, "event");
                if std::mem::take(&mut self.quotas.log_bytes) == 0 {
                    return;
                }
                Line::warning(TOO_MUCH)
            }
        };
        services.log.write(line);
    }
}

/// Keys that the server and the host set in each line.
const RESERVED_FIELDS: [&str; 10] = [
    "caller",
    "left_out",
    "level",
    "message",
    "msg",
    "plugin_id",
    "stacktrace",
    "time",
    "timestamp",
    "",
];

/// The name of a field in the log. Log readers pick one of two equal keys, so a field must not have a reserved key.
fn field_name(name: String) -> String {
    let name = sanitize(name);
    let plain = name.trim().to_ascii_lowercase();
    if RESERVED_FIELDS.contains(&plain.as_str()) {
        return format!("field_{plain}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_cannot_use_reserved_keys() {
        for (name, expected) in [
            ("level", "field_level"),
            (" Plugin_ID", "field_plugin_id"),
            ("left_out", "field_left_out"),
            ("", "field_"),
            ("error", "error"),
            ("levels", "levels"),
        ] {
            assert_eq!(field_name(name.to_owned()), expected);
        }
    }
}
