//! Listening for the server, telling it where, and the conversation.

use std::future::Future;
use std::io::{self, Write};
#[cfg(unix)]
use std::path::Path;

use super::{Broker, Error, ExitReason, Handshake, converse, hclog};
use crate::yamux::Stream;

#[cfg(unix)]
use super::local::Socket;
#[cfg(not(unix))]
use super::tcp::Socket;

/// Waits for the server. Dropping it leaves nothing behind.
#[derive(Debug)]
pub struct Listening {
    socket: Socket,
    version: u32,
}

impl Listening {
    pub(super) fn bind(handshake: &Handshake) -> Result<Listening, Error> {
        Ok(Listening {
            socket: Socket::bind(handshake)?,
            version: handshake.version,
        })
    }

    /// Where the socket is.
    #[cfg(unix)]
    pub fn path(&self) -> &Path {
        self.socket.path()
    }

    /// The line that tells the server where to connect.
    pub fn line(&self) -> String {
        format!("1|{}|{}|netrpc|\n", self.version, self.socket.address())
    }

    /// Tells the server where to connect and talks to it until the end; see
    /// [`converse`](super::converse). Waits for the connection without limit: the server connects
    /// at once or kills the process. From here on SIGINT, and Ctrl-C on Windows, do nothing.
    ///
    /// # Errors
    ///
    /// [`Error`] if stdout or the socket fail.
    pub async fn serve<F, Fut>(self, on_hooks: F) -> Result<ExitReason, Error>
    where
        F: FnOnce(Stream, Broker) -> Fut,
        Fut: Future<Output = ()>,
    {
        // A handler stays installed for good, even after its receiver is dropped.
        if let Err(error) = ignore_interrupts() {
            let fields = [("error", error.to_string().into())];
            hclog::write(hclog::Level::Warn, "cannot ignore SIGINT", &fields);
        }
        self.announce().map_err(Error::Announce)?;
        self.run(on_hooks).await
    }

    fn announce(&self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(self.line().as_bytes())?;
        stdout.flush()
    }

    /// As [`Listening::serve`], for a server that knows the path by other means.
    ///
    /// # Errors
    ///
    /// [`Error`] if the socket fails.
    pub async fn run<F, Fut>(self, on_hooks: F) -> Result<ExitReason, Error>
    where
        F: FnOnce(Stream, Broker) -> Fut,
        Fut: Future<Output = ()>,
    {
        let connection = self.socket.accept().await.map_err(Error::Accept)?;
        Ok(converse(connection, on_hooks).await)
    }
}

#[cfg(unix)]
fn ignore_interrupts() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    // A stream that breaks is an error, also if an attempt to start another program has made it deadly.
    drop(signal(SignalKind::pipe())?);
    signal(SignalKind::interrupt()).map(drop)
}

#[cfg(windows)]
fn ignore_interrupts() -> io::Result<()> {
    tokio::signal::windows::ctrl_c().map(drop)
}
