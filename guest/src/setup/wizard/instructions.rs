//! The sentences and buttons of each step.

use crate::config::{self, ConnectionMode, Setting};
use crate::platform::site;
use crate::setup::addresses;
use crate::setup::scopes::{self, Feature, Scope};
use crate::setup::wizard::actions::Action;
use crate::setup::wizard::facts::{Facts, Step};
use crate::store::setup_record::Setup;
use crate::text::{self, Locale, Message};
use crate::zoom::event_subscription::EVENTS;

/// The name of a step.
pub fn label(step: Step) -> Message {
    match step {
        Step::Console => Message::SetupConsole,
        Step::Mode => Message::SetupMode,
        Step::App => Message::SetupApp,
        Step::Credentials => Message::SetupCredentials,
        Step::Secrets => Message::SetupSecrets,
        Step::Connect => Message::SetupConnect,
        Step::Events => Message::SetupEvents,
        Step::Announcement => Message::SetupAnnouncement,
        Step::Done => Message::SetupDone,
    }
}

/// The buttons of a step, in order.
pub fn actions(facts: &Facts, setup: &Setup, step: Step) -> Vec<Action> {
    match step {
        Step::Mode if facts.is_read_only => vec![Action::KeepMode, Action::Check],
        Step::Credentials | Step::Secrets if facts.is_read_only => vec![Action::Check],
        Step::Console => vec![Action::Check],
        Step::Mode => vec![Action::ChooseMode, Action::KeepMode],
        Step::App => match facts.mode {
            ConnectionMode::ServerToServer => vec![Action::AppCreated],
            _ => vec![Action::AppCreated, Action::Manifest],
        },
        Step::Credentials => vec![Action::EnterCredentials, Action::Check],
        Step::Secrets => vec![Action::Generate, Action::Check],
        Step::Connect => vec![Action::Connect, Action::Check],
        Step::Events if facts.mode.is_account_wide() && !setup.subscribed => {
            vec![Action::Subscribe, Action::Check, Action::SkipEvents]
        }
        Step::Events => vec![Action::Check, Action::SkipEvents],
        Step::Announcement => vec![Action::Announce, Action::SkipAnnouncement],
        Step::Done => Vec::new(),
    }
}

/// The text of a button.
pub fn button_label(action: Action, facts: &Facts, locale: Locale) -> String {
    let message = match action {
        Action::Check => Message::SetupButtonCheck,
        Action::ChooseMode => Message::SetupButtonChoose,
        Action::KeepMode => {
            let values = [("mode", mode_label(facts.mode))];
            return text::text(locale, Message::SetupButtonKeep, &values);
        }
        Action::AppCreated => Message::SetupButtonCreated,
        Action::Manifest => Message::SetupButtonManifest,
        Action::EnterCredentials => Message::SetupButtonCredentials,
        Action::Generate => Message::SetupButtonGenerate,
        Action::Connect if facts.mode.is_server_to_server() => Message::SetupButtonTest,
        Action::Connect => Message::SetupButtonConnect,
        Action::Subscribe => Message::SetupButtonSubscribe,
        Action::SkipEvents | Action::SkipAnnouncement => Message::SetupButtonSkip,
        Action::Announce => Message::SetupMenuChannel,
        Action::HandOver => Message::SetupMenuUser,
        Action::Cancel => Message::SetupButtonCancel,
    };
    text::plain(locale, message)
}

/// The instructions of a step, and where to change its settings if this server does not save settings.
pub fn text_of(facts: &Facts, setup: &Setup, step: Step, locale: Locale) -> String {
    let text = instructions(facts, setup, step, locale);
    let settings = match step {
        Step::Mode => &[Setting::ConnectionMode][..],
        Step::Credentials => &facts.credentials,
        Step::Secrets => &facts.secrets,
        _ => &[],
    };
    match facts.is_read_only && !settings.is_empty() {
        true => format!("{text}\n\n{}", read_only(settings, locale)),
        false => text,
    }
}

