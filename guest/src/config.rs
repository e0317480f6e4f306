//! Reads and checks the plugin's settings.
//!
//! Every event reads the settings again, so a corrected setting takes effect at once. All problems are reported together,
//! so that an administrator can correct them in one go.
//!
//! The server shows secrets as asterisks, and all settings of a plugin whose manifest it cannot read. If somebody saves
//! such a page, the asterisks become the value. This module rejects them before anything uses them: 32 asterisks would be
//! a valid encryption key.

mod mode;
mod problem;
#[cfg(test)]
pub(crate) mod tests;
mod values;

pub use mode::ConnectionMode;
pub use problem::{Problem, Setting, log_line, markdown_items, markdown_list};

use crate::bindings::config as host;
use crate::platform::site;
use crate::zoom::hosts;
use crate::zoom::hosts::ZOOM_URL;
use crate::zoom::token::App;
use serde::Deserialize;
use serde_json::Value;
use values::{read_boolean, read_text, required, trimmed};

pub use crate::zoom::hosts::is_web_address;

/// The route of the OAuth redirect URI.
pub const REDIRECT_PATH: &str = "/oauth2/complete";

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
    /// Who connects to Zoom, and for whom.
    pub mode: ConnectionMode,
    /// Zoom's ID of the organization's account. Empty, unless the mode is server-to-server.
    pub zoom_account_id: String,
}

impl Config {
    /// The public URL of one of the plugin's routes, such as `/oauth2/complete`.
    pub fn route(&self, path: &str) -> String {
        route_url(&self.site_url, path)
    }

