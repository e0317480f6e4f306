//! The environment that the process keeps.
//!
//! The server hands its own to every plugin, with what administrators put there, such as the address of the database
//! with its password. A component never sees it; what somebody would find who broke out of the sandbox is what the
//! process still has. To forget a variable is not enough, as its text stays in memory. So the process starts itself
//! anew in its own place, with what it has a use for, before it does anything else. Where it cannot, it says so and
//! goes on.

use std::ffi::OsStr;

/// Variables by their names.
const KEPT: [&str; 13] = [
    // Who started it, and where its socket is to be.
    "MATTERMOST_PLUGIN",
    "TMPDIR",
    // By which way and with which authorities requests go out.
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
/// And by what they begin with: what the server says to a plugin, and what the loader of macOS goes by.
const KEPT_PREFIXES: [&str; 2] = ["PLUGIN_", "DYLD_"];

fn is_kept(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| {
        KEPT.contains(&name) || KEPT_PREFIXES.iter().any(|begin| name.starts_with(begin))
    })
}

/// Starts the executable anew without what it has no use for, unless there is nothing of that. Answers only if that
/// was so or could not be done, with what kept it from it.
pub(crate) fn reduce() -> Result<(), std::io::Error> {
    let (kept, others): (Vec<_>, Vec<_>) = std::env::vars_os().partition(|(name, _)| is_kept(name));
    if others.is_empty() {
        return Ok(());
    }
    reexec::start(kept)
}

#[cfg(unix)]
#[path = "reexec.rs"]
mod reexec;

/// A process of this system cannot become another.
#[cfg(not(unix))]
mod reexec {
    use std::ffi::OsString;

    pub(super) fn start(_: Vec<(OsString, OsString)>) -> Result<(), std::io::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_kept;

    #[test]
    fn what_the_server_has_for_itself_is_not_kept() {
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
