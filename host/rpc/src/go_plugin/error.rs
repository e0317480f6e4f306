//! Why a plugin cannot start.

use std::io;
use std::path::PathBuf;

/// Why the plugin cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The process was not started by a server. The text is
    /// [`HandshakeConfig::usage`](super::HandshakeConfig::usage): print it and exit with status 1.
    #[error("{0}")]
    NotAPlugin(&'static str),
    /// The Unix socket could not be created.
    #[error("cannot create a socket in {directory}: {source}")]
    Socket {
        /// The directory for the socket.
        directory: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The path of the Unix socket is too long or has characters that the handshake line cannot contain.
    #[error(
        "the path {0} cannot be used for a socket: it is too long or has unusual characters; \
         set TMPDIR or PLUGIN_UNIX_SOCKET_DIR to a short path"
    )]
    Path(PathBuf),
    /// No TCP port is free.
    #[error(
        "cannot listen on a port of 127.0.0.1 from {first} to {last} (PLUGIN_MIN_PORT, PLUGIN_MAX_PORT): {source}"
    )]
    Ports {
        /// The lowest port.
        first: u16,
        /// The highest port.
        last: u16,
        /// The error for the last port that was tried.
        source: io::Error,
    },
    /// `PLUGIN_UNIX_SOCKET_GROUP` is not a group.
    #[error("PLUGIN_UNIX_SOCKET_GROUP: the group {0} does not exist")]
    Group(String),
    /// The handshake line could not be written to stdout.
    #[error("cannot write the handshake line to stdout")]
    Announce(#[source] io::Error),
    /// The server's connection could not be accepted.
    #[error("cannot accept the server's connection")]
    Accept(#[source] io::Error),
}
