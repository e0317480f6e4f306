//! The files for Mattermost's support packet: the host's own, and that of the component.
//!
//! The host's file is always there, because a support packet is needed most when the component fails.

use std::fmt::Write as _;
use std::time::Duration;

use serde::de::IgnoredAny;

use super::component_plugin::ComponentPlugin;
use crate::log::sanitize;
use crate::policy::{EventKind, SUPPORT_DATA};

/// How long the packet waits for the component.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The largest file of a component, in bytes.
const FILE_LIMIT: usize = 1024 * 1024;

impl ComponentPlugin {
    /// The files for a support packet, by name. `own` is the text of the host's file.
    pub async fn support_files(&self, mut own: String) -> Vec<(String, String)> {
        let id = self.plugin_id();
        let mut files = Vec::new();
        if self.sandbox.component().hooks().contains(&SUPPORT_DATA) {
            match self.component_file().await {
                Ok(text) => {
                    let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
                    let extension = if is_json { "json" } else { "txt" };
                    files.push((format!("{id}/component.{extension}"), text));
                }
                // Writing to a string never fails.
                Err(why) => {
                    let _ = write!(own, "\n\nThe component's file is missing: {why}\n");
                }
            }
        }
        files.insert(0, (format!("{id}/diagnostics.txt"), own));
        files
    }

    async fn component_file(&self) -> Result<String, String> {
        let asked = self.event(EventKind::Lifecycle, |sandbox, services| async move {
            sandbox.support_data(services).await
        });
        let outcome = tokio::time::timeout(TIMEOUT, asked).await;
        let outcome = outcome.map_err(|_| format!("no answer within {} s", TIMEOUT.as_secs()))?;
        let text = outcome.map_err(|error| sanitize(error.to_string()))?.value;
        if text.len() > FILE_LIMIT {
            return Err(format!("it is larger than {FILE_LIMIT} bytes"));
        }
        Ok(text)
    }
}
