//! What the server says through the environment, and the line that answers it.

use std::env;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::{Error, Listening};

/// Proves nothing; tells a server that starts a plugin from a person who runs a file.
const COOKIE: (&str, &str) = ("MATTERMOST_PLUGIN", "Securely message teams, anywhere.");
/// Versions of the plugin protocol spoken here.
const VERSIONS: [u32; 1] = [1];

/// What is known about the server before it connects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Directories that may hold the socket, the best first.
    pub(super) directories: Vec<PathBuf>,
    /// Name or number of the group that may use the socket.
    pub(super) group: Option<String>,
    /// Ports that may be listened at, where there are no sockets in directories.
    #[cfg_attr(unix, allow(dead_code, reason = "for Windows"))]
    pub(super) ports: RangeInclusive<u16>,
    /// The protocol version to announce.
    pub(super) version: u32,
}

impl Handshake {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPlugin`] if it was not started by a Mattermost server.
    pub fn from_env() -> Result<Handshake, Error> {
        Handshake::from_vars(|name| env::var_os(name))
    }

    /// Reads the environment through `var`.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPlugin`] without the right cookie.
    pub fn from_vars(var: impl Fn(&str) -> Option<OsString>) -> Result<Handshake, Error> {
        if var(COOKIE.0).is_none_or(|value| value != COOKIE.1) {
            return Err(Error::NotAPlugin);
        }
        let given = |name| var(name).filter(|value| !value.is_empty());
        let directories = match given("PLUGIN_UNIX_SOCKET_DIR") {
            Some(directory) => vec![directory.into()],
            None => {
                let temporary = given("TMPDIR").map_or_else(|| "/tmp".into(), PathBuf::from);
                vec![temporary, Path::new("/tmp").into()]
            }
        };
        let text = |name| given(name).map(|value| value.to_string_lossy().into_owned());
        // As with go-plugin, any port where none is named.
        let port = |name| text(name).and_then(|port| port.trim().parse().ok());
        Ok(Handshake {
            directories,
            group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: port("PLUGIN_MIN_PORT").unwrap_or(0)..=port("PLUGIN_MAX_PORT").unwrap_or(0),
            version: select(&text("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default()),
        })
    }

    /// Makes the socket. No thread and no runtime is needed yet.
    ///
    /// # Errors
    ///
    /// [`Error`] if there is no place for it.
    pub fn bind(self) -> Result<Listening, Error> {
        Listening::bind(&self)
    }
}

/// The newest version that both sides know. If there is none the plugin names its oldest, as Go's does:
/// the server's message about that names both sides, which is more than could be said from here.
fn select(offered: &str) -> u32 {
    let offered = offered.split(',').filter_map(|v| v.trim().parse().ok());
    let common = offered.filter(|version| VERSIONS.contains(version)).max();
    common.unwrap_or(VERSIONS.into_iter().min().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &'static [(&str, &str)]) -> impl Fn(&str) -> Option<OsString> {
        move |name| {
            let found = pairs.iter().find(|pair| pair.0 == name);
            found.map(|pair| pair.1.into())
        }
    }

    const GOOD: (&str, &str) = COOKIE;

    #[test]
    fn without_the_cookie_a_person_is_told_what_to_do() {
        let error = Handshake::from_vars(vars(&[])).unwrap_err();
        assert!(matches!(error, Error::NotAPlugin));
        assert_eq!(error.to_string().lines().count(), 3);
        let wrong = vars(&[("MATTERMOST_PLUGIN", "Securely message teams")]);
        assert!(Handshake::from_vars(wrong).is_err());
    }

    #[test]
    fn the_socket_goes_where_the_server_wants_it() {
        let plain = Handshake::from_vars(vars(&[GOOD, ("TMPDIR", "/var/tmp")])).unwrap();
        assert_eq!(
            plain.directories,
            [Path::new("/var/tmp"), Path::new("/tmp")]
        );
        let told = vars(&[
            GOOD,
            ("TMPDIR", "/var/tmp"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/mm"),
            ("PLUGIN_UNIX_SOCKET_GROUP", "mattermost"),
        ]);
        let told = Handshake::from_vars(told).unwrap();
        assert_eq!(told.directories, [Path::new("/run/mm")]);
        assert_eq!(told.group.as_deref(), Some("mattermost"));
        assert_eq!(told.ports, 0..=0);
    }

    #[test]
    fn the_server_says_which_ports_may_be_used() {
        let told = vars(&[
            GOOD,
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
        ]);
        assert_eq!(Handshake::from_vars(told).unwrap().ports, 10_000..=25_000);
    }

    #[test]
    fn version_one_is_spoken() {
        for offered in ["1", "1,2", "2, 1", "", "2", "x"] {
            assert_eq!(select(offered), 1, "{offered}");
        }
    }
}
