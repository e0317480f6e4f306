//! The facts that decide which step is next.

use crate::bindings::config::{self as host, Source};
use crate::bindings::types::Error;
use crate::config::{ConnectionMode, Partial, Problem, Setting};
use crate::setup::webhook_status;
use crate::store::setup_record::Setup;
use crate::store::{accounts, organization};

/// A step, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Correct settings that only the System Console can change.
    Console,
    /// Choose how people connect.
    Mode,
    /// Create the app in Zoom.
    App,
    /// Enter its credentials.
    Credentials,
    /// Generate the plugin's own secrets.
    Secrets,
    /// Connect, or let Zoom check the credentials.
    Connect,
    /// Subscribe to events.
    Events,
    /// Announce the plugin in a channel.
    Announcement,
    /// Nothing is left.
    Done,
}

impl Step {
    /// The steps of the list in the message.
    pub const LISTED: [Step; 7] = [
        Step::Mode,
        Step::App,
        Step::Credentials,
        Step::Secrets,
        Step::Connect,
        Step::Events,
        Step::Announcement,
    ];

    /// The name, for buttons and audit records.
    pub fn name(self) -> &'static str {
        match self {
            Step::Console => "console",
            Step::Mode => "mode",
            Step::App => "app",
            Step::Credentials => "credentials",
            Step::Secrets => "secrets",
            Step::Connect => "connect",
            Step::Events => "events",
            Step::Announcement => "announcement",
            Step::Done => "done",
        }
    }
}

/// The facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The Site URL, or empty.
    pub site: String,
    /// The connection mode.
    pub mode: ConnectionMode,
    /// Whether somebody chose it.
    pub mode_is_chosen: bool,
    /// Whether this server does not save settings: the configuration comes from a read-only file or the environment.
    pub is_read_only: bool,
    /// Problems that only the System Console can correct.
    pub console: Vec<Problem>,
    /// The credentials that are missing or not valid.
    pub credentials: Vec<Setting>,
    /// The plugin's secrets that are missing or not valid.
    pub secrets: Vec<Setting>,
    /// Whether a connection is stored.
    pub is_connected: bool,
    /// Whether Zoom has validated the webhook's URL or delivered an event.
    pub receives_events: bool,
}

impl Facts {
    /// The facts for this setup.
    pub fn load(settings: &Partial, setup: &Setup) -> Result<Facts, Error> {
        let mode = settings.mode.as_ref().copied().unwrap_or_default();
        let is_connected = match mode {
            ConnectionMode::UserManaged => accounts::load_summary(&setup.user_id)?.is_some(),
            ConnectionMode::AdminManaged => organization::load_origin()?.is_some(),
            // The credentials are checked once in each setup.
            ConnectionMode::ServerToServer => false,
        };
        // Requests with the secrets of before prove nothing.
        let since = setup.secrets_changed_at;
        let webhooks = webhook_status::read()?;
        let accepted = webhooks.accepted.is_some_and(|(at, _)| at >= since);
        let validated = webhooks.validated;
        let validated = validated.is_some_and(|(at, signed)| signed && at >= since);
        let receives_events = accepted || validated || setup.validated_at > 0;
        Ok(Facts {
            is_read_only: host::settings_source() != Source::Server,
            is_connected: is_connected || setup.connected == mode.value(),
            receives_events,
            ..Facts::of(settings)
        })
    }

