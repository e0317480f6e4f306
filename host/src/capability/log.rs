//! `log`: lines in the server's log.
//!
//! A line is cut, an event has room for so much, and what says the same as others of the last minute is left out.

use mattermost_plugin_rpc::mattermost::LogLevel;

use crate::bindings::plugin::mattermost::plugin::log::{Host, Level};
use crate::log::{Line, Says, cut};
use crate::metrics::Counter;
use crate::sandbox::EventState;

const FIELD_LIMIT: usize = 16;

/// What one event may write, in bytes.
pub(crate) const EVENT_LIMIT: usize = 128 * 1024;

const TOO_MUCH: &str =
    "The component wrote more into the log than one event may; the rest of it is left out";

impl Host for EventState {
    async fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let _held = self.host_call(&(&message, &fields))?;
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let message = cut(message);
        let fields = fields.into_iter().take(FIELD_LIMIT);
        let fields = fields.map(|(name, value)| (field_name(name), cut(value)));
        let fields: Vec<_> = fields.collect();
        self.write_line(level, &message, fields);
        Ok(())
    }
}

impl EventState {
    fn write_line(&mut self, level: LogLevel, message: &str, fields: Vec<(String, String)>) {
        let services = &self.services;
        let size = message.len() + pairs(&fields);
        let line = match self.log_left.checked_sub(size) {
            Some(left) => {
                self.log_left = left;
                Line {
                    level,
                    says: Says::Component(message),
                    message,
                    fields,
                }
            }
            None => {
                services.metrics.count(Counter::LineLeftOut, "event");
                if std::mem::take(&mut self.log_left) == 0 {
                    return;
                }
                Line::warning(TOO_MUCH)
            }
        };
        services.write(line);
    }
}

/// The keys that the server and the host write into each line themselves.
const KEYS_OF_THE_LOG: [&str; 10] = [
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

/// The name of a field as it may stand in the log. Programs that read the log take one of two equal keys, so a field must
/// not have a key of the line itself.
fn field_name(name: String) -> String {
    let name = cut(name);
    let plain = name.trim().to_ascii_lowercase();
    if KEYS_OF_THE_LOG.contains(&plain.as_str()) {
        return format!("field_{plain}");
    }
    name
}

/// What pairs of texts hold, in bytes.
pub(super) fn pairs(pairs: &[(String, String)]) -> usize {
    pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_no_key_of_the_line_itself() {
        for (name, told) in [
            ("level", "field_level"),
            (" Plugin_ID", "field_plugin_id"),
            ("left_out", "field_left_out"),
            ("", "field_"),
            ("error", "error"),
            ("levels", "levels"),
        ] {
            assert_eq!(field_name(name.to_owned()), told);
        }
    }
}