    /// The OAuth redirect URI. Zoom compares it literally with the one in the Zoom app.
    pub fn redirect_uri(&self) -> String {
        self.route(REDIRECT_PATH)
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
    connectionmode: Value,
    zoomaccountid: Value,
}

impl Stored {
    /// The host always passes a JSON object.
    fn read(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// Each setting with its value, or the problem with it. A plugin that is only partly configured works as far as it can:
/// webhooks need their two secrets, and the setup needs nothing. There is no `Debug`: it would show secrets.
pub struct Partial {
    /// Like [`Config::site_url`].
    pub site_url: Result<String, Problem>,
    /// Like [`Config::zoom_url`].
    pub zoom_url: Result<String, Problem>,
    /// Like [`Config::zoom_api_url`].
    pub zoom_api_url: Result<String, Problem>,
    /// Like [`Config::mode`].
    pub mode: Result<ConnectionMode, Vec<Problem>>,
    /// Whether somebody chose the mode, instead of leaving it to the setting of earlier versions.
    pub mode_is_chosen: bool,
    /// Like [`Config::zoom_account_id`].
    pub zoom_account_id: Result<String, Problem>,
    /// Like [`Config::client_id`].
    pub client_id: Result<String, Problem>,
    /// Like [`Config::client_secret`].
    pub client_secret: Result<String, Problem>,
    /// Like [`Config::encryption_key`].
    pub encryption_key: Result<Vec<u8>, Problem>,
    /// Like [`Config::webhook_secret`].
    pub webhook_secret: Result<String, Problem>,
    /// Like [`Config::zoom_webhook_secret`].
    pub zoom_webhook_secret: Result<String, Problem>,
    /// Like [`Config::restrict_meeting_creation`].
    pub restrict_meeting_creation: Result<bool, Problem>,
    /// Like [`Config::post_recording_password`].
    pub post_recording_password: Result<bool, Problem>,
}

impl Partial {
    /// Checks settings as the server stores them, a JSON object.
    fn parse(settings: &str, site_url: Option<&str>) -> Self {
        let stored = Stored::read(settings);
        let zoom_url = read_url(stored.zoomurl, ZOOM_URL, Problem::ZoomUrl);
        let mode = mode::read_mode(&stored.connectionmode, &stored.accountlevelapp);
        let default_api_url = hosts::default_api_url(zoom_url.as_deref().unwrap_or_default());
        Self {
            site_url: site::normalize(site_url.unwrap_or_default()).ok_or(Problem::SiteUrl),
            zoom_api_url: read_url(stored.zoomapiurl, default_api_url, Problem::ZoomApiUrl),
            zoom_url,
            mode_is_chosen: mode::is_chosen(&stored.connectionmode),
            zoom_account_id: read_account_id(
                stored.zoomaccountid,
                mode.as_ref().copied().unwrap_or_default(),
            ),
            mode,
            client_id: required(stored.oauthclientid, Problem::ClientId).map(trimmed),
            client_secret: required(stored.oauthclientsecret, Problem::ClientSecret).map(trimmed),
            encryption_key: read_key(stored.encryptionkey),
            webhook_secret: required(stored.webhooksecret, Problem::WebhookSecret),
            zoom_webhook_secret: required(stored.zoomwebhooksecret, Problem::ZoomWebhookSecret)
                .map(trimmed),
            restrict_meeting_creation: read_boolean(
                &stored.restrictmeetingcreation,
                Setting::RestrictMeetingCreation,
            ),
            post_recording_password: read_boolean(
                &stored.enablepostingrecordingpassword,
                Setting::PostRecordingPasscodes,
            ),
        }
    }

    /// The settings, if none has a problem. Otherwise all problems, in the order of the settings.
    pub fn complete(self) -> Result<Config, Vec<Problem>> {
        let mut problems = Problems(Vec::new());
        let config = Config {
            site_url: problems.value_or_default(self.site_url),
            zoom_url: problems.value_or_default(self.zoom_url),
            zoom_api_url: problems.value_or_default(self.zoom_api_url),
            mode: self.mode.unwrap_or_else(|found| {
                problems.0.extend(found);
                ConnectionMode::default()
            }),
            zoom_account_id: problems.value_or_default(self.zoom_account_id),
            client_id: problems.value_or_default(self.client_id),
            client_secret: problems.value_or_default(self.client_secret),
            encryption_key: problems.value_or_default(self.encryption_key),
            webhook_secret: problems.value_or_default(self.webhook_secret),
            zoom_webhook_secret: problems.value_or_default(self.zoom_webhook_secret),
            restrict_meeting_creation: problems.value_or_default(self.restrict_meeting_creation),
            post_recording_password: problems.value_or_default(self.post_recording_password),
        };
        if problems.0.is_empty() {
            Ok(config)
        } else {
            Err(problems.0)
        }
    }
}

/// The settings at the start of this event.
pub fn load() -> Result<Config, Vec<Problem>> {
    load_partial().complete()
}

/// The settings at the start of this event, each with its value or its problem.
pub fn load_partial() -> Partial {
    Partial::parse(&host::settings(), host::site_url().as_deref())
}

/// The public URL of one of the plugin's routes, such as `/oauth2/complete`, on the site with this URL.
pub fn route_url(site_url: &str, path: &str) -> String {
    format!("{site_url}/plugins/zoom{path}")
}

/// Who connects to Zoom. This also works while other settings are missing. If the settings cannot be read, this returns the
/// default and [`load`] reports the problem, so nothing runs in the wrong mode.
pub fn mode() -> ConnectionMode {
    let stored = Stored::read(&host::settings());
    mode::read_mode(&stored.connectionmode, &stored.accountlevelapp).unwrap_or_default()
}

/// Whether the plugin finds people in Zoom by email addresses that they may not own: the app is admin-managed, and this
/// server does not require verified addresses. In server-to-server mode, unverified addresses are never used.
pub fn trusts_unverified_addresses() -> bool {
    mode() == ConnectionMode::AdminManaged && !host::email_verification_required()
}

/// Checks settings as the server stores them, a JSON object.
pub fn parse(settings: &str, site_url: Option<&str>) -> Result<Config, Vec<Problem>> {
    Partial::parse(settings, site_url).complete()
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

/// Zoom's ID of the account, which only server-to-server mode needs.
fn read_account_id(value: Value, mode: ConnectionMode) -> Result<String, Problem> {
    let id = trimmed(read_text(value, Problem::ZoomAccountId)?);
    match id.is_empty() && mode.is_server_to_server() {
        true => Err(Problem::ZoomAccountId),
        false => Ok(id),
    }
}

fn read_key(value: Value) -> Result<Vec<u8>, Problem> {
    let key = required(value, Problem::EncryptionKey)?.into_bytes();
    match key.len() {
        16 | 24 | 32 => Ok(key),
        _ => Err(Problem::EncryptionKeyLength),
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
