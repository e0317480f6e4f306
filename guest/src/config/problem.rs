//! Problems with the settings, and the sentences that say how to correct them.

use crate::text::{self, Locale, Message};

/// A setting of the plugin, or the server's Site URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `SiteURL` of the server.
    SiteUrl,
    /// `ZoomURL`
    ZoomUrl,
    /// `ZoomAPIURL`
    ZoomApiUrl,
    /// `ConnectionMode`
    ConnectionMode,
    /// `AccountLevelApp`
    AccountLevelApp,
    /// `ZoomAccountID`
    ZoomAccountId,
    /// `OAuthClientID`
    ClientId,
    /// `OAuthClientSecret`
    ClientSecret,
    /// `EncryptionKey`
    EncryptionKey,
    /// `WebhookSecret`
    WebhookSecret,
    /// `ZoomWebhookSecret`
    ZoomWebhookSecret,
    /// `RestrictMeetingCreation`
    RestrictMeetingCreation,
    /// `EnablePostingRecordingPassword`
    PostRecordingPasscodes,
}

impl Setting {
    /// The key in the manifest, or empty for the server's Site URL.
    pub fn key(self) -> &'static str {
        match self {
            Setting::SiteUrl => "",
            Setting::ZoomUrl => "ZoomURL",
            Setting::ZoomApiUrl => "ZoomAPIURL",
            Setting::ConnectionMode => "ConnectionMode",
            Setting::AccountLevelApp => "AccountLevelApp",
            Setting::ZoomAccountId => "ZoomAccountID",
            Setting::ClientId => "OAuthClientID",
            Setting::ClientSecret => "OAuthClientSecret",
            Setting::EncryptionKey => "EncryptionKey",
            Setting::WebhookSecret => "WebhookSecret",
            Setting::ZoomWebhookSecret => "ZoomWebhookSecret",
            Setting::RestrictMeetingCreation => "RestrictMeetingCreation",
            Setting::PostRecordingPasscodes => "EnablePostingRecordingPassword",
        }
    }

    /// The label in the System Console, where the plugin's labels are in English only.
    pub fn label(self) -> &'static str {
        match self {
            Setting::SiteUrl => "Site URL",
            Setting::ZoomUrl => "Zoom URL",
            Setting::ZoomApiUrl => "Zoom API URL",
            Setting::ConnectionMode => "Connection mode",
            Setting::AccountLevelApp => "Account-level app",
            Setting::ZoomAccountId => "Zoom account ID",
            Setting::ClientId => "Zoom OAuth client ID",
            Setting::ClientSecret => "Zoom OAuth client secret",
            Setting::EncryptionKey => "At Rest Token Encryption Key",
            Setting::WebhookSecret => "Webhook URL secret",
            Setting::ZoomWebhookSecret => "Zoom secret token",
            Setting::RestrictMeetingCreation => "Restrict meeting creation",
            Setting::PostRecordingPasscodes => "Post recording passcodes",
        }
    }
}

/// A problem with one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// `SiteURL` of the server is empty.
    SiteUrl,
    /// `ZoomURL` is not a web address.
    ZoomUrl,
    /// `ZoomAPIURL` is not a web address.
    ZoomApiUrl,
    /// `ConnectionMode` is not one of the modes.
    ConnectionMode,
    /// `ZoomAccountID` is empty in server-to-server mode.
    ZoomAccountId,
    /// `OAuthClientID` is empty.
    ClientId,
    /// `OAuthClientSecret` is empty.
    ClientSecret,
    /// `EncryptionKey` is empty.
    EncryptionKey,
    /// The length of `EncryptionKey` is not a key length of AES.
    EncryptionKeyLength,
    /// `WebhookSecret` is empty.
    WebhookSecret,
    /// `ZoomWebhookSecret` is empty.
    ZoomWebhookSecret,
    /// The setting consists of asterisks.
    Masked(Setting),
    /// The setting is neither true nor false.
    NotBoolean(Setting),
}

impl Problem {
    /// The setting that has the problem.
    pub fn setting(self) -> Setting {
        self.parts().0
    }

    /// The sentence that names the setting in bold and says what to do.
    pub fn sentence(self, locale: Locale) -> String {
        let (setting, message) = self.parts();
        let label = format!("**{}**", setting.label());
        text::text(locale, message, &[("setting", &label)])
    }

