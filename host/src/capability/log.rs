//! `log`: lines in the server's log.

use mattermost_plugin_rpc::mattermost::LogLevel;

use crate::bindings::plugin::mattermost::plugin::log::{Host, Level};
use crate::sandbox::EventState;

const TEXT_LIMIT: usize = 8 * 1024;
const FIELD_LIMIT: usize = 16;

impl Host for EventState {
    async fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        self.host_call()?;
        let level = match level {
            Level::Debug => LogLevel::Debug,
            Level::Info => LogLevel::Info,
            Level::Warn => LogLevel::Warn,
            Level::Error => LogLevel::Error,
        };
        let fields = fields
            .into_iter()
            .take(FIELD_LIMIT)
            .map(|(name, value)| (cut(name), cut(value)))
            .collect();
        // A line that cannot be written must not end the event it tells of.
        let _ = self.services.api.log(level, &cut(message), fields).await;
        Ok(())
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_LIMIT));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        let text = cut("é".repeat(TEXT_LIMIT));
        assert_eq!(text.len(), TEXT_LIMIT);
        assert_eq!(cut("short".to_owned()), "short");
    }
}
