//! A snapshot of the plugin's settings and the parts of the server's configuration that a component may know.
//!
//! It is loaded when the plugin starts and after every configuration change, not per event: the server's whole configuration
//! is about 20 KB. An event keeps the snapshot with which it began.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::try_join;
use mattermost_plugin_rpc::mattermost::{Api, ApiError};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::policy::egress_addresses::InternalConnections;

/// A snapshot of the configuration.
#[derive(Debug, Default)]
pub struct SettingsSnapshot {
    settings: Map<String, Value>,
    /// The plugin's settings as a JSON object: keys in lower case, values as stored. Unset ones are absent.
    pub json: String,
    /// The URL of the server without a trailing slash.
    pub site_url: Option<String>,
    /// `LocalizationSettings.DefaultServerLocale`, such as `en`.
    pub default_locale: String,
    /// Whether `TeamSettings.RestrictDirectMessage` is `team`.
    pub restricts_direct_messages: bool,
    /// `EmailSettings.RequireEmailVerification`.
    pub email_verification_required: bool,
    /// Whether the server refuses to save settings, if its configuration is in a file.
    pub has_read_only_file: bool,
    /// `ServiceSettings.AllowedUntrustedInternalConnections`.
    pub internal_connections: InternalConnections,
}

/// The configuration could not be loaded.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The server did not answer.
    #[error("the configuration cannot be loaded: {0}")]
    Api(#[from] ApiError),
    /// The server's answer is not a JSON object.
    #[error("the plugin's configuration is not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
}

impl SettingsSnapshot {
    /// Loads the configuration from the server.
    ///
    /// # Errors
    ///
    /// When the server does not answer, or answers with something else.
    pub async fn load(api: &dyn Api) -> Result<Self, SnapshotError> {
        let (settings, config) =
            try_join(api.load_plugin_configuration(), api.get_config()).await?;
        let settings = parse_settings(&settings)?;
        Ok(Self {
            json: serde_json::to_string(&settings)?,
            settings,
            site_url: parse_site_url(config.service_settings.site_url.as_deref()),
            has_read_only_file: config.has_read_only_file(),
            restricts_direct_messages: config.restricts_direct_messages(),
            default_locale: config.default_server_locale().to_owned(),
            internal_connections: InternalConnections::parse(
                config
                    .service_settings
                    .allowed_untrusted_internal_connections
                    .as_deref()
                    .unwrap_or_default(),
            ),
            email_verification_required: config
                .email_settings
                .require_email_verification
                .unwrap_or_default(),
        })
    }

    /// The value of a text setting, whose key is matched in any case.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.settings.get(&key.to_lowercase())?;
        value.as_str().map(str::to_owned)
    }
}

fn parse_settings(json: &[u8]) -> Result<Map<String, Value>, serde_json::Error> {
    if json.is_empty() {
        return Ok(Map::new());
    }
    let object: Option<Map<String, Value>> = serde_json::from_slice(json)?;
    let settings = object.unwrap_or_default().into_iter();
    Ok(settings
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_lowercase(), value))
        .collect())
}

fn parse_site_url(entered: Option<&str>) -> Option<String> {
    let url = entered?.trim().trim_end_matches('/');
    (!url.is_empty()).then(|| url.to_owned())
}

/// The latest snapshot. If two configuration changes overlap, the one whose loading began last wins, whichever ends first.
#[derive(Default)]
pub(crate) struct LatestSnapshot {
    begun: AtomicU64,
    kept: RwLock<(u64, Arc<SettingsSnapshot>)>,
}

impl LatestSnapshot {
    /// Begins loading. Pass the result to [`Self::keep`].
    pub(crate) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Keeps and applies a snapshot, unless one is kept whose loading began later. `apply` gets the replaced snapshot and the new
    /// one.
    pub(crate) fn keep(
        &self,
        begun: u64,
        snapshot: SettingsSnapshot,
        apply: impl FnOnce(&SettingsSnapshot, &SettingsSnapshot),
    ) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if begun > kept.0 {
            apply(&kept.1, &snapshot);
            *kept = (begun, Arc::new(snapshot));
        }
    }

    /// The latest snapshot.
    pub(crate) fn get(&self) -> Arc<SettingsSnapshot> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&kept.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_of_two_overlapping_changes_is_kept() {
        let snapshot = |url: &str| SettingsSnapshot {
            site_url: Some(url.to_owned()),
            ..SettingsSnapshot::default()
        };
        let latest = LatestSnapshot::default();
        let (first, second) = (latest.begin(), latest.begin());
        let mut applied = Vec::new();
        latest.keep(second, snapshot("new"), |_, _| applied.push("new"));
        latest.keep(first, snapshot("old"), |_, _| applied.push("old"));
        assert_eq!(latest.get().site_url.as_deref(), Some("new"));
        let third = latest.begin();
        latest.keep(third, snapshot("latest"), |_, _| applied.push("latest"));
        assert_eq!(latest.get().site_url.as_deref(), Some("latest"));
        assert_eq!(applied, ["new", "latest"]);
    }

    #[test]
    fn keys_are_matched_in_any_case_and_null_is_absent() {
        let settings = parse_settings(br#"{"BaseURL":"https://x","other":null}"#).unwrap();
        let snapshot = SettingsSnapshot {
            settings,
            ..SettingsSnapshot::default()
        };
        assert_eq!(snapshot.text("baseurl").as_deref(), Some("https://x"));
        assert_eq!(snapshot.text("other"), None);
    }

    #[test]
    fn settings_must_be_a_json_object_or_empty() {
        assert!(parse_settings(b"[1]").is_err());
        assert!(parse_settings(b"{").is_err());
        assert!(parse_settings(b"null").unwrap().is_empty());
        assert!(parse_settings(b"").unwrap().is_empty());
    }

    #[test]
    fn the_site_url_has_no_trailing_slash() {
        assert_eq!(
            parse_site_url(Some(" https://a/b/ ")).as_deref(),
            Some("https://a/b")
        );
        assert_eq!(parse_site_url(Some("  ")), None);
    }
}
