//! Requests to the outside.
//!
//! One pooled HTTP/1.1 client over rustls with the system's trust store, and the proxy of the usual
//! environment variables where one is set. It follows no redirect and retries nothing. Connections are
//! opened in [`connect`], to addresses that [`addresses`] has checked.

mod addresses;
mod connect;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use tokio::sync::OnceCell;
use url::Url;

use crate::policy::Vouched;
use addresses::NotPublic;
use connect::{Pool, pools};

const TIME_LIMIT: Duration = Duration::from_secs(300);

/// Headers that only the host sets: they control the connection, or name its peer.
const OWN_HEADERS: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::CONNECTION,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::TE,
    header::TRAILER,
    header::PROXY_AUTHORIZATION,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// A request that policy has allowed.
pub struct Request {
    /// In upper case.
    pub method: String,
    /// Where to.
    pub url: Url,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The body, or nothing.
    pub body: Vec<u8>,
    /// For the whole exchange.
    pub timeout: Duration,
    /// The most bytes of body to accept.
    pub max_body: usize,
    /// Who vouches for the address.
    pub vouched: Vouched,
}

/// What came back.
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Name and value pairs.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why nothing came back.
#[derive(Debug, Error)]
pub enum OutgoingError {
    /// Not in time.
    #[error("no answer in time")]
    Timeout,
    /// The body is longer than accepted.
    #[error("the answer is too long")]
    TooLarge,
    /// The request cannot be sent as it is.
    #[error("{0}")]
    Malformed(String),
    /// The name leads to an address that is not public.
    #[error("{0} does not resolve to a public address")]
    NotPublic(String),
    /// No connection, no trust, or not HTTP.
    #[error("{0}")]
    Exchange(String),
}

/// The client. Trust store and pools are made at the first request.
#[derive(Default)]
pub struct Outgoing {
    trusted: Vec<CertificateDer<'static>>,
    pools: OnceCell<(Pool, Pool)>,
}

impl Outgoing {
    /// A client that trusts these authorities and not the system's, for a peer that is not public.
    #[must_use]
    pub fn trusting(authorities: Vec<CertificateDer<'static>>) -> Self {
        Self {
            trusted: authorities,
            pools: OnceCell::new(),
        }
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// When there is no whole answer.
    pub async fn send(&self, request: Request) -> Result<Response, OutgoingError> {
        let (public, any) = self.pools().await?;
        let pool = match request.vouched {
            Vouched::ByPolicy => public,
            Vouched::ByAdministrator => any,
        };
        let timeout = request.timeout.min(TIME_LIMIT);
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let exchange = exchange(pool, request);
        match tokio::time::timeout(timeout, exchange).await {
            Ok(answer) => answer.map_err(|error| error.named(&host)),
            Err(_) => Err(OutgoingError::Timeout),
        }
    }
}

impl Outgoing {
    /// Both pools. Reading what the system trusts takes some ten milliseconds, during which others go on.
    async fn pools(&self) -> Result<&(Pool, Pool), OutgoingError> {
        let make = || async {
            let trusted = self.trusted.clone();
            let made = tokio::task::spawn_blocking(move || pools(&trusted)).await;
            made.unwrap_or_else(|error| Err(error.to_string()))
        };
        let pools = self.pools.get_or_try_init(make).await;
        pools.map_err(OutgoingError::Exchange)
    }
}

impl OutgoingError {
    fn named(self, host: &str) -> Self {
        match self {
            Self::NotPublic(_) => Self::NotPublic(host.to_owned()),
            other => other,
        }
    }
}

async fn exchange(pool: &Pool, request: Request) -> Result<Response, OutgoingError> {
    let max_body = request.max_body;
    let response = pool.request(message(request)?).await.map_err(failed)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, max_body).collect().await;
    let body = body.map_err(|error| {
        if error.is::<LengthLimitError>() {
            OutgoingError::TooLarge
        } else {
            OutgoingError::Exchange(format!("the answer broke off: {error}"))
        }
    })?;
    let headers = head.headers.iter();
    Ok(Response {
        status: head.status.as_u16(),
        headers: headers
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                (name.as_str().to_owned(), value.into_owned())
            })
            .collect(),
        body: body.to_bytes().into(),
    })
}

fn message(request: Request) -> Result<http::Request<Full<Bytes>>, OutgoingError> {
    let malformed = |what: String| OutgoingError::Malformed(what);
    let mut url = request.url;
    url.set_fragment(None);
    let uri: Uri = url
        .as_str()
        .parse()
        .map_err(|error| malformed(format!("the URL cannot be sent: {error}")))?;
    let mut message = http::Request::builder()
        .method(request.method.as_str())
        .uri(uri)
        .body(Full::new(Bytes::from(request.body)))
        .map_err(|error| malformed(error.to_string()))?;
    for (name, value) in request.headers {
        let header = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| malformed(format!("`{name}` is not a header name")))?;
        if OWN_HEADERS.contains(&header) {
            return Err(malformed(format!("the header {header} is the host's own")));
        }
        // The value may be a credential: name the header only.
        let value = HeaderValue::from_str(&value)
            .map_err(|_| malformed(format!("the value of {header} cannot be sent")))?;
        let added = message.headers_mut().try_append(header, value);
        added.map_err(|_| malformed("there are too many headers".to_owned()))?;
    }
    Ok(message)
}

