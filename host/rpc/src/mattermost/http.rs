//! The request of `ServeHTTP`, and its body.
//!
//! The body is pulled: the plugin writes how many bytes it wants, as a varint, and the server sends up
//! to that many. Such credits add up and a body ends with FIN, so one credit of the largest number
//! there is, written once, is enough; the stream's window holds the server back.
//!
//! A client whose connection breaks while it uploads looks just like one that is done. Where the
//! request says how long its body is, [`BodyReader`] compares and reports a body that was cut short; and once it
//! has so many bytes, it does not wait for the end, which the server sends on its own.

use crate::go_plugin::Dialled;
use crate::gob::Url;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// `i64::MAX` as a Go varint: all the bytes there are.
const UNLIMITED_CREDIT: [u8; 10] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

/// How much is read at once, and the least that is reserved for a body of unknown length.
const CHUNK: usize = 32 * 1024;

/// Headers: all values by canonical name, such as `Content-Type`. What is not UTF-8 in them reads as
/// replacement characters.
pub type Headers = BTreeMap<String, Vec<String>>;

crate::gob_struct! {
    /// The request as it travels. Servers of version 10 send Go's whole `http.Request` here, later
    /// ones a subset; this subset of both is what the server fills in.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub(super) struct WireRequest = "HTTPRequestSubset" {
        method: String = "Method",
        url: Option<Url> = "URL",
        headers: Headers = "Header",
        host: String = "Host",
        remote_addr: String = "RemoteAddr",
        request_uri: String = "RequestURI",
    }
}

/// A request to `/plugins/ID/…`, as the server forwards it: the session is checked and its token
/// taken out. A header `Mattermost-User-Id` proves who is signed in; without it nobody is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `GET`.
    pub method: String,
    /// Path and query from the plugin's root, still escaped: `/api/v1/meetings?x=1`. Empty for
    /// `/plugins/ID` without a slash. The server has sorted the parameters.
    pub url: String,
    /// Values by canonical name, such as `Content-Type`. `Host` is not among them.
    pub headers: Headers,
    /// The host the client asked for.
    pub host: String,
    /// Address and port of the connection to the server.
    pub remote_addr: String,
    /// The request target as the client sent it.
    pub request_uri: String,
}

impl HttpRequest {
    /// The first value of a header, its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, values) = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        values.first().map(String::as_str)
    }

    /// The path, still escaped.
    pub fn path(&self) -> &str {
        self.url
            .split_once('?')
            .map_or(self.url.as_str(), |(path, _)| path)
    }

    /// The query, still escaped and without the question mark; empty for none.
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// How long the request says its body is. None for a body of unknown length, and for nonsense.
    pub fn content_length(&self) -> Option<u64> {
        self.header("Content-Length")?.trim().parse().ok()
    }
}

impl From<WireRequest> for HttpRequest {
    fn from(wire: WireRequest) -> Self {
        Self {
            method: wire.method,
            url: wire.url.map(|url| url.0).unwrap_or_default(),
            headers: wire.headers,
            host: wire.host,
            remote_addr: wire.remote_addr,
            request_uri: wire.request_uri,
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// It is longer than the caller allows.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit that was given.
        limit: usize,
    },
    /// It ended before it was as long as the request said: the client went away.
    #[error("the body ended after {received} of {expected} bytes")]
    CutShort {
        /// The request's `Content-Length`.
        expected: u64,
        /// Bytes that came.
        received: u64,
    },
    /// The stream broke.
    #[error("the body could not be read")]
    Io(#[from] io::Error),
}

/// Where a body comes from.
enum Source {
    /// A stream that nothing was asked of yet.
    Untouched(Untouched),
    /// Bytes at hand.
    Bytes(Vec<u8>),
    /// All was read, or given up.
    Done,
}

/// The stream of a body as long as nothing was asked of it. Who dialled it ends it with the call that it belongs to.
#[derive(Clone)]
pub(super) struct Untouched(Arc<Mutex<Option<Dialled>>>);

impl Untouched {
    fn take(&self) -> Option<Dialled> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Ends the stream if nobody has asked anything of it.
    pub(super) async fn end(self) {
        if let Some(stream) = self.take() {
            // A body that nobody wants may as well not come about.
            let _ = stream.finish().await;
        }
    }
}

/// The body of a request. Dropped unread, it costs nothing: the server sends only what is asked for.
pub struct BodyReader {
    source: Source,
    expected: Option<u64>,
}

impl std::fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BodyReader")
            .field("expected", &self.expected)
            .finish_non_exhaustive()
    }
}

