//! Listens for the server's connection and announces the address on stdout.

use std::future::Future;
use std::io::{self, Write};
#[cfg(unix)]
use std::path::Path;

use super::broker::Broker;
use super::error::Error;
use super::handshake::Handshake;
use super::hclog;
use super::serve::{ExitReason, serve};
use crate::yamux::Stream;

#[cfg(not(unix))]
use super::tcp_socket::Socket;
#[cfg(unix)]
use super::unix_socket::Socket;

/// A socket that waits for the server. Dropping it removes its files.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
    version: u32,
    plugin: &'static str,
}

impl Handshake {
    /// Creates the socket. This needs no runtime, so call it before the process has threads.
    ///
    /// # Errors
    ///
    /// [`Error`] if the socket cannot be created.
    pub fn bind(self) -> Result<Listener, Error> {
        Ok(Listener {
            socket: Socket::bind(&self)?,
            version: self.version,
            plugin: self.plugin,
        })
    }
}

impl Listener {
    /// The path of the Unix socket.
    #[cfg(unix)]
    pub fn path(&self) -> &Path {
        self.socket.path()
    }

    /// The handshake line, which tells the server where to connect.
    pub fn line(&self) -> String {
        format!("1|{}|{}|netrpc|\n", self.version, self.socket.address())
    }

    /// Writes the handshake line, accepts the server's connection, and talks to the server until the end; see
    /// [`serve`]. Waits for the connection without a timeout: the server connects at once or kills the process.
    /// From now on the process ignores SIGINT, and Ctrl-C on Windows.
    ///
    /// # Errors
    ///
    /// [`Error`] if stdout or the socket fails.
    pub async fn serve<F, Fut>(self, on_dispense: F) -> Result<ExitReason, Error>
    where
        F: FnOnce(Stream, Broker) -> Fut,
        Fut: Future<Output = ()>,
    {
        // The handler stays installed after its receiver is dropped.
        if let Err(error) = ignore_interrupts() {
            let fields = [("error", error.to_string().into())];
            hclog::write(hclog::Level::Warn, "cannot ignore SIGINT", &fields);
        }
        self.announce().map_err(Error::Announce)?;
        self.run(on_dispense).await
    }

    fn announce(&self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(self.line().as_bytes())?;
        stdout.flush()
    }

    /// Like [`Listener::serve`] without the handshake line, for a server that already knows the address.
    ///
    /// # Errors
    ///
    /// [`Error`] if the socket fails.
    pub async fn run<F, Fut>(self, on_dispense: F) -> Result<ExitReason, Error>
    where
        F: FnOnce(Stream, Broker) -> Fut,
        Fut: Future<Output = ()>,
    {
        let connection = self.socket.accept().await.map_err(Error::Accept)?;
        Ok(serve(connection, self.plugin, on_dispense).await)
    }
}

#[cfg(unix)]
fn ignore_interrupts() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // SIGPIPE must not end the process: starting another program may have reset its handler to the default.
    drop(signal(SignalKind::pipe())?);
    signal(SignalKind::interrupt()).map(drop)
}

#[cfg(windows)]
fn ignore_interrupts() -> io::Result<()> {
    tokio::signal::windows::ctrl_c().map(drop)
}
