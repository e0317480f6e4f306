//! The administrator's settings, checked.
//!
//! Every event reads them anew, so a corrected setting works at once. All problems are gathered
//! before anything is said: whoever fills in the settings wants the whole list, not the next item.
//! Keys arrive in lower case, because that is how the server stores them; people know them as the
//! System Console writes them, and so do our sentences.

use crate::bindings::config as host;
use crate::text::{self, Locale, Message};
use crate::zoom::hosts::{self, ZOOM_URL};
use serde::Deserialize;
use serde_json::Value;

pub use crate::zoom::hosts::is_web_address;

/// Settings that are complete and make sense. There is no `Debug`: it would show secrets.
pub struct Config {
    /// Zoom's address without a trailing slash.
    pub zoom_url: String,
    /// The address of Zoom's API without a trailing slash.
    pub zoom_api_url: String,
    /// Zoom's name for our app.
    pub client_id: String,
    /// The app's password.
    pub client_secret: String,
    /// 16, 24 or 32 bytes; stored tokens are encrypted with it.
    pub encryption_key: Vec<u8>,
    /// What the address of our webhook must carry.
    pub webhook_secret: String,
    /// What Zoom signs its webhooks with.
    pub zoom_webhook_secret: String,
    /// Whether meetings are not started in public channels.
    pub restrict_meeting_creation: bool,
    /// Whether the passcode of a recording is posted along.
    pub post_recording_password: bool,
    /// Mattermost's own address without a trailing slash.
    pub site_url: String,
    /// Whether one connection serves everybody, instead of one of each user's own.
    pub account_level: bool,
}

impl Config {
    /// The outside address of one of our routes, such as `/oauth2/complete`.
    pub fn route(&self, path: &str) -> String {
        format!("{}/plugins/zoom{path}", self.site_url)
    }

    /// Where Zoom sends people back to.
    pub fn redirect_uri(&self) -> String {
        self.route("/oauth2/complete")
    }

    /// The base of authorization and token requests.
    pub fn accounts_url(&self) -> &str {
        hosts::accounts(&self.zoom_url)
    }

    /// Whether an address leads to a host of Zoom (see [`hosts`]).
    pub fn is_zooms(&self, address: &str) -> bool {
        hosts::is_zooms(address, &[&self.zoom_url, &self.zoom_api_url])
    }
}

/// What is wrong with one setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// `SiteURL` of the server is empty.
    SiteUrl,
    /// `ZoomURL` is not a web address.
    ZoomUrl,
    /// `ZoomAPIURL` is not a web address.
    ZoomApiUrl,
    /// `OAuthClientID` is empty.
    ClientId,
    /// `OAuthClientSecret` is empty.
    ClientSecret,
    /// `EncryptionKey` is empty.
    EncryptionKey,
    /// `EncryptionKey` has a length that AES does not have.
    EncryptionKeyLength,
    /// `WebhookSecret` is empty.
    WebhookSecret,
    /// `ZoomWebhookSecret` is empty.
    ZoomWebhookSecret,
}

impl Problem {
    /// The clause that names the setting and says what to do.
    pub fn message(self) -> Message {
        match self {
            Problem::SiteUrl => Message::ConfigSiteUrl,
            Problem::ZoomUrl => Message::ConfigZoomUrl,
            Problem::ZoomApiUrl => Message::ConfigZoomApiUrl,
            Problem::ClientId => Message::ConfigClientId,
            Problem::ClientSecret => Message::ConfigClientSecret,
            Problem::EncryptionKey => Message::ConfigEncryptionKey,
            Problem::EncryptionKeyLength => Message::ConfigEncryptionKeyLength,
            Problem::WebhookSecret => Message::ConfigWebhookSecret,
            Problem::ZoomWebhookSecret => Message::ConfigZoomWebhookSecret,
        }
    }
}

/// All problems in one sentence, for the log.
pub fn sentence(problems: &[Problem]) -> String {
    let clauses: Vec<String> = problems
        .iter()
        .map(|p| text::plain(Locale::En, p.message()))
        .collect();
    text::text(
        Locale::En,
        Message::ConfigLog,
        &[("problems", &clauses.join("; "))],
    )
}

/// All problems as a Markdown list, for a system administrator.
pub fn list(locale: Locale, problems: &[Problem]) -> String {
    let items: Vec<String> = problems
        .iter()
        .map(|p| format!("* {}", text::plain(locale, p.message())))
        .collect();
    text::text(
        locale,
        Message::ConfigAdmin,
        &[("problems", &items.join("\n"))],
    )
}