impl BodyReader {
    /// The body behind a dialled stream, and its length where the request tells it; and the stream, to be ended.
    pub(super) fn new(stream: Dialled, expected: Option<u64>) -> (Self, Untouched) {
        let stream = Untouched(Arc::new(Mutex::new(Some(stream))));
        let body = Self {
            source: Source::Untouched(stream.clone()),
            expected,
        };
        (body, stream)
    }

    /// The body behind a dialled stream, for tests of what reads bodies.
    pub fn behind(stream: Dialled, expected: Option<u64>) -> Self {
        Self::new(stream, expected).0
    }

    /// A body of these bytes, for tests of what reads bodies.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self {
            source: Source::Bytes(bytes),
            expected: None,
        }
    }

    /// Reads the whole body, which must be no longer than `limit`. A body that says it is longer is
    /// refused without asking for any of it. A second call finds an empty body.
    pub async fn read_to_limit(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let too_large = BodyError::TooLarge { limit };
        match std::mem::replace(&mut self.source, Source::Done) {
            Source::Done => Ok(Vec::new()),
            Source::Bytes(bytes) if bytes.len() > limit => Err(too_large),
            Source::Bytes(bytes) => Ok(bytes),
            Source::Untouched(stream) => {
                // Left where it is, it is ended without having been asked for.
                if self.expected == Some(0) {
                    return Ok(Vec::new());
                }
                if self
                    .expected
                    .is_some_and(|expected| expected > limit as u64)
                {
                    return Err(too_large);
                }
                let Some(mut stream) = stream.take() else {
                    return Err(io::Error::from(io::ErrorKind::ConnectionAborted).into());
                };
                let read = pull(&mut stream, self.expected, limit).await;
                match &read {
                    Ok(_) => stream.shutdown().await?,
                    // The server may be blocked in the middle of a body that nobody reads any more.
                    Err(_) => stream.reset(),
                }
                read
            }
        }
    }
}

/// Reads as many bytes as were announced, or until the stream ends, at most `limit`.
async fn pull(
    stream: &mut Dialled,
    expected: Option<u64>,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    stream.write_all(&UNLIMITED_CREDIT).await?;
    let announced = expected.and_then(|expected| usize::try_from(expected).ok());
    // One byte more than allowed tells a body that just fits from one that does not.
    let most = announced.unwrap_or(limit.saturating_add(1));
    let mut body = Vec::with_capacity(most.min(CHUNK));
    let mut bounded = stream.take(most as u64);
    while body.len() < most {
        if body.capacity() - body.len() < CHUNK / 4 {
            body.reserve(CHUNK.min(most - body.len()));
        }
        if bounded.read_buf(&mut body).await? == 0 {
            break;
        }
    }
    if body.len() > limit {
        return Err(BodyError::TooLarge { limit });
    }
    let received = body.len() as u64;
    match expected {
        Some(expected) if received < expected => Err(BodyError::CutShort { expected, received }),
        _ => Ok(body),
    }
}

#[cfg(test)]
mod tests {
    use super::{BodyError, BodyReader, HttpRequest};

    fn request(url: &str, headers: &[(&str, &str)]) -> HttpRequest {
        HttpRequest {
            url: url.to_owned(),
            headers: headers
                .iter()
                .map(|(k, v)| ((*k).to_owned(), vec![(*v).to_owned()]))
                .collect(),
            ..HttpRequest::default()
        }
    }

    #[test]
    fn a_url_splits_at_its_first_question_mark() {
        let with = request("/a/b?x=1&y=%3F?", &[]);
        assert_eq!((with.path(), with.query()), ("/a/b", "x=1&y=%3F?"));
        assert_eq!(
            (request("", &[]).path(), request("/a", &[]).query()),
            ("", "")
        );
    }

    #[test]
    fn headers_are_found_in_any_case() {
        let request = request("/", &[("Content-Length", " 12 ")]);
        assert_eq!(request.header("content-length"), Some(" 12 "));
        assert_eq!(request.content_length(), Some(12));
        assert_eq!(request.header("accept"), None);
    }

    #[test]
    fn a_length_that_is_no_number_is_unknown() {
        assert_eq!(
            request("/", &[("Content-Length", "-1")]).content_length(),
            None
        );
    }

    #[tokio::test]
    async fn a_body_at_hand_obeys_the_limit() {
        assert_eq!(
            BodyReader::from_bytes(vec![7; 4])
                .read_to_limit(4)
                .await
                .unwrap(),
            [7; 4]
        );
        let refused = BodyReader::from_bytes(vec![7; 5]).read_to_limit(4).await;
        assert!(matches!(refused, Err(BodyError::TooLarge { limit: 4 })));
    }
}
