//! How the plugin gets access to Zoom.

use super::problem::{Problem, Setting};
use super::values::{is_masked, read_boolean};
use serde_json::Value;

/// Who connects to Zoom, and for whom.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// Everyone connects their own Zoom account.
    #[default]
    UserManaged,
    /// One system admin connects the organization's Zoom account for everyone.
    AdminManaged,
    /// The plugin signs in with the app's credentials. Nobody connects anything.
    ServerToServer,
}

impl ConnectionMode {
    /// Whether one access serves everyone, so that people are found in Zoom by their email address.
    pub fn is_account_wide(self) -> bool {
        self != ConnectionMode::UserManaged
    }

    /// Whether the app's credentials give access, without anybody's consent.
    pub fn is_server_to_server(self) -> bool {
        self == ConnectionMode::ServerToServer
    }

    /// The value of the setting `ConnectionMode`.
    pub fn value(self) -> &'static str {
        match self {
            ConnectionMode::UserManaged => "user-managed",
            ConnectionMode::AdminManaged => "admin-managed",
            ConnectionMode::ServerToServer => "server-to-server",
        }
    }
}

/// All modes.
const MODES: [ConnectionMode; 3] = [
    ConnectionMode::UserManaged,
    ConnectionMode::AdminManaged,
    ConnectionMode::ServerToServer,
];
/// The default of the setting `ConnectionMode`. The server gives an installation that never chose a mode this value, and
/// the System Console can show it. An option of a list cannot have an empty value.
const DERIVED: &str = "account-level-app";

/// Whether the setting `ConnectionMode` decides.
pub(super) fn is_chosen(chosen: &Value) -> bool {
    match chosen {
        Value::Null => false,
        Value::String(text) => !is_default(text.trim()),
        _ => true,
    }
}

fn is_default(text: &str) -> bool {
    text.is_empty() || text.eq_ignore_ascii_case(DERIVED)
}

/// The mode of the settings `ConnectionMode` and `AccountLevelApp`. The second decides while the first is absent, blank, or
/// its default, so that an installation from before keeps its mode. Otherwise its value does not matter.
pub(super) fn read_mode(
    chosen: &Value,
    account_level: &Value,
) -> Result<ConnectionMode, Vec<Problem>> {
    let derived = || {
        let account_level = read_boolean(account_level, Setting::AccountLevelApp)?;
        Ok(match account_level {
            true => ConnectionMode::AdminManaged,
            false => ConnectionMode::UserManaged,
        })
    };
    let text = match chosen {
        Value::Null => "",
        Value::String(text) => text.trim(),
        _ => "?",
    };
    if is_default(text) {
        return derived().map_err(|problem| vec![problem]);
    }
    let mode = MODES
        .into_iter()
        .find(|mode| text.eq_ignore_ascii_case(mode.value()));
    mode.ok_or_else(|| {
        let problem = match is_masked(text) {
            true => Problem::Masked(Setting::ConnectionMode),
            false => Problem::ConnectionMode,
        };
        // The other setting may have to be corrected too, because the same page saved both.
        std::iter::once(problem).chain(derived().err()).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_manifest_offers_all_modes_and_the_default_keeps_the_mode_of_earlier_settings() {
        let manifest: Value = serde_json::from_str(include_str!("../../../plugin.json")).unwrap();
        let sections = manifest["settings_schema"]["sections"].as_array().unwrap();
        let settings = |section: &Value| section["settings"].as_array().cloned().unwrap();
        let mut settings = sections.iter().flat_map(settings);
        let setting = settings.find(|one| one["key"] == "ConnectionMode").unwrap();
        assert_eq!(setting["default"], DERIVED);
        let options = setting["options"].as_array().unwrap();
        let values: Vec<_> = options.iter().map(|one| one["value"].clone()).collect();
        let modes = MODES.map(|mode| json!(mode.value()));
        assert_eq!(values, [&[json!(DERIVED)], &modes[..]].concat());
        for value in [setting["default"].clone(), json!(null), json!("  ")] {
            assert!(!is_chosen(&value));
            let mode = |account_level: Value| read_mode(&value, &account_level);
            assert_eq!(mode(json!(true)), Ok(ConnectionMode::AdminManaged));
            assert_eq!(mode(json!("false")), Ok(ConnectionMode::UserManaged));
            assert_eq!(mode(json!(null)), Ok(ConnectionMode::UserManaged));
            let unreadable = vec![Problem::NotBoolean(Setting::AccountLevelApp)];
            assert_eq!(mode(json!("***")), Err(unreadable));
        }
    }

    #[test]
    fn a_chosen_mode_overrides_the_account_level_whatever_that_is() {
        for mode in MODES {
            for account_level in [json!(true), json!(false), json!("***"), json!(null)] {
                let chosen = format!(" {} ", mode.value().to_uppercase());
                assert_eq!(read_mode(&json!(chosen), &account_level), Ok(mode));
                assert!(is_chosen(&json!(chosen)));
            }
        }
    }

    #[test]
    fn f29_an_unknown_mode_is_reported_and_never_guessed() {
        for odd in [
            json!("user"),
            json!(true),
            json!(3),
            json!(["admin-managed"]),
        ] {
            assert_eq!(
                read_mode(&odd, &json!(true)),
                Err(vec![Problem::ConnectionMode])
            );
        }
        assert_eq!(
            read_mode(&json!("********"), &json!("********")),
            Err(vec![
                Problem::Masked(Setting::ConnectionMode),
                Problem::NotBoolean(Setting::AccountLevelApp)
            ])
        );
    }
}
