//! The administrator's settings, checked.
//!
//! Every event reads the settings again, so a corrected setting takes effect at once. All problems are reported
//! together, because an administrator who fills in the settings wants the whole list.
//!
//! The server masks secrets with asterisks when it shows its configuration, and all settings of a plugin whose manifest
//! it cannot read. If such a page is saved, the asterisks become the value. They are refused here before anything uses
//! them: a key of 32 asterisks would be a valid key.

mod problem;
#[cfg(test)]
pub(crate) mod tests;

pub use problem::{Problem, Setting, list, sentence};

use crate::bindings::config as host;
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
    /// The public URL of one of our routes, such as `/oauth2/complete`.
    pub fn route(&self, path: &str) -> String {
        format!("{}/plugins/zoom{path}", self.site_url)
    }

    /// The OAuth redirect URI. Zoom compares it literally with the one in the Zoom app.
    pub fn redirect_uri(&self) -> String {
        self.route("/oauth2/complete")
    }

    /// The base of authorization and token requests.
    pub fn accounts_url(&self) -> &str {
        hosts::accounts(&self.zoom_url)
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

    /// Whether an address leads to a host of Zoom (see [`hosts`]).
    pub fn is_zooms(&self, address: &str) -> bool {
        hosts::is_zooms(address, &[&self.zoom_url, &self.zoom_api_url])
    }
}

/// Settings as the server stores them, with their keys in lower case. Their types are checked at use: some deployments
/// store booleans as text, because they come from environment variables.
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

/// The settings as they were when this event began.
pub fn load() -> Result<Config, Vec<Problem>> {
    parse(&host::settings(), host::site_url().as_deref())
}

/// The URL of a guide, which the bundle contains. Also works while other settings are missing; none without a Site URL.
pub fn guide_url(page: &str) -> Option<String> {
    let site = site(&host::site_url()?).ok()?;
    Some(format!("{site}/plugins/zoom/public/docs/{page}"))
}

/// Whether one connection serves everyone. Also works while other settings are missing. False if the setting cannot be
/// read; [`load`] then reports it, so that nothing runs in the wrong mode.
pub fn is_account_level() -> bool {
    let stored = Stored::read(&host::settings());
    boolean(&stored.accountlevelapp, Setting::AccountLevelApp).unwrap_or(false)
}

/// Whether people are found in Zoom by email addresses that they may not own, because this server does not require
/// verified addresses.
pub fn trusts_unverified_addresses() -> bool {
    is_account_level() && !host::email_verification_required()
}

/// Checks settings as the server stores them, a JSON object.
pub fn parse(settings: &str, site_url: Option<&str>) -> Result<Config, Vec<Problem>> {
    let stored = Stored::read(settings);
    let mut problems = Problems(Vec::new());
    let site_url = problems.without(site(site_url.unwrap_or_default()));
    let zoom_url = problems.without(url(stored.zoomurl, ZOOM_URL, Problem::ZoomUrl));
    let config = Config {
        site_url,
        zoom_api_url: problems.without(url(
            stored.zoomapiurl,
            hosts::default_api(&zoom_url),
            Problem::ZoomApiUrl,
        )),
        zoom_url,
        account_level: problems.without(boolean(&stored.accountlevelapp, Setting::AccountLevelApp)),
        client_id: trimmed(problems.without(required(stored.oauthclientid, Problem::ClientId))),
        client_secret: trimmed(
            problems.without(required(stored.oauthclientsecret, Problem::ClientSecret)),
        ),
        encryption_key: problems.without(key(stored.encryptionkey)),
        webhook_secret: problems.without(required(stored.webhooksecret, Problem::WebhookSecret)),
        zoom_webhook_secret: trimmed(problems.without(required(
            stored.zoomwebhooksecret,
            Problem::ZoomWebhookSecret,
        ))),
        restrict_meeting_creation: problems.without(boolean(
            &stored.restrictmeetingcreation,
            Setting::RestrictMeetingCreation,
        )),
        post_recording_password: problems.without(boolean(
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
    /// The value, or a placeholder after its problem was noted.
    fn without<T: Default>(&mut self, checked: Result<T, Problem>) -> T {
        checked.unwrap_or_else(|problem| {
            self.0.push(problem);
            T::default()
        })
    }
}

/// The text of a setting; a number is its digits, and any other type is blank. `problem` names the setting.
fn text_of(value: Value, problem: Problem) -> Result<String, Problem> {
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

/// A text that cannot be blank.
fn required(value: Value, missing: Problem) -> Result<String, Problem> {
    let text = text_of(value, missing)?;
    if text.trim().is_empty() {
        return Err(missing);
    }
    Ok(text)
}

fn key(value: Value) -> Result<Vec<u8>, Problem> {
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

/// A boolean; absent and blank values are false. A value that cannot be read is an error: reading it as false would
/// change the mode of the plugin or lift a restriction without notice.
fn boolean(value: &Value, setting: Setting) -> Result<bool, Problem> {
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
fn url(value: Value, default: &str, invalid: Problem) -> Result<String, Problem> {
    let text = text_of(value, invalid)?;
    let text = text.trim().trim_end_matches('/');
    // Most installations have the default, which need not be parsed for every event.
    if text.is_empty() || text == default {
        return Ok(default.to_owned());
    }
    if is_web_address(text) && !text.contains(['?', '#']) {
        Ok(text.to_owned())
    } else {
        Err(invalid)
    }
}

/// The server's URL without trailing slashes. Scheme and host are in lower case, because Zoom compares the redirect URI
/// literally and browsers send the host in lower case. The case of a path matters.
fn site(text: &str) -> Result<String, Problem> {
    let text = text.trim().trim_end_matches('/');
    if text.is_empty() {
        return Err(Problem::SiteUrl);
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok(text.to_owned());
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Ok(format!(
        "{}://{}{path}",
        scheme.to_lowercase(),
        host.to_lowercase()
    ))
}
