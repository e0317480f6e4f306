//! The handshake between a Mattermost server and its plugins (`handshake` in Mattermost's `plugin/api.go`).

use crate::go_plugin::HandshakeConfig;

/// The values that all versions of Mattermost use.
pub const HANDSHAKE: HandshakeConfig = HandshakeConfig {
    magic_cookie_key: "MATTERMOST_PLUGIN",
    magic_cookie_value: "Securely message teams, anywhere.",
    protocol_versions: &[1],
    plugin: "hooks",
    usage: "This program is a Mattermost plugin and is not meant to be run by hand.\n\
            Install its bundle on a Mattermost server (System Console > Plugins > Plugin Management);\n\
            the server starts it by itself.",
};
