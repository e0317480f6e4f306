//! Responses to slash commands.

use super::CommandResponse;

impl CommandResponse {
    /// A response that only the user who typed the command sees.
    pub fn ephemeral(text: impl Into<String>) -> Self {
        Self {
            response_type: "ephemeral".to_owned(),
            text: text.into(),
            ..Self::default()
        }
    }
}
