//! A forward proxy that leads every host of Zoom to the mock Zoom server.
//!
//! A plugin whose environment names it in `HTTPS_PROXY` reaches the mock as `us02web.zoom.us` or `api.zoom.us`, with
//! TLS from end to end and without a name server. The environment of a process is fixed at its start, but the mock's
//! port is not known then. So the process that starts the proxy passes on its address, and the process with the mock
//! tells the proxy its port ([`lead_to`]).

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;

/// The host name of requests that set the port of the mock Zoom server.
const CONTROL: &str = "mock.invalid";

/// A running proxy. It lives as long as its process.
pub struct Proxy {
    address: SocketAddr,
}

impl Proxy {
    /// Starts it on a free loopback port.
    pub fn start() -> io::Result<Proxy> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let port = Arc::new(AtomicU16::new(0));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let port = Arc::clone(&port);
                // A tunnel ends when one of its ends closes the connection.
                thread::spawn(move || serve(client, &port));
            }
        });
        Ok(Proxy { address })
    }

    /// Its address, for `HTTPS_PROXY`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Tells the proxy with this address that the mock Zoom server has this port.
pub fn lead_to(proxy: &str, port: u16) -> io::Result<()> {
    let address = proxy.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "CONNECT {CONTROL}:{port} HTTP/1.1\r\n\r\n")?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    if answer.contains(" 200 ") {
        Ok(())
    } else {
        Err(io::Error::other(format!("the proxy answered {answer}")))
    }
}

fn serve(client: TcpStream, port: &AtomicU16) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut line = first.clone();
    while !matches!(line.as_str(), "" | "\r\n") {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let target = first.split(' ').nth(1).unwrap_or_default();
    let (host, asked) = target.rsplit_once(':').unwrap_or_default();
    let mut client = client;
    if host == CONTROL {
        port.store(asked.parse().unwrap_or(0), Ordering::SeqCst);
        return client.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port.load(Ordering::SeqCst))) else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n");
    };
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut up, mut down) = (server.try_clone()?, server);
    thread::spawn(move || {
        let _ = io::copy(&mut reader, &mut up);
        let _ = up.shutdown(Shutdown::Write);
    });
    let _ = io::copy(&mut down, &mut client);
    client.shutdown(Shutdown::Both)
}