    /// The setting, and the sentence that names it and says what to do.
    fn parts(self) -> (Setting, Message) {
        match self {
            Problem::SiteUrl => (Setting::SiteUrl, Message::ConfigSiteUrl),
            Problem::ZoomUrl => (Setting::ZoomUrl, Message::ConfigZoomUrl),
            Problem::ZoomApiUrl => (Setting::ZoomApiUrl, Message::ConfigZoomApiUrl),
            Problem::ConnectionMode => (Setting::ConnectionMode, Message::ConfigConnectionMode),
            Problem::ZoomAccountId => (Setting::ZoomAccountId, Message::ConfigZoomAccountId),
            Problem::ClientId => (Setting::ClientId, Message::ConfigClientId),
            Problem::ClientSecret => (Setting::ClientSecret, Message::ConfigClientSecret),
            Problem::EncryptionKey => (Setting::EncryptionKey, Message::ConfigEncryptionKey),
            Problem::EncryptionKeyLength => {
                (Setting::EncryptionKey, Message::ConfigEncryptionKeyLength)
            }
            Problem::WebhookSecret => (Setting::WebhookSecret, Message::ConfigWebhookSecret),
            Problem::ZoomWebhookSecret => {
                (Setting::ZoomWebhookSecret, Message::ConfigZoomWebhookSecret)
            }
            Problem::Masked(setting) => {
                let message = match setting {
                    Setting::EncryptionKey => Message::ConfigMaskedEncryptionKey,
                    Setting::WebhookSecret => Message::ConfigMaskedWebhookSecret,
                    _ => Message::ConfigMasked,
                };
                (setting, message)
            }
            Problem::NotBoolean(setting) => (setting, Message::ConfigNotBoolean),
        }
    }
}

/// All problems in one line, for the server log.
pub fn log_line(problems: &[Problem]) -> String {
    let sentences: Vec<_> = problems
        .iter()
        .map(|problem| {
            let (setting, message) = problem.parts();
            text::text(Locale::En, message, &[("setting", setting.label())])
        })
        .collect();
    let values = [("problems", &*sentences.join(" "))];
    text::text(Locale::En, Message::ConfigLog, &values)
}

/// A sentence that leads to `/zoom setup` and the System Console, and all problems as a Markdown list, for a system admin.
pub fn markdown_list(locale: Locale, problems: &[Problem]) -> String {
    let values = [("problems", &*markdown_items(locale, problems))];
    text::text(locale, Message::ConfigAdmin, &values)
}

/// All problems as a Markdown list.
pub fn markdown_items(locale: Locale, problems: &[Problem]) -> String {
    let items: Vec<_> = problems
        .iter()
        .map(|problem| format!("* {}", problem.sentence(locale)))
        .collect();
    items.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::collections::BTreeMap;

    /// Each setting of the plugin with its key in the manifest.
    pub(crate) const KEYS: [(Setting, &str); 12] = [
        (Setting::ZoomUrl, "ZoomURL"),
        (Setting::ZoomApiUrl, "ZoomAPIURL"),
        (Setting::ConnectionMode, "ConnectionMode"),
        (Setting::AccountLevelApp, "AccountLevelApp"),
        (Setting::ZoomAccountId, "ZoomAccountID"),
        (Setting::ClientId, "OAuthClientID"),
        (Setting::ClientSecret, "OAuthClientSecret"),
        (Setting::EncryptionKey, "EncryptionKey"),
        (Setting::WebhookSecret, "WebhookSecret"),
        (Setting::ZoomWebhookSecret, "ZoomWebhookSecret"),
        (Setting::RestrictMeetingCreation, "RestrictMeetingCreation"),
        (
            Setting::PostRecordingPasscodes,
            "EnablePostingRecordingPassword",
        ),
    ];

    #[test]
    fn setting_labels_match_the_system_console() {
        let manifest: Value = serde_json::from_str(include_str!("../../../plugin.json")).unwrap();
        let sections = manifest["settings_schema"]["sections"].as_array().unwrap();
        let settings = sections.iter().flat_map(|one| one["settings"].as_array());
        let labels: BTreeMap<_, _> = settings
            .flatten()
            .map(|one| {
                (
                    one["key"].as_str().unwrap(),
                    one["display_name"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        let ours = KEYS.map(|(setting, key)| (key, format!("{}:", setting.label())));
        assert_eq!(labels, BTreeMap::from(ours));
    }

    #[test]
    fn the_log_names_every_setting_in_one_line() {
        let line = log_line(&[Problem::ClientId, Problem::EncryptionKeyLength]);
        for label in [
            "Zoom OAuth client ID is empty",
            "At Rest Token Encryption Key must",
        ] {
            assert!(line.contains(label), "{line}");
        }
        assert!(!line.contains('\n'));
    }
}
