//! A TCP port on the loopback interface, which go-plugin uses on Windows. Any local user can connect, once, if the
//! server is not the first; go-plugin's Go plugins have the same weakness.
#![expect(
    clippy::disallowed_types,
    reason = "binds the port that the server connects to on Windows"
)]

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use tokio::net::TcpStream;

use super::error::Error;
use super::handshake::Handshake;

/// A port that waits for the server.
#[derive(Debug)]
pub(super) struct Socket {
    listener: TcpListener,
    port: u16,
}

impl Socket {
    pub(super) fn bind(handshake: &Handshake) -> Result<Socket, Error> {
        let mut last_error = io::Error::from(io::ErrorKind::AddrInUse);
        for port in handshake.ports.clone() {
            match listen(port) {
                Ok(socket) => return Ok(socket),
                Err(error) => last_error = error,
            }
        }
        Err(Error::Ports {
            first: *handshake.ports.start(),
            last: *handshake.ports.end(),
            source: last_error,
        })
    }

    /// Network and address, as in the handshake line.
    pub(super) fn address(&self) -> String {
        format!("tcp|{}:{}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Accepts the only connection and stops listening.
    pub(super) async fn accept(self) -> io::Result<TcpStream> {
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (connection, _) = listener.accept().await?;
        // Messages are small, and the other side waits for them.
        connection.set_nodelay(true)?;
        Ok(connection)
    }
}

/// Listens on a port; 0 means any free port.
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
            plugin: "test",
        }
    }

    #[tokio::test]
    async fn only_one_connection_is_accepted() {
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
    fn the_first_free_port_of_the_range_is_used_and_a_full_range_is_an_error() {
        let taken = listen(0).unwrap();
        let full = Socket::bind(&handshake(taken.port..=taken.port)).unwrap_err();
        assert!(full.to_string().contains(&taken.port.to_string()), "{full}");
        let Some(next) = taken.port.checked_add(1) else {
            return;
        };
        // Other programs may use the next port, but hardly all of the next nine.
        if let Ok(socket) = Socket::bind(&handshake(taken.port..=next.saturating_add(8))) {
            assert_ne!(socket.port, taken.port);
        }
    }
}
