//! The environment variables that the process keeps.
//!
//! The server passes its own environment to every plugin, with what administrators put there, such as the database address with
//! its password. A component never sees it, but an attacker who broke out of the sandbox would. Removing a variable is
//! not enough, because its text stays in memory. The process therefore first executes itself again with only the
//! variables it needs. If that fails, it logs a warning and continues.

use std::ffi::OsStr;

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

/// Executes the program again without the variables it does not need. Returns if there are none, or on failure.
pub(crate) fn remove_unused() -> Result<(), std::io::Error> {
    let (kept, others): (Vec<_>, Vec<_>) = std::env::vars_os().partition(|(name, _)| is_kept(name));
    if others.is_empty() {
        return Ok(());
    }
    reexec::reexec(kept)
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
    use super::is_kept;

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
}
