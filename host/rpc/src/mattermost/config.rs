//! What the server tells about itself: the plugin's settings, the site's configuration, the version,
//! and where the bundle was unpacked.
//!
//! Go does not send a pointer to a zero value, so a setting that is explicitly `false` or empty
//! arrives as absent. The server fills in every default before it answers: read absent as false,
//! empty or 0.

use super::api::Call;
use super::call::{app, go};
use super::registered::AppError;
use crate::gob::{Any, Bytes, Empty};
use crate::net_rpc::Client;
use std::collections::BTreeMap;

crate::gob_struct! {
    /// The site's configuration, `model.Config`: the few of its thousand fields that plugins need.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Config = "Config" {
        /// Section `ServiceSettings`.
        pub service_settings: ServiceSettings = "ServiceSettings",
        /// Section `EmailSettings`.
        pub email_settings: EmailSettings = "EmailSettings",
        /// Section `TeamSettings`.
        pub team_settings: TeamSettings = "TeamSettings",
        /// Section `LocalizationSettings`.
        pub localization_settings: LocalizationSettings = "LocalizationSettings",
    }
}

crate::gob_struct! {
    /// The part of `model.ServiceSettings` that plugins need.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct ServiceSettings = "ServiceSettings" {
        /// The site's address, as the administrator typed it.
        pub site_url: Option<String> = "SiteURL",
        /// Whether the server runs in developer mode.
        pub enable_developer: Option<bool> = "EnableDeveloper",
        /// Hosts and networks inside that requests may go to, separated by white space and commas.
        pub allowed_untrusted_internal_connections: Option<String> = "AllowedUntrustedInternalConnections",
    }
}

crate::gob_struct! {
    /// The part of `model.EmailSettings` that plugins need.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct EmailSettings = "EmailSettings" {
        /// Whether an e-mail address must be verified before its owner can sign in.
        pub require_email_verification: Option<bool> = "RequireEmailVerification",
    }
}

crate::gob_struct! {
    /// The part of `model.TeamSettings` that plugins need.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct TeamSettings = "TeamSettings" {
        /// Who may write direct messages to whom: `any`, or `team` for people with a common team.
        pub restrict_direct_message: Option<String> = "RestrictDirectMessage",
    }
}

crate::gob_struct! {
    /// The part of `model.LocalizationSettings` that plugins need.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct LocalizationSettings = "LocalizationSettings" {
        /// Language tag of what the server itself writes.
        pub default_server_locale: Option<String> = "DefaultServerLocale",
    }
}

impl Config {
    /// The site's address without trailing slashes, or none where the administrator set none.
    pub fn site_url(&self) -> Option<&str> {
        let url = self
            .service_settings
            .site_url
            .as_deref()?
            .trim()
            .trim_end_matches('/');
        (!url.is_empty()).then_some(url)
    }

    /// Whether an e-mail address must be verified before its owner can sign in.
    pub fn requires_email_verification(&self) -> bool {
        self.email_settings
            .require_email_verification
            .unwrap_or(false)
    }

    /// Whether direct and group messages are for people with a common team.
    pub fn restricts_direct_messages(&self) -> bool {
        self.team_settings.restrict_direct_message.as_deref() == Some("team")
    }

    /// Language tag of what the server itself writes; English when unset.
    pub fn default_server_locale(&self) -> &str {
        self.localization_settings
            .default_server_locale
            .as_deref()
            .unwrap_or("en")
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SettingsReturns = "Z_LoadPluginConfigurationReturns" {
        json: Bytes = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PluginConfig = "Z_PluginConfig" {
        settings: BTreeMap<String, Any> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct SaveReturns = "Z_SavePluginConfigReturns" {
        error: Option<Box<AppError>> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct ConfigReturns = "Z_GetConfigReturns" {
        config: Option<Box<Config>> = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct VersionReturns = "Z_GetServerVersionReturns" {
        version: String = "A",
    }
}

crate::gob_struct! {
    #[derive(Clone, Debug, Default, PartialEq)]
    struct PathReturns = "Z_GetBundlePathReturns" {
        path: String = "A",
        error: Any = "B",
    }
}

pub(super) fn load(client: &Client) -> Call<'_, Vec<u8>> {
    Box::pin(async move {
        let reply: SettingsReturns = client
            .call("Plugin.LoadPluginConfiguration", &Empty)
            .await?;
        Ok(reply.json.0)
    })
}

pub(super) fn stored(client: &Client) -> Call<'_, BTreeMap<String, Any>> {
    Box::pin(async move {
        let reply: PluginConfig = client.call("Plugin.GetPluginConfig", &Empty).await?;
        Ok(reply.settings)
    })
}

pub(super) fn save(client: &Client, settings: BTreeMap<String, Any>) -> Call<'_, ()> {
    Box::pin(async move {
        let args = PluginConfig { settings };
        let reply: SaveReturns = client.call("Plugin.SavePluginConfig", &args).await?;
        app(reply.error)
    })
}

pub(super) fn get(client: &Client) -> Call<'_, Config> {
    Box::pin(async move {
        let reply: ConfigReturns = client.call("Plugin.GetConfig", &Empty).await?;
        super::call::present(reply.config)
    })
}

pub(super) fn server_version(client: &Client) -> Call<'_, String> {
    Box::pin(async move {
        let reply: VersionReturns = client.call("Plugin.GetServerVersion", &Empty).await?;
        Ok(reply.version)
    })
}

pub(super) fn bundle_path(client: &Client) -> Call<'_, String> {
    Box::pin(async move {
        let reply: PathReturns = client.call("Plugin.GetBundlePath", &Empty).await?;
        go(reply.error)?;
        Ok(reply.path)
    })
}

#[cfg(test)]
mod tests {
    use super::Config;

    #[test]
    fn the_site_url_loses_its_trailing_slash_and_an_empty_one_is_none() {
        let mut config = Config::default();
        assert_eq!(config.site_url(), None);
        config.service_settings.site_url = Some("https://chat.example.com/sub/".to_owned());
        assert_eq!(config.site_url(), Some("https://chat.example.com/sub"));
        config.service_settings.site_url = Some("/".to_owned());
        assert_eq!(config.site_url(), None);
    }

    #[test]
    fn absent_settings_read_as_false_and_english() {
        assert!(!Config::default().requires_email_verification());
        assert_eq!(Config::default().default_server_locale(), "en");
    }
}
