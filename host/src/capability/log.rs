//! `log`: lines in the server's log.
//!
//! A line is cut, an event has room for so much, and what says the same as others of the last minute is left out.

use mattermost_plugin_rpc::mattermost::LogLevel;

use crate::bindings::plugin::mattermost::plugin::log::{Host, Level};
use crate::lines::{Line, Says, cut};
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
        let _held = self.host_call(message.len() + pairs(&fields))?;
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let message = cut(message);
        let fields = fields.into_iter().take(FIELD_LIMIT);
        let fields = fields.map(|(name, value)| (cut(name), cut(value)));
        let fields: Vec<_> = fields.collect();
        self.write_line(level, &message, fields).await;
        Ok(())
    }
}

impl EventState {
    async fn write_line(&mut self, level: LogLevel, message: &str, fields: Vec<(String, String)>) {
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
        services.write(line).await;
    }
}

/// What pairs of texts hold, in bytes.
pub(super) fn pairs(pairs: &[(String, String)]) -> usize {
    pairs
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum()
}