fn failed(error: hyper_util::client::legacy::Error) -> OutgoingError {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut text = String::new();
    while let Some(cause) = source {
        if cause.is::<NotPublic>() {
            return OutgoingError::NotPublic(String::new());
        }
        if !text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    OutgoingError::Exchange(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    fn request(url: &str, vouched: Vouched) -> Request {
        Request {
            method: "GET".to_owned(),
            url: Url::parse(url).unwrap(),
            headers: Vec::new(),
            body: Vec::new(),
            timeout: Duration::from_secs(20),
            max_body: 10,
            vouched,
        }
    }

    /// A server that answers one connection with fixed bytes.
    fn answering(bytes: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut buffer = [0; 4096];
            let _ = stream.read(&mut buffer).unwrap();
            stream.write_all(bytes).unwrap();
        });
        format!("http://localhost:{}/", address.port())
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_loopback_is_refused_unless_the_administrator_entered_it() {
        let url = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        let outgoing = Outgoing::default();
        let refused = outgoing.send(request(&url, Vouched::ByPolicy)).await;
        assert!(matches!(refused, Err(OutgoingError::NotPublic(host)) if host == "localhost"));
        let allowed = outgoing.send(request(&url, Vouched::ByAdministrator)).await;
        assert_eq!(allowed.unwrap().body, b"ok");
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused() {
        let url = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nelevenbytes");
        let outgoing = Outgoing::default();
        let answer = outgoing.send(request(&url, Vouched::ByAdministrator));
        assert!(matches!(answer.await, Err(OutgoingError::TooLarge)));
    }

    #[tokio::test]
    async fn a_redirect_is_handed_over_and_not_followed() {
        let url =
            answering(b"HTTP/1.1 302 Found\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n");
        let outgoing = Outgoing::default();
        let answer = outgoing.send(request(&url, Vouched::ByAdministrator));
        assert_eq!(answer.await.unwrap().status, 302);
    }

    #[tokio::test]
    async fn half_an_answer_is_an_error() {
        let url = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
        let outgoing = Outgoing::default();
        let answer = outgoing.send(request(&url, Vouched::ByAdministrator));
        assert!(matches!(answer.await, Err(OutgoingError::Exchange(_))));
    }

    /// The server closes an idle connection, and the client has not noticed when the next request takes it.
    #[tokio::test(flavor = "current_thread")]
    async fn a_request_on_a_connection_that_was_closed_is_not_sent_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (close, closing) = std::sync::mpsc::channel();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(answer).unwrap();
            closing.recv().unwrap();
            listener
        });
        let outgoing = Outgoing::default();
        let first = outgoing.send(request(&url, Vouched::ByAdministrator)).await;
        assert_eq!(first.unwrap().status, 200);
        // Until the connection is in the pool.
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        // Nothing else runs on this thread until the connection is closed.
        close.send(()).unwrap();
        let listener = server.join().unwrap();
        let second = outgoing.send(request(&url, Vouched::ByAdministrator)).await;
        assert!(matches!(second, Err(OutgoingError::Exchange(_))));
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a second connection");
    }

    #[test]
    fn headers_of_the_connection_are_refused_and_values_are_not_shown() {
        let with = |name: &str, value: &str| {
            let mut request = request("https://example.com/", Vouched::ByPolicy);
            request.headers = vec![(name.to_owned(), value.to_owned())];
            message(request)
                .map(|_| ())
                .map_err(|error| error.to_string())
        };
        for name in [
            "Host",
            "Connection",
            "Content-Length",
            "Expect",
            "KEEP-alive",
            "Proxy-Authorization",
            "Proxy-Connection",
            "TE",
            "Trailer",
            "Transfer-Encoding",
            "Upgrade",
        ] {
            let error = with(name, "x").unwrap_err();
            assert!(error.contains("the host's own"), "{name}: {error}");
        }
        assert!(with("bad name", "x").is_err());
        let mut request = request("https://example.com/", Vouched::ByPolicy);
        request.headers = (0..50_000)
            .map(|n| (format!("X-{n}"), String::new()))
            .collect();
        assert!(message(request).is_err(), "more headers than there can be");
        let error = with("Authorization", "secret\n").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
        assert!(with("Authorization", "Bearer x").is_ok());
    }
}
