//! Reads and checks the plugin's settings.
//!
//! Every event reads the settings again, so a corrected setting takes effect at once. All problems are reported together,
//! so that an administrator can correct them in one go.
//!
//! The server shows secrets as asterisks, and all settings of a plugin whose manifest it cannot read. If somebody saves
//! such a page, the asterisks become the value. This module rejects them before anything uses them: 32 asterisks would be
//! a valid encryption key.

mod problem;
#[cfg(test)]
pub(crate) mod tests;

pub use problem::{Problem, Setting, log_line, markdown_list};

use crate::bindings::config as host;
use crate::platform::site;
use crate::zoom::hosts;
use crate::zoom::hosts::ZOOM_URL;
use crate::zoom::token::App;
use serde::Deserialize;
use serde_json::Value;

pub use crate::zoom::hosts::is_web_address;

/// Valid settings. There is no `Debug`: it would show secrets.
pub struct Config {
    /// Zoom's URL without a trailing slash.
    pub zoom_url: String,
    /// The URL of Zoom's API without a trailing slash.
    pub zoom_api_url: String,
    /// The OAuth client ID of the Zoom app.
    pub client_id: String,
    /// The OAuth client secret of the Zoom app.
    pub client_secret: String,
    /// 16, 24, or 32 bytes. Stored tokens are encrypted with a key derived from it.
    pub encryption_key: Vec<u8>,
    /// The secret in the URL of the webhook.
    pub webhook_secret: String,
    /// The secret token with which Zoom signs webhooks.
    pub zoom_webhook_secret: String,
    /// Whether meetings cannot be started in public channels.
    pub restrict_meeting_creation: bool,
    /// Whether the passcode of a recording is posted.
    pub post_recording_password: bool,
    /// Mattermost's URL without a trailing slash, with its scheme and host in lower case.
    pub site_url: String,
    /// Whether one connection serves everyone, instead of one connection per user.
    pub account_level: bool,
}

impl Config {
    /// The public URL of one of the plugin's routes, such as `/oauth2/complete`.
    pub fn route(&self, path: &str) -> String {
        format!("{}/plugins/zoom{path}", self.site_url)
    }

    /// The OAuth redirect URI. Zoom compares it literally with the one in the Zoom app.
    pub fn redirect_uri(&self) -> String {
        self.route("/oauth2/complete")
    }

    /// The base of authorization and token requests.
    pub fn accounts_url(&self) -> &str {
        hosts::accounts_url(&self.zoom_url)
    }

    /// The Zoom app, for requests to the token endpoint.
    pub fn app(&self) -> App<'_> {
        App {
            accounts_url: self.accounts_url(),
            api_url: &self.zoom_api_url,
            client_id: &self.client_id,
            client_secret: &self.client_secret,
        }
    }

    /// Whether a URL leads to one of Zoom's hosts (see [`hosts`]).
    pub fn is_zooms(&self, address: &str) -> bool {
        hosts::is_zoom_url(address, &[&self.zoom_url, &self.zoom_api_url])
    }
}

/// Settings as the server stores them, with keys in lower case. Each use checks the type: some deployments store booleans
/// as text, because the values come from environment variables.
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
    /// The host always passes a JSON object.
    fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// The settings at the start of this event.
pub fn load() -> Result<Config, Vec<Problem>> {
    parse(&host::settings(), host::site_url().as_deref())
}

/// Whether one connection serves everyone. This also works while other settings are missing. If the setting cannot be
/// read, this returns false and [`load`] reports the problem, so nothing runs in the wrong mode.
pub fn is_account_level() -> bool {
    let stored = Stored::read(&host::settings());
    read_boolean(&stored.accountlevelapp, Setting::AccountLevelApp).unwrap_or(false)
}

/// Whether the plugin finds people in Zoom by email addresses that they may not own: the app is at the account level, and
/// this server does not require verified addresses.
pub fn trusts_unverified_addresses() -> bool {
    is_account_level() && !host::email_verification_required()
}

