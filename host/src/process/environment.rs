//! The environment variables that the process keeps.
//!
//! The server passes its own environment to every plugin, with what administrators put there, such as the database address with
//! its password. A component never sees it, but an attacker who broke out of the sandbox would. Removing a variable is
//! not enough, because its text stays in memory. The process therefore first executes itself again with only the
//! variables it needs. If that fails, it logs a warning and continues.

use std::ffi::OsStr;

use crate::settings::SettingsEnvironment;

/// Variables that are kept.
const KEPT: [&str; 13] = [
    // The start by the server, and the folder of the socket.
    "MATTERMOST_PLUGIN",
    "TMPDIR",
    // Proxies and certificates for outgoing requests.
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "RUST_BACKTRACE",
];
/// Prefixes of variables that are kept: the server's for plugins, and the macOS loader's.
const KEPT_PREFIXES: [&str; 2] = ["PLUGIN_", "DYLD_"];

fn is_kept(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|begin| name.starts_with(begin))
    })
}

/// The variable that keeps [`SettingsEnvironment`] when the others are removed.
const FACTS: &str = "PLUGIN_HOST_SETTINGS";

const IN_DATABASE: &str = "database";
const REPLACED: &str = "replaced";

/// Executes the program again without the variables it does not need. Returns if there are none, or on failure.
pub(crate) fn remove_unused() -> Result<(), std::io::Error> {
    let (mut kept, others): (Vec<_>, Vec<_>) =
        std::env::vars_os().partition(|(name, _)| is_kept(name));
    if others.is_empty() {
        return Ok(());
    }
    kept.retain(|(name, _)| name != FACTS);
    let facts = facts(others.iter().map(|(name, value)| (&**name, &**value)));
    kept.push((FACTS.into(), written(facts).into()));
    reexec::reexec(kept)
}

/// What the server's environment says about the settings of plugins.
pub(crate) fn settings_environment() -> SettingsEnvironment {
    match std::env::var(FACTS) {
        Ok(text) => read(&text),
        // The variables were not removed.
        Err(_) => {
            let all: Vec<_> = std::env::vars_os().collect();
            facts(all.iter().map(|(name, value)| (&**name, &**value)))
        }
    }
}

/// The server compares names in upper case.
fn facts<'a>(variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>) -> SettingsEnvironment {
    let mut facts = SettingsEnvironment::default();
    for (name, value) in variables {
        if name.eq_ignore_ascii_case("MM_PLUGINSETTINGS_PLUGINS") {
            facts.replaces_settings = true;
        } else if name.eq_ignore_ascii_case("MM_CONFIG") {
            let value = value.to_string_lossy();
            facts.configuration_in_database = ["mysql://", "postgres://", "postgresql://"]
                .iter()
                .any(|scheme| value.trim_start().starts_with(scheme));
        }
    }
    facts
}

fn written(facts: SettingsEnvironment) -> String {
    let database = facts.configuration_in_database.then_some(IN_DATABASE);
    let replaced = facts.replaces_settings.then_some(REPLACED);
    let words: Vec<_> = database.into_iter().chain(replaced).collect();
    words.join(" ")
}

fn read(text: &str) -> SettingsEnvironment {
    let has = |word: &str| text.split(' ').any(|one| one == word);
    SettingsEnvironment {
        configuration_in_database: has(IN_DATABASE),
        replaces_settings: has(REPLACED),
    }
}

#[cfg(unix)]
#[path = "reexec.rs"]
mod reexec;

/// This system cannot replace a running program.
#[cfg(not(unix))]
mod reexec {
    use std::ffi::OsString;

    pub(super) fn reexec(_: Vec<(OsString, OsString)>) -> Result<(), std::io::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_server_are_not_kept() {
        for name in [
            "MM_SQLSETTINGS_DATASOURCE",
            "MM_CONFIG",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "HOME",
            "PATH",
            "LD_PRELOAD",
        ] {
            assert!(!is_kept(name.as_ref()), "{name}");
        }
        for name in ["MATTERMOST_PLUGIN", "PLUGIN_MIN_PORT", "https_proxy"] {
            assert!(is_kept(name.as_ref()), "{name}");
        }
    }

    #[test]
    fn the_environment_says_where_settings_are_changed() {
        let of = |variables: &[(&str, &str)]| {
            let variables = variables.iter();
            facts(variables.map(|(name, value)| (name.as_ref(), value.as_ref())))
        };
        let facts = |configuration_in_database, replaces_settings| SettingsEnvironment {
            configuration_in_database,
            replaces_settings,
        };
        for (variables, expected) in [
            (&[][..], facts(false, false)),
            (
                &[("MM_CONFIG", "postgres://mm:secret@db/mm")],
                facts(true, false),
            ),
            (&[("MM_CONFIG", "/etc/mm/config.json")], facts(false, false)),
            (&[("mm_PluginSettings_Plugins", "{}")], facts(false, true)),
            (
                &[
                    ("MM_CONFIG", "mysql://x"),
                    ("MM_PLUGINSETTINGS_PLUGINS", ""),
                ],
                facts(true, true),
            ),
            (&[("MM_PLUGINSETTINGS_ENABLE", "true")], facts(false, false)),
        ] {
            assert_eq!(of(variables), expected, "{variables:?}");
            assert_eq!(read(&written(expected)), expected);
        }
    }
}
