//! A port on loopback, as go-plugin listens on Windows. Whoever is on the machine can connect to it, once,
//! if the server is not first; go-plugin's own plugins are no different there.
#![expect(
    clippy::disallowed_types,
    reason = "binds the port that the server connects to on Windows"
)]

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::net::TcpStream;

use super::{Error, Handshake};

/// A port that waits for the server.
#[derive(Debug)]
pub(super) struct Socket {
    listener: TcpListener,
    port: u16,
}

impl Socket {
    pub(super) fn bind(handshake: &Handshake) -> Result<Socket, Error> {
        let mut refused = io::Error::from(io::ErrorKind::AddrInUse);
        for port in handshake.ports.clone() {
            match listen(port) {
                Ok(socket) => return Ok(socket),
                Err(error) => refused = error,
            }
        }
        Err(Error::Ports {
            first: *handshake.ports.start(),
            last: *handshake.ports.end(),
            source: refused,
        })
    }

    /// As the line for the server names it.
    pub(super) fn address(&self) -> String {
        format!("tcp|{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// The one connection. Nobody listens then.
    pub(super) async fn accept(self) -> io::Result<TcpStream> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (connection, _) = listener.accept().await?;
        // Answers are small and awaited.
        connection.set_nodelay(true)?;
        Ok(connection)
    }
}

/// Port 0 is any that is free.
fn listen(port: u16) -> io::Result<Socket> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok(Socket { listener, port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn handshake(ports: std::ops::RangeInclusive<u16>) -> Handshake {
        Handshake {
            directories: Vec::new(),
            group: None,
            ports,
            version: 1,
        }
    }

    #[tokio::test]
    async fn the_server_connects_once_and_then_nobody_can() {
        let socket = Socket::bind(&handshake(0..=0)).unwrap();
        let port = socket.port;
        assert_eq!(socket.address(), format!("tcp|127.0.0.1:{port}"));
        let accepting = tokio::spawn(socket.accept());
        let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let mut plugin = accepting.await.unwrap().unwrap();
        server.write_all(b"hello").await.unwrap();
        let mut read = [0; 5];
        plugin.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"hello");
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    }

    #[test]
    fn the_first_free_port_of_the_range_is_taken_and_a_range_without_one_is_named() {
        let taken = listen(0).unwrap();
        let full = Socket::bind(&handshake(taken.port..=taken.port)).unwrap_err();
        assert!(full.to_string().contains(&taken.port.to_string()), "{full}");
        let Some(next) = taken.port.checked_add(1) else {
            return;
        };
        // The next port may be somebody else's; the one after that hardly ever is, too.
        if let Ok(socket) = Socket::bind(&handshake(taken.port..=next.saturating_add(8))) {
            assert_ne!(socket.port, taken.port);
        }
    }
}