    /// The facts that the settings show.
    fn of(settings: &Partial) -> Facts {
        let broken = |problems: &[Option<Problem>]| -> Vec<Setting> {
            let problems = problems.iter().flatten();
            problems.map(|problem| problem.setting()).collect()
        };
        let unset = [
            settings.site_url.as_ref().err(),
            settings.zoom_url.as_ref().err(),
            settings.zoom_api_url.as_ref().err(),
            settings.restrict_meeting_creation.as_ref().err(),
            settings.post_recording_password.as_ref().err(),
        ];
        let mode = settings.mode.as_ref().err().into_iter().flatten();
        Facts {
            site: settings.site_url.as_ref().cloned().unwrap_or_default(),
            mode: settings.mode.as_ref().copied().unwrap_or_default(),
            mode_is_chosen: settings.mode_is_chosen,
            is_read_only: false,
            console: unset.into_iter().flatten().chain(mode).copied().collect(),
            credentials: broken(&[
                settings.zoom_account_id.as_ref().err().copied(),
                settings.client_id.as_ref().err().copied(),
                settings.client_secret.as_ref().err().copied(),
                settings.zoom_webhook_secret.as_ref().err().copied(),
            ]),
            secrets: broken(&[
                settings.encryption_key.as_ref().err().copied(),
                settings.webhook_secret.as_ref().err().copied(),
            ]),
            is_connected: false,
            receives_events: false,
        }
    }

    /// Whether a step is finished. A later step may be finished first.
    pub fn has_finished(&self, step: Step, setup: &Setup) -> bool {
        match step {
            Step::Console => self.console.is_empty(),
            Step::Mode => self.mode_is_chosen || setup.mode_kept || self.credentials.is_empty(),
            Step::App => setup.app_created || !self.credentials.contains(&Setting::ClientId),
            Step::Credentials => self.credentials.is_empty(),
            Step::Secrets => self.secrets.is_empty(),
            Step::Connect => self.is_connected,
            Step::Events => self.receives_events || setup.events_skipped,
            Step::Announcement => setup.announced,
            Step::Done => false,
        }
    }

    /// The first step that is not finished.
    pub fn step(&self, setup: &Setup) -> Step {
        std::iter::once(Step::Console)
            .chain(Step::LISTED)
            .find(|step| !self.has_finished(*step, setup))
            .unwrap_or(Step::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The facts of a plugin without settings.
    fn nothing() -> Facts {
        Facts {
            site: "https://chat.example.com".to_owned(),
            mode: ConnectionMode::UserManaged,
            mode_is_chosen: false,
            is_read_only: false,
            console: Vec::new(),
            credentials: vec![
                Setting::ClientId,
                Setting::ClientSecret,
                Setting::ZoomWebhookSecret,
            ],
            secrets: vec![Setting::EncryptionKey, Setting::WebhookSecret],
            is_connected: false,
            receives_events: false,
        }
    }

    #[test]
    fn each_step_leads_to_the_next() {
        let (mut facts, mut setup) = (nothing(), Setup::default());
        facts.console = vec![Problem::SiteUrl];
        assert_eq!(facts.step(&setup), Step::Console);
        facts.console.clear();
        assert_eq!(facts.step(&setup), Step::Mode);
        setup.mode_kept = true;
        assert_eq!(facts.step(&setup), Step::App);
        setup.app_created = true;
        assert_eq!(facts.step(&setup), Step::Credentials);
        facts.credentials.clear();
        assert_eq!(facts.step(&setup), Step::Secrets);
        facts.secrets.clear();
        assert_eq!(facts.step(&setup), Step::Connect);
        facts.is_connected = true;
        assert_eq!(facts.step(&setup), Step::Events);
        facts.receives_events = true;
        assert_eq!(facts.step(&setup), Step::Announcement);
        setup.announced = true;
        assert_eq!(facts.step(&setup), Step::Done);
    }

    #[test]
    fn settings_that_are_already_there_finish_their_steps() {
        let setup = Setup::default();
        let configured = Facts {
            credentials: Vec::new(),
            secrets: Vec::new(),
            ..nothing()
        };
        assert_eq!(configured.step(&setup), Step::Connect);
        let chosen = Facts {
            mode_is_chosen: true,
            credentials: vec![Setting::ZoomWebhookSecret],
            ..nothing()
        };
        assert_eq!(chosen.step(&setup), Step::Credentials);
    }
}
