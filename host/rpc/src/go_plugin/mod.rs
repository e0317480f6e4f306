//! hashicorp/go-plugin, seen from the plugin: how the process meets the server and how it leaves.
//!
//! The server starts the executable with a magic cookie in its environment and waits three seconds for
//! one line on stdout that names a socket. It connects once and opens three streams: control, stdout,
//! stderr. Over control it asks for the service `hooks`, pings, and finally says quit. All further
//! streams, in both directions, are found through the [`Broker`].
//!
//! ```no_run
//! # async fn run() -> Result<(), mattermost_plugin_rpc::go_plugin::Error> {
//! use mattermost_plugin_rpc::go_plugin::Handshake;
//!
//! let listening = Handshake::from_env()?.bind()?; // before any thread or runtime exists
//! let reason = listening.serve(|hooks, broker| async move { /* serve the hooks */ }).await?;
//! # Ok(()) }
//! ```
//!
//! Rules that are easy to miss: nothing may be printed on stdout, before the line it breaks the start
//! and after it nobody reads it; the reply to quit must be with the kernel before the process exits;
//! a closed connection means that the server is gone, and so goes the plugin; SIGINT reaches the whole
//! process group when somebody presses Ctrl-C in the server's terminal and is not meant for us.

mod broker;
mod control;
mod handshake;
pub mod hclog;
mod listening;
#[cfg(unix)]
mod local;
#[cfg(unix)]
mod quiet;
#[cfg(any(not(unix), test))]
mod tcp;

use std::future::{Future, pending};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;
use tokio::time::timeout;

pub use broker::{Broker, BrokerError, Dialled};
pub use handshake::Handshake;
pub use listening::Listening;

use crate::net_rpc;
use crate::yamux::{Config, Session, Stream};

/// How long the server gets to close the connection after its quit was answered. It kills a process
/// that is still there after two seconds.
const FAREWELL: Duration = Duration::from_millis(200);

/// How long the connection may outlive the stream of hooks.
const LAST_STREAM: Duration = Duration::from_secs(1);

/// Why the plugin cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody ran the file by hand. The text is for that person; print it and exit with status 1.
    #[error(
        "This program is a Mattermost plugin and is not meant to be run by hand.\n\
         Install its bundle on a Mattermost server (System Console > Plugins > Plugin Management);\n\
         the server starts it by itself."
    )]
    NotAPlugin,
    /// No socket could be made.
    #[error("cannot make a socket in {directory}: {source}")]
    Socket {
        /// Where it was to be.
        directory: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The directory for sockets has a path that cannot be used.
    #[error(
        "the path {0} cannot hold a socket: it is too long or has unusual characters; \
         set TMPDIR or PLUGIN_UNIX_SOCKET_DIR to a short one"
    )]
    Path(PathBuf),
    /// No port could be listened at.
    #[error(
        "cannot listen at a port of 127.0.0.1 from {first} to {last} (PLUGIN_MIN_PORT, PLUGIN_MAX_PORT): {source}"
    )]
    Ports {
        /// The lowest.
        first: u16,
        /// The highest.
        last: u16,
        /// Why not the last that was tried.
        source: io::Error,
    },
    /// `PLUGIN_UNIX_SOCKET_GROUP` names no group.
    #[error("PLUGIN_UNIX_SOCKET_GROUP: there is no group {0}")]
    Group(String),
    /// The line on stdout could not be written.
    #[error("cannot tell the server where to connect")]
    Announce(#[source] io::Error),
    /// The server's connection could not be accepted.
    #[error("cannot accept the server's connection")]
    Accept(#[source] io::Error),
}

/// Why the conversation with the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// The server asked for it, and was answered.
    Quit,
    /// The connection ended without that: the server is gone.
    Closed,
    /// The stream of hooks ended and the connection did not. Health checks would still be answered, so
    /// only a process that exits is started anew.
    Broken,
}

/// Makes a socket, tells the server, and talks until the end. The parts can be had one by one:
/// [`Handshake::bind`], [`Listening::serve`].
///
/// # Errors
///
/// [`Error`] if the conversation could not start.
pub async fn serve<F, Fut>(handshake: Handshake, on_hooks: F) -> Result<ExitReason, Error>
where
    F: FnOnce(Stream, Broker) -> Fut,
    Fut: Future<Output = ()>,
{
    handshake.bind()?.serve(on_hooks).await
}

/// Talks to the server over its connection until it says quit or the connection ends. `on_hooks` is
/// called with the stream of the `hooks` service once the server has asked for it; its future is
/// dropped at the end.
pub async fn converse<Io, F, Fut>(io: Io, on_hooks: F) -> ExitReason
where
    Io: AsyncRead + AsyncWrite + Send + 'static,
    F: FnOnce(Stream, Broker) -> Fut,
    Fut: Future<Output = ()>,
{
    let (session, mut accept) = Session::server(io, Config::default());
    let control = accept.next().await;
    // These two stay open and silent: what is written there is logged by the server as plain text,
    // and their end would look like the end of the plugin.
    let stdout = accept.next().await;
    let stderr = accept.next().await;
    let (Some(control), Some(_stdout), Some(_stderr)) = (control, stdout, stderr) else {
        return ExitReason::Closed;
    };
    let broker = Broker::start(session.clone(), accept);
    let (hooks_sender, hooks) = oneshot::channel();
    let (quit_sender, quit) = oneshot::channel();
    let service = control::Control::new(broker.clone(), hooks_sender, quit_sender);
    // A task of its own, so that pings are answered whatever the hooks do.
    let control = tokio::spawn(net_rpc::serve(control, service.into()));
    let serving = async {
        if let Ok(stream) = hooks.await {
            on_hooks(stream, broker).await;
            // At a regular end the server closes one stream after the other.
            tokio::time::sleep(LAST_STREAM).await;
        } else {
            pending::<()>().await;
        }
    };
    let reason = tokio::select! {
        biased;
        Ok(()) = quit => ExitReason::Quit,
        _ = session.closed() => ExitReason::Closed,
        () = serving => ExitReason::Broken,
    };
    if reason == ExitReason::Quit {
        // The server hangs up first, then it has nothing to complain about.
        let _ = timeout(FAREWELL, session.closed()).await;
    }
    session.close();
    control.abort();
    reason
}
