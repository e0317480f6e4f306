//! Generates load: sends requests over persistent connections and measures the latency of each response.
//!
//! The client is small because it shares two cores with the measured process. Requests are built before the measurement
//! starts. Of a response, the client checks only the status and finds the end.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::zoom::Webhook;

/// Longer than any response takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The maximum length of a response.
const BODY_LIMIT: u64 = 1024 * 1024;

/// A serialized request.
#[derive(Clone, Debug)]
pub struct Request(Vec<u8>);

impl Request {
    /// A request to the plugin `id`; `path` begins after `/plugins/ID`.
    pub fn new(
        method: &str,
        id: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> Request {
        let length = body.len();
        let mut text = format!(
            "{method} /plugins/{id}{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n"
        );
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        Request(text.into_bytes())
    }

    /// A webhook to the plugin `id`, at `path` with the webhook URL secret.
    pub fn webhook(id: &str, path: &str, secret: &str, webhook: &Webhook) -> Request {
        let path = format!("{path}?secret={secret}");
        Request::new("POST", id, &path, &webhook.headers(), &webhook.body)
    }
}

/// One connection to the server.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

impl Connection {
    /// Connects to a port of this machine.
    ///
    /// # Errors
    ///
    /// If no server listens there.
    pub fn open(port: u16) -> io::Result<Connection> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Connection {
            stream: BufReader::new(stream),
        })
    }

    /// Sends a request and returns the status and the body of the response.
    ///
    /// # Errors
    ///
    /// If the connection fails or the response is not HTTP/1.1.
    pub fn ask(&mut self, request: &Request) -> io::Result<(u16, Vec<u8>)> {
        self.stream.get_mut().write_all(&request.0)?;
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.ok_or_else(|| io::Error::other("a response without a status"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
            chunked |= line.starts_with("transfer-encoding:") && line.contains("chunked");
        }
        let mut body = Vec::new();
        if !chunked {
            self.read(length, &mut body)?;
            return Ok((status, body));
        }
        loop {
            let size = self.line()?;
            let size = u64::from_str_radix(size.trim(), 16).map_err(io::Error::other)?;
            self.read(size, &mut body)?;
            self.line()?;
            if size == 0 {
                return Ok((status, body));
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }

    fn read(&mut self, length: u64, body: &mut Vec<u8>) -> io::Result<()> {
        let read = self.stream.by_ref().take(length.min(BODY_LIMIT));
        let mut read = read;
        if read.read_to_end(body)? as u64 == length {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }
}

/// The latencies of responses, sorted.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Vec<Duration>);

impl Latencies {
    fn new(mut all: Vec<Duration>) -> Latencies {
        all.sort_unstable();
        Latencies(all)
    }

    /// The latency that `share` of all responses did not exceed: 0.5 for the median.
    pub fn at(&self, share: f64) -> Duration {
        let last = self.0.len().saturating_sub(1) as f64;
        let place = (last * share).round() as usize;
        self.0.get(place).copied().unwrap_or_default()
    }
}

impl FromIterator<Duration> for Latencies {
    fn from_iter<I: IntoIterator<Item = Duration>>(all: I) -> Latencies {
        Latencies::new(all.into_iter().collect())
    }
}

/// Sends all requests over this number of connections. A connection sends its next request after the response to the
/// previous one.
///
/// # Errors
///
/// If a response does not have the status 200.
pub fn drive(port: u16, connections: usize, requests: &[Request]) -> io::Result<Latencies> {
    let next = AtomicUsize::new(0);
    let work = || -> io::Result<Vec<Duration>> {
        let mut connection = Connection::open(port)?;
        let mut taken = Vec::new();
        while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
            let began = Instant::now();
            let (status, body) = connection.ask(request)?;
            taken.push(began.elapsed());
            if status != 200 {
                let body = String::from_utf8_lossy(&body).into_owned();
                return Err(io::Error::other(format!("answered {status}: {body}")));
            }
        }
        Ok(taken)
    };
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = (0..connections).map(|_| scope.spawn(work)).collect();
        let mut all = Vec::with_capacity(requests.len());
        for thread in threads {
            let taken = thread.join();
            all.extend(taken.map_err(|_| io::Error::other("a client panicked"))??);
        }
        Ok(Latencies::new(all))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn responses_with_a_length_and_in_chunks_are_read_to_their_end() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            for answer in [
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
                "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
                "HTTP/1.1 200 OK\r\n\r\n",
            ] {
                assert!(stream.read(&mut asked).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let mut connection = Connection::open(port).unwrap();
        let request = Request::new("GET", "x", "/", &[], "");
        let mut ask = || connection.ask(&request).unwrap();
        assert_eq!(ask(), (200, b"hi".to_vec()));
        assert_eq!(ask(), (404, b"abcd".to_vec()));
        assert_eq!(ask(), (200, Vec::new()));
        server.join().unwrap();
    }

    #[test]
    fn the_median_is_in_the_middle() {
        let latencies: Latencies = (0..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(latencies.at(0.5), Duration::from_millis(50));
        assert_eq!(latencies.at(0.99), Duration::from_millis(99));
        assert_eq!(Latencies::default().at(0.5), Duration::ZERO);
    }
}