/// Settings as they are stored. Of which type they are is checked where they are used: some deployments keep
/// switches as text, because they come from environment variables.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Stored {
    zoomurl: Value,
    zoomapiurl: Value,
    oauthclientid: Value,
    oauthclientsecret: Value,
    encryptionkey: Value,
    webhooksecret: Value,
    zoomwebhooksecret: Value,
    restrictmeetingcreation: Value,
    enablepostingrecordingpassword: Value,
    accountlevelapp: Value,
}

impl Stored {
    /// What the host hands over is a JSON object always.
    fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// The settings as they were when this event began.
pub fn load() -> Result<Config, Vec<Problem>> {
    parse(&host::settings(), host::site_url().as_deref())
}

/// Whether one connection serves everybody, also while other settings are missing.
pub fn is_account_level() -> bool {
    flag(&Stored::read(&host::settings()).accountlevelapp)
}

/// Whether people at an account-level app are known by addresses that they may not have proved to own,
/// because this server does not ask for a proof.
pub fn trusts_unverified_addresses() -> bool {
    is_account_level() && !host::email_verification_required()
}

/// Checks settings as the server stores them, a JSON object.
pub fn parse(settings: &str, site_url: Option<&str>) -> Result<Config, Vec<Problem>> {
    let stored = Stored::read(settings);
    let mut problems = Vec::new();
    let site_url = site_url
        .map(|url| url.trim().trim_end_matches('/'))
        .unwrap_or_default();
    if site_url.is_empty() {
        problems.push(Problem::SiteUrl);
    }
    let zoom_url = address(stored.zoomurl, ZOOM_URL).unwrap_or_else(|| {
        problems.push(Problem::ZoomUrl);
        String::new()
    });
    let zoom_api_url =
        address(stored.zoomapiurl, hosts::default_api(&zoom_url)).unwrap_or_else(|| {
            problems.push(Problem::ZoomApiUrl);
            String::new()
        });
    let mut required = |value, problem| {
        let value = text_of(value);
        if value.trim().is_empty() {
            problems.push(problem);
        }
        value
    };
    let client_id = required(stored.oauthclientid, Problem::ClientId);
    let client_secret = required(stored.oauthclientsecret, Problem::ClientSecret);
    let encryption_key = required(stored.encryptionkey, Problem::EncryptionKey).into_bytes();
    let webhook_secret = required(stored.webhooksecret, Problem::WebhookSecret);
    let zoom_webhook_secret = required(stored.zoomwebhooksecret, Problem::ZoomWebhookSecret);
    let missing = problems.contains(&Problem::EncryptionKey);
    if !missing && !matches!(encryption_key.len(), 16 | 24 | 32) {
        problems.push(Problem::EncryptionKeyLength);
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Config {
        zoom_url,
        zoom_api_url,
        client_id: trimmed(client_id),
        client_secret: trimmed(client_secret),
        encryption_key,
        webhook_secret,
        zoom_webhook_secret: trimmed(zoom_webhook_secret),
        restrict_meeting_creation: flag(&stored.restrictmeetingcreation),
        post_recording_password: flag(&stored.enablepostingrecordingpassword),
        site_url: site_url.to_owned(),
        account_level: flag(&stored.accountlevelapp),
    })
}

/// The text, or the number as text; anything else is as good as nothing.
fn text_of(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn trimmed(text: String) -> String {
    if text.trim().len() == text.len() {
        return text;
    }
    text.trim().to_owned()
}

/// A switch.
fn flag(value: &Value) -> bool {
    match value {
        Value::Bool(on) => *on,
        Value::String(text) => text.trim().eq_ignore_ascii_case("true"),
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => false,
    }
}

/// A base address: trimmed, without trailing slashes; blank means `default`. None when it is not a
/// plain `http` or `https` address.
fn address(value: Value, default: &str) -> Option<String> {
    let value = text_of(value);
    let value = value.trim().trim_end_matches('/');
    // Most have the default, which need not be taken apart for every event.
    if value.is_empty() || value == default {
        return Some(default.to_owned());
    }
    (is_web_address(value) && !value.contains(['?', '#'])).then(|| value.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) fn complete() -> String {
        with("zoomurl", Value::Null)
    }

    /// Settings that are complete, one of them with this value.
    fn with(key: &str, value: impl Into<Value>) -> String {
        let mut settings = json!({
            "oauthclientid": "id",
            "oauthclientsecret": "secret",
            "encryptionkey": "0123456789abcdef0123456789abcdef",
            "webhooksecret": "hook",
            "zoomwebhooksecret": "token",
            "anothersetting": ["of", {"another": "version"}],
        });
        settings[key] = value.into();
        settings.to_string()
    }

    fn problems(settings: &str) -> Vec<Problem> {
        parse(settings, Some("https://chat.example.com"))
            .err()
            .unwrap_or_default()
    }

    #[test]
    fn zm006_zm007_complete_settings_are_accepted_with_defaults() {
        let config = parse(&complete(), Some("https://chat.example.com/sub/"))
            .ok()
            .unwrap();
        assert_eq!(config.zoom_url, "https://zoom.us");
        assert_eq!(config.zoom_api_url, "https://api.zoom.us/v2");
        assert_eq!(
            config.redirect_uri(),
            "https://chat.example.com/sub/plugins/zoom/oauth2/complete"
        );
        assert!(!config.restrict_meeting_creation);
    }

    #[test]
    fn zm004_every_problem_is_reported_at_once() {
        let settings = json!({"zoomurl": "not an address", "zoomapiurl": "ftp://zoom.example.com"})
            .to_string();
        assert_eq!(
            parse(&settings, None).err().unwrap(),
            [
                Problem::SiteUrl,
                Problem::ZoomUrl,
                Problem::ZoomApiUrl,
                Problem::ClientId,
                Problem::ClientSecret,
                Problem::EncryptionKey,
                Problem::WebhookSecret,
                Problem::ZoomWebhookSecret,
            ]
        );
    }

    #[test]
    fn d50_a_key_must_have_a_length_of_aes() {
        for length in [15, 17, 31, 33] {
            let key = with("encryptionkey", "k".repeat(length));
            assert_eq!(problems(&key), [Problem::EncryptionKeyLength], "{length}");
        }
        for length in [16, 24, 32] {
            assert_eq!(problems(&with("encryptionkey", "k".repeat(length))), []);
        }
    }

    #[test]
    fn d03_the_signing_secret_is_required() {
        assert_eq!(
            problems(&with("zoomwebhooksecret", "  ")),
            [Problem::ZoomWebhookSecret]
        );
    }

    #[test]
    fn zm007_d50_addresses_are_trimmed_and_checked() {
        let settings = with("zoomurl", " https://zoom.example.com/base// ");
        let config = parse(&settings, Some("https://chat.example.com"))
            .ok()
            .unwrap();
        assert_eq!(config.zoom_url, "https://zoom.example.com/base");
        for bad in [
            "zoom.us",
            "https://",
            "https://u:p@zoom.us",
            "https://zoom.us/?a=b",
            "javascript:1",
        ] {
            assert_eq!(problems(&with("zoomurl", bad)), [Problem::ZoomUrl], "{bad}");
        }
    }

    #[test]
    fn zm008_a_switch_decides_between_the_levels() {
        for (value, account_level) in [
            (json!(true), true),
            (json!(" True "), true),
            (json!(1), true),
            (json!(false), false),
            (json!("false"), false),
            (json!(0), false),
            (json!(null), false),
            (json!([true]), false),
        ] {
            let settings = with("accountlevelapp", value);
            let config = parse(&settings, Some("https://chat.example.com"));
            assert_eq!(config.ok().unwrap().account_level, account_level);
        }
    }

    #[test]
    fn zm006_a_number_is_as_good_as_its_digits_and_other_types_are_as_good_as_nothing() {
        let settings = with("oauthclientid", 123_456);
        let config = parse(&settings, Some("https://chat.example.com"));
        assert_eq!(config.ok().unwrap().client_id, "123456");
        for value in [json!(true), json!(["id"]), json!({"id": 1}), json!(null)] {
            let settings = with("oauthclientid", value);
            assert_eq!(problems(&settings), [Problem::ClientId], "{settings}");
        }
    }

    #[test]
    fn zm006_what_is_entered_by_hand_is_trimmed() {
        for key in ["oauthclientid", "oauthclientsecret", "zoomwebhooksecret"] {
            let settings = with(key, " entered\n");
            let config = parse(&settings, Some("https://chat.example.com"))
                .ok()
                .unwrap();
            let all = [
                config.client_id,
                config.client_secret,
                config.zoom_webhook_secret,
            ];
            assert!(all.contains(&"entered".to_owned()), "{key}");
        }
    }

    #[test]
    fn the_log_names_every_setting_in_one_line() {
        let line = sentence(&[Problem::ClientId, Problem::EncryptionKeyLength]);
        assert!(
            line.contains("OAuthClientID") && line.contains("EncryptionKey"),
            "{line}"
        );
        assert!(!line.contains('\n'));
    }
}