/// The sentence that says where to change settings of a read-only configuration.
pub fn read_only(settings: &[Setting], locale: Locale) -> String {
    let keys: Vec<_> = settings
        .iter()
        .map(|one| one.key().to_lowercase())
        .collect();
    let keys = code_list(keys.iter().map(String::as_str));
    text::text(locale, Message::SetupReadOnly, &[("keys", &keys)])
}

fn instructions(facts: &Facts, setup: &Setup, step: Step, locale: Locale) -> String {
    let say = |message, values: &[(&str, &str)]| text::text(locale, message, values);
    let guide = site::guide_url("zoom-app.html");
    let guide = ("guide", guide.as_str());
    match step {
        Step::Console => {
            let problems = config::markdown_items(locale, &facts.console);
            say(Message::SetupConsoleText, &[("problems", &problems)])
        }
        Step::Mode => {
            let mode = ("mode", mode_label(facts.mode));
            say(Message::SetupModeText, &[mode, guide])
        }
        Step::App => app_text(facts, locale, guide),
        Step::Credentials => {
            let settings = labels(&facts.credentials);
            say(
                Message::SetupCredentialsText,
                &[("settings", &settings), guide],
            )
        }
        Step::Secrets => {
            let settings = labels(&facts.secrets);
            say(Message::SetupSecretsText, &[("settings", &settings)])
        }
        Step::Connect => {
            let message = match facts.mode {
                ConnectionMode::UserManaged => Message::SetupConnectUser,
                ConnectionMode::AdminManaged => Message::SetupConnectAdmin,
                ConnectionMode::ServerToServer => Message::SetupConnectServer,
            };
            say(message, &[])
        }
        Step::Events if setup.subscribed => say(Message::SetupEventsSubscribed, &[guide]),
        Step::Events => {
            let address = addresses::webhook(&facts.site, "WEBHOOK-URL-SECRET");
            let events = code_list(EVENTS.into_iter());
            let manual = say(
                Message::SetupEventsText,
                &[("url", &address), ("events", &events), guide],
            );
            match facts.mode.is_account_wide() {
                true => format!("{manual}\n\n{}", say(Message::SetupEventsApi, &[])),
                false => manual,
            }
        }
        Step::Announcement => say(Message::SetupAnnouncementText, &[]),
        Step::Done => say(Message::SetupDoneText, &[]),
    }
}

fn app_text(facts: &Facts, locale: Locale, guide: (&str, &str)) -> String {
    let scopes = scopes::needed(facts.mode, &[Feature::Recordings]);
    let names = |optional| {
        let chosen = scopes
            .iter()
            .filter(|scope: &&Scope| scope.optional == optional);
        code_list(chosen.map(|scope| scope.name.as_str()))
    };
    let (needed, optional) = (names(false), names(true));
    let scopes = [("scopes", needed.as_str()), ("optional", optional.as_str())];
    if facts.mode.is_server_to_server() {
        let subscription = code_list(std::iter::once(scopes::EVENT_SUBSCRIPTION));
        let values = [&scopes[..], &[("subscription", &subscription), guide]].concat();
        return text::text(locale, Message::SetupAppServer, &values);
    }
    let kind = mode_label(facts.mode);
    let redirect = addresses::redirect(&facts.site);
    let values = [
        &scopes[..],
        &[("kind", kind), ("redirect", &redirect), guide],
    ]
    .concat();
    text::text(locale, Message::SetupAppGeneral, &values)
}

/// The name of a mode in the System Console and in Zoom, where labels are in English only.
fn mode_label(mode: ConnectionMode) -> &'static str {
    match mode {
        ConnectionMode::UserManaged => "User-managed",
        ConnectionMode::AdminManaged => "Admin-managed",
        ConnectionMode::ServerToServer => "Server-to-server",
    }
}

fn labels(settings: &[Setting]) -> String {
    let labels = settings
        .iter()
        .map(|setting| format!("**{}**", setting.label()));
    labels.collect::<Vec<_>>().join(", ")
}

fn code_list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words = words.map(|word| format!("`{word}`"));
    words.collect::<Vec<_>>().join(", ")
}
