//! The environment in which the server starts a plugin.

use std::env;
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use super::error::Error;

/// The values that a server and its plugins agree on; like go-plugin's `HandshakeConfig`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandshakeConfig {
    /// The environment variable with the magic cookie. The cookie is not a secret: it shows that a server started
    /// the process, and not a person.
    pub magic_cookie_key: &'static str,
    /// The value of the magic cookie.
    pub magic_cookie_value: &'static str,
    /// The versions of the plugin protocol that the plugin supports.
    pub protocol_versions: &'static [u32],
    /// The name under which the server dispenses the plugin.
    pub plugin: &'static str,
    /// The text for a person who runs the executable by hand.
    pub usage: &'static str,
}

/// The server's requirements, from the environment of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// Directories for the Unix socket, in order of preference.
    pub(super) directories: Vec<PathBuf>,
    /// Name or ID of the group that may use the Unix socket.
    pub(super) group: Option<String>,
    /// TCP ports to listen on, on Windows.
    #[cfg_attr(unix, allow(dead_code, reason = "used on Windows"))]
    pub(super) ports: RangeInclusive<u16>,
    /// The protocol version to announce.
    pub(super) version: u32,
    /// [`HandshakeConfig::plugin`].
    pub(super) plugin: &'static str,
}

impl Handshake {
    /// Reads the environment of the process.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPlugin`] if the process was not started by a server.
    pub fn from_env(config: &HandshakeConfig) -> Result<Handshake, Error> {
        Handshake::from_vars(config, |name| env::var_os(name))
    }

    /// Reads environment variables through `var`.
    ///
    /// # Errors
    ///
    /// [`Error::NotAPlugin`] if the magic cookie is missing or wrong.
    pub fn from_vars(
        config: &HandshakeConfig,
        var: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Handshake, Error> {
        if var(config.magic_cookie_key).is_none_or(|value| value != config.magic_cookie_value) {
            return Err(Error::NotAPlugin(config.usage));
        }
        let set = |name| var(name).filter(|value| !value.is_empty());
        let directories = match set("PLUGIN_UNIX_SOCKET_DIR") {
            Some(directory) => vec![directory.into()],
            None => {
                let temporary = set("TMPDIR").map_or_else(|| "/tmp".into(), PathBuf::from);
                vec![temporary, Path::new("/tmp").into()]
            }
        };
        let text = |name| set(name).map(|value| value.to_string_lossy().into_owned());
        // Like go-plugin, use any free port if none is set.
        let port = |name| text(name).and_then(|port| port.trim().parse().ok());
        Ok(Handshake {
            directories,
            group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: port("PLUGIN_MIN_PORT").unwrap_or(0)..=port("PLUGIN_MAX_PORT").unwrap_or(0),
            version: negotiate(
                config.protocol_versions,
                &text("PLUGIN_PROTOCOL_VERSIONS").unwrap_or_default(),
            ),
            plugin: config.plugin,
        })
    }
}

/// The newest version that both sides support. If there is none, the oldest version of the plugin, as in
/// go-plugin: the server then reports an error with the versions of both sides.
fn negotiate(supported: &[u32], offered: &str) -> u32 {
    let offered = offered.split(',').filter_map(|v| v.trim().parse().ok());
    let common = offered.filter(|version| supported.contains(version)).max();
    common.unwrap_or(supported.iter().copied().min().unwrap_or_default())
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

    const CONFIG: HandshakeConfig = HandshakeConfig {
        magic_cookie_key: "A_PLUGIN",
        magic_cookie_value: "hello",
        protocol_versions: &[1],
        plugin: "test",
        usage: "Do not run this.",
    };
    const COOKIE: (&str, &str) = (CONFIG.magic_cookie_key, CONFIG.magic_cookie_value);

    #[test]
    fn without_the_cookie_the_error_is_the_usage() {
        let error = Handshake::from_vars(&CONFIG, vars(&[])).unwrap_err();
        assert!(matches!(error, Error::NotAPlugin(_)));
        assert_eq!(error.to_string(), CONFIG.usage);
        let wrong = vars(&[("A_PLUGIN", "hell")]);
        assert!(Handshake::from_vars(&CONFIG, wrong).is_err());
    }

    #[test]
    fn the_socket_is_in_the_directory_that_the_server_sets() {
        let plain = vars(&[COOKIE, ("TMPDIR", "/var/tmp")]);
        let plain = Handshake::from_vars(&CONFIG, plain).unwrap();
        assert_eq!(
            plain.directories,
            [Path::new("/var/tmp"), Path::new("/tmp")]
        );
        let set = vars(&[
            COOKIE,
            ("TMPDIR", "/var/tmp"),
            ("PLUGIN_UNIX_SOCKET_DIR", "/run/mm"),
            ("PLUGIN_UNIX_SOCKET_GROUP", "mattermost"),
        ]);
        let set = Handshake::from_vars(&CONFIG, set).unwrap();
        assert_eq!(set.directories, [Path::new("/run/mm")]);
        assert_eq!(set.group.as_deref(), Some("mattermost"));
        assert_eq!(set.ports, 0..=0);
    }

    #[test]
    fn the_server_sets_the_range_of_ports() {
        let set = vars(&[
            COOKIE,
            ("PLUGIN_MIN_PORT", "10000"),
            ("PLUGIN_MAX_PORT", "25000"),
        ]);
        assert_eq!(
            Handshake::from_vars(&CONFIG, set).unwrap().ports,
            10_000..=25_000
        );
    }

    #[test]
    fn the_version_is_1_whatever_the_server_offers() {
        for offered in ["1", "1,2", "2, 1", "", "2", "x"] {
            assert_eq!(negotiate(&[1], offered), 1, "{offered}");
        }
    }
}
