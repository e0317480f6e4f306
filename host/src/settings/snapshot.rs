//! What a component may know of the site: its own settings, the site's address, one rule about e-mail.
//!
//! Loaded when the plugin starts and after every change of the configuration, not per event: the
//! server's whole configuration is some 20 KB. An event keeps the snapshot it began with.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use futures_util::future::try_join;
use mattermost_plugin_rpc::mattermost::{Api, ApiError};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::policy::egress_addresses::InternalConnections;

/// A snapshot of the configuration.
#[derive(Debug, Default)]
pub struct Site {
    settings: Map<String, Value>,
    /// The plugin's settings as a JSON object: keys in lower case, values as stored. Unset ones are absent.
    pub settings_json: String,
    /// The site's address without a trailing slash.
    pub url: Option<String>,
    /// `LocalizationSettings.DefaultServerLocale`, such as `en`.
    pub default_locale: String,
    /// Whether `TeamSettings.RestrictDirectMessage` is `team`.
    pub restricts_direct_messages: bool,
    /// `EmailSettings.RequireEmailVerification`.
    pub email_verification_required: bool,
    /// `ServiceSettings.AllowedUntrustedInternalConnections`.
    pub internal_connections: InternalConnections,
}

/// Why there is no snapshot.
#[derive(Debug, Error)]
pub enum SiteError {
    /// The server did not answer.
    #[error("the configuration cannot be loaded: {0}")]
    Api(#[from] ApiError),
    /// The server's answer is not a JSON object.
    #[error("the plugin's configuration is not a JSON object: {0}")]
    Json(#[from] serde_json::Error),
}

impl Site {
    /// Asks the server.
    ///
    /// # Errors
    ///
    /// When it does not answer, or not with settings.
    pub async fn load(api: &dyn Api) -> Result<Self, SiteError> {
        let (settings, config) =
            try_join(api.load_plugin_configuration(), api.get_config()).await?;
        let settings = parse_settings(&settings)?;
        Ok(Self {
            settings_json: serde_json::to_string(&settings)?,
            settings,
            url: site_url(config.service_settings.site_url.as_deref()),
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

    /// The text of a setting, whatever the case of its key.
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

fn site_url(entered: Option<&str>) -> Option<String> {
    let url = entered?.trim().trim_end_matches('/');
    (!url.is_empty()).then(|| url.to_owned())
}

/// What was loaded last. Where two changes of the configuration overlap, the one whose loading began last is the newer
/// one, whichever ends first.
#[derive(Default)]
pub(crate) struct Newest {
    begun: AtomicU64,
    kept: RwLock<(u64, Arc<Site>)>,
}

impl Newest {
    /// Loading begins.
    pub(crate) fn begin(&self) -> u64 {
        self.begun.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Keeps what was loaded and applies it, unless something is kept whose loading began later.
    pub(crate) fn keep(&self, begun: u64, site: Site, apply: impl FnOnce(&Site)) {
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        if begun > kept.0 {
            apply(&site);
            *kept = (begun, Arc::new(site));
        }
    }

    /// What is kept.
    pub(crate) fn get(&self) -> Arc<Site> {
        let kept = self.kept.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&kept.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_changes_that_overlap_the_later_one_is_kept() {
        let site = |url: &str| Site {
            url: Some(url.to_owned()),
            ..Site::default()
        };
        let newest = Newest::default();
        let (first, second) = (newest.begin(), newest.begin());
        let mut applied = Vec::new();
        newest.keep(second, site("new"), |_| applied.push("new"));
        newest.keep(first, site("old"), |_| applied.push("old"));
        assert_eq!(newest.get().url.as_deref(), Some("new"));
        let third = newest.begin();
        newest.keep(third, site("newest"), |_| applied.push("newest"));
        assert_eq!(newest.get().url.as_deref(), Some("newest"));
        assert_eq!(applied, ["new", "newest"]);
    }

    #[test]
    fn keys_are_matched_in_any_case_and_null_is_absent() {
        let settings = parse_settings(br#"{"BaseURL":"https://x","other":null}"#).unwrap();
        let site = Site {
            settings,
            ..Site::default()
        };
        assert_eq!(site.text("baseurl").as_deref(), Some("https://x"));
        assert_eq!(site.text("other"), None);
    }

    #[test]
    fn anything_but_an_object_is_an_error_and_nothing_is_empty() {
        assert!(parse_settings(b"[1]").is_err());
        assert!(parse_settings(b"{").is_err());
        assert!(parse_settings(b"null").unwrap().is_empty());
        assert!(parse_settings(b"").unwrap().is_empty());
    }

    #[test]
    fn the_site_url_has_no_trailing_slash() {
        assert_eq!(
            site_url(Some(" https://a/b/ ")).as_deref(),
            Some("https://a/b")
        );
        assert_eq!(site_url(Some("  ")), None);
    }
}