/// Checks settings as the server stores them, a JSON object.
pub fn parse(settings: &str, site_url: Option<&str>) -> Result<Config, Vec<Problem>> {
    let stored = Stored::read(settings);
    let mut problems = Problems(Vec::new());
    let site_url = site::normalize(site_url.unwrap_or_default()).ok_or(Problem::SiteUrl);
    let site_url = problems.value_or_default(site_url);
    let zoom_url = problems.value_or_default(read_url(stored.zoomurl, ZOOM_URL, Problem::ZoomUrl));
    let config = Config {
        site_url,
        zoom_api_url: problems.value_or_default(read_url(
            stored.zoomapiurl,
            hosts::default_api_url(&zoom_url),
            Problem::ZoomApiUrl,
        )),
        zoom_url,
        account_level: problems.value_or_default(read_boolean(
            &stored.accountlevelapp,
            Setting::AccountLevelApp,
        )),
        client_id: trimmed(
            problems.value_or_default(required(stored.oauthclientid, Problem::ClientId)),
        ),
        client_secret: trimmed(
            problems.value_or_default(required(stored.oauthclientsecret, Problem::ClientSecret)),
        ),
        encryption_key: problems.value_or_default(read_key(stored.encryptionkey)),
        webhook_secret: problems
            .value_or_default(required(stored.webhooksecret, Problem::WebhookSecret)),
        zoom_webhook_secret: trimmed(problems.value_or_default(required(
            stored.zoomwebhooksecret,
            Problem::ZoomWebhookSecret,
        ))),
        restrict_meeting_creation: problems.value_or_default(read_boolean(
            &stored.restrictmeetingcreation,
            Setting::RestrictMeetingCreation,
        )),
        post_recording_password: problems.value_or_default(read_boolean(
            &stored.enablepostingrecordingpassword,
            Setting::PostRecordingPasscodes,
        )),
    };
    if problems.0.is_empty() {
        Ok(config)
    } else {
        Err(problems.0)
    }
}

/// All problems, in the order of the settings.
struct Problems(Vec<Problem>);

impl Problems {
    /// The value, or the default after recording the problem.
    fn value_or_default<T: Default>(&mut self, checked: Result<T, Problem>) -> T {
        checked.unwrap_or_else(|problem| {
            self.0.push(problem);
            T::default()
        })
    }
}

/// The text of a setting. A number becomes its digits; any other type counts as blank. `problem` names the setting.
fn read_text(value: Value, problem: Problem) -> Result<String, Problem> {
    let text = match value {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    if is_masked(&text) {
        return Err(Problem::Masked(problem.setting()));
    }
    Ok(text)
}

fn is_masked(text: &str) -> bool {
    let text = text.trim();
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// A text that must not be blank.
fn required(value: Value, missing: Problem) -> Result<String, Problem> {
    let text = read_text(value, missing)?;
    if text.trim().is_empty() {
        return Err(missing);
    }
    Ok(text)
}

fn read_key(value: Value) -> Result<Vec<u8>, Problem> {
    let key = required(value, Problem::EncryptionKey)?.into_bytes();
    match key.len() {
        16 | 24 | 32 => Ok(key),
        _ => Err(Problem::EncryptionKeyLength),
    }
}

fn trimmed(text: String) -> String {
    if text.trim().len() == text.len() {
        return text;
    }
    text.trim().to_owned()
}

/// A boolean. Absent and blank values are false. Any other unreadable value is an error: treating it as false could change
/// the plugin's mode or lift a restriction without notice.
fn read_boolean(value: &Value, setting: Setting) -> Result<bool, Problem> {
    match value {
        Value::Null => Ok(false),
        Value::Bool(on) => Ok(*on),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" | "" => Ok(false),
            _ => Err(Problem::NotBoolean(setting)),
        },
        Value::Array(_) | Value::Object(_) => Err(Problem::NotBoolean(setting)),
    }
}

/// A URL of Zoom without trailing slashes; blank means `default`.
fn read_url(value: Value, default: &str, invalid: Problem) -> Result<String, Problem> {
    let text = read_text(value, invalid)?;
    let text = text.trim().trim_end_matches('/');
    // Most installations use the default, so skip parsing it for every event.
    if text.is_empty() || text == default {
        return Ok(default.to_owned());
    }
    if is_web_address(text) && !text.contains(['?', '#']) {
        Ok(text.to_owned())
    } else {
        Err(invalid)
    }
}
