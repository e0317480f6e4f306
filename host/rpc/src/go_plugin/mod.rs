//! The plugin side of hashicorp/go-plugin: how a plugin process connects to its server and how it exits. The
//! protocol is defined by go-plugin's `server.go`, `rpc_server.go`, and `mux_broker.go`; Mattermost's use of it is
//! in [`mattermost`](crate::mattermost).
//!
//! The server starts the executable with a magic cookie in its environment and waits three seconds for one line on
//! stdout that names a socket. It connects once and opens three streams: control, stdout, and stderr. Over the
//! control stream it dispenses the plugin, sends pings, and finally calls `Control.Quit`. All other streams, in
//! both directions, are found through the [`Broker`].
//!
//! ```no_run
//! # async fn run() -> Result<(), mattermost_plugin_rpc::go_plugin::Error> {
//! use mattermost_plugin_rpc::go_plugin::Handshake;
//! use mattermost_plugin_rpc::mattermost::HANDSHAKE;
//!
//! let listener = Handshake::from_env(&HANDSHAKE)?.bind()?; // before the process has threads or a runtime
//! let reason = listener.serve(|hooks, broker| async move { /* serve the hooks */ }).await?;
//! # Ok(()) }
//! ```
//!
//! Pitfalls:
//!
//! - Never print to stdout. Before the handshake line it prevents the start, and afterwards nobody reads it.
//! - Flush the reply to `Control.Quit` before the process exits.
//! - Exit when the connection is closed: the server is gone.
//! - Ignore SIGINT. Ctrl-C in the server's terminal sends it to the whole process group.

mod broker;
mod control;
mod error;
mod handshake;
pub mod hclog;
#[cfg(unix)]
mod lazy_writable;
mod listener;
mod serve;
#[cfg(any(not(unix), test))]
mod tcp_socket;
#[cfg(unix)]
mod unix_socket;

pub use broker::{Broker, BrokerError, PendingStream};
pub use error::Error;
pub use handshake::{Handshake, HandshakeConfig};
pub use listener::Listener;
pub use serve::{ExitReason, serve};
