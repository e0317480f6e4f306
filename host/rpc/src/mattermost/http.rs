//! The HTTP request of `ServeHTTP`, and its body.
//!
//! The plugin requests the body: it writes the number of bytes that it wants as a Go varint, and the server sends
//! up to that many (`remoteIOReader` in Mattermost's `plugin/io_rpc.go`). The numbers add up and the body ends
//! with FIN, so the plugin writes the largest number once; the window of the stream limits how much the server
//! sends.
//!
//! If a client disconnects during an upload, the body ends as if it were complete. If the request has a
//! `Content-Length`, [`BodyReader`] compares and reports a truncated body. After that many bytes it does not wait
//! for the FIN.

use crate::go_plugin::PendingStream;
use crate::gob::Url;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// `i64::MAX` as a Go varint: requests the whole body.
const REQUEST_ALL: [u8; 10] = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];

/// The number of bytes to read at once, and the initial capacity for a body of unknown length.
const CHUNK: usize = 32 * 1024;

/// HTTP headers: the values by canonical name, such as `Content-Type`. Invalid UTF-8 is replaced.
pub type Headers = BTreeMap<String, Vec<String>>;

crate::gob_struct! {
    /// The request as the server sends it. Version 10 sends Go's `http.Request`, later versions a subset. These
    /// are the fields that both have.
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

/// An HTTP request to `/plugins/ID/…`, as the server forwards it. The server has verified the session and removed
/// the token. The header `Mattermost-User-Id` is the ID of the signed-in user; it is absent if nobody is signed
/// in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method, such as `GET`.
    pub method: String,
    /// Path and query relative to the plugin, percent-encoded: `/api/v1/meetings?x=1`. Empty for `/plugins/ID`
    /// without a trailing slash. The server sorts the query parameters.
    pub url: String,
    /// The headers, without `Host`.
    pub headers: Headers,
    /// The value of the `Host` header.
    pub host: String,
    /// Address and port of the client, as seen by the server.
    pub remote_addr: String,
    /// The request target that the client sent.
    pub request_uri: String,
}

impl HttpRequest {
    /// The first value of a header. The case of the name does not matter.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, values) = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        values.first().map(String::as_str)
    }

    /// The path, percent-encoded.
    pub fn path(&self) -> &str {
        self.url
            .split_once('?')
            .map_or(self.url.as_str(), |(path, _)| path)
    }

    /// The query, percent-encoded and without the question mark. Empty if there is none.
    pub fn query(&self) -> &str {
        self.url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The length of the body. `None` if it is unknown or the header is invalid.
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
    /// The body is longer than the caller allows.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit of the caller.
        limit: usize,
    },
    /// The body is shorter than its `Content-Length`: the client disconnected.
    #[error("the body ended after {received} of {expected} bytes")]
    Truncated {
        /// The request's `Content-Length`.
        expected: u64,
        /// Bytes that were received.
        received: u64,
    },
    /// The stream failed.
    #[error("the body could not be read")]
    Io(#[from] io::Error),
}

/// The source of a body.
enum Source {
    /// A stream from which nothing was requested yet.
    Stream(UnreadBody),
    /// A body in memory.
    Bytes(Vec<u8>),
    /// The body was read, or reading it failed.
    Done,
}

/// The stream of a body until the plugin requests it. If the plugin does not request the body, the caller closes
/// the stream at the end of the hook.
#[derive(Clone)]
pub(super) struct UnreadBody(Arc<Mutex<Option<PendingStream>>>);

impl UnreadBody {
    fn take(&self) -> Option<PendingStream> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Closes the stream if the body was not requested.
    pub(super) async fn close(self) {
        if let Some(stream) = self.take() {
            // An error does not matter: nobody wants the body.
            let _ = stream.close().await;
        }
    }
}

/// The body of a request. Dropping it unread costs nothing: the server only sends what the plugin requests.
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
    /// A body that is read from a stream, with its `Content-Length`. Close the returned stream at the end of the hook.
    pub(super) fn new(stream: PendingStream, expected: Option<u64>) -> (Self, UnreadBody) {
        let stream = UnreadBody(Arc::new(Mutex::new(Some(stream))));
        let body = Self {
            source: Source::Stream(stream.clone()),
            expected,
        };
        (body, stream)
    }

    /// A body that is read from a stream, for tests.
    pub fn from_stream(stream: PendingStream, expected: Option<u64>) -> Self {
        Self::new(stream, expected).0
    }

    /// A body in memory, for tests and for requests without a body.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self {
            source: Source::Bytes(bytes),
            expected: None,
        }
    }

    /// Reads the whole body if it is at most `limit` bytes long. A body whose `Content-Length` is larger is
    /// rejected without requesting it. A second call returns an empty body.
    pub async fn read_to_limit(&mut self, limit: usize) -> Result<Vec<u8>, BodyError> {
        let too_large = BodyError::TooLarge { limit };
        match std::mem::replace(&mut self.source, Source::Done) {
            Source::Done => Ok(Vec::new()),
            Source::Bytes(bytes) if bytes.len() > limit => Err(too_large),
            Source::Bytes(bytes) => Ok(bytes),
            Source::Stream(stream) => {
                // Do not take the stream: it is closed without a request.
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
                let read = read_body(&mut stream, self.expected, limit).await;
                match &read {
                    Ok(_) => stream.shutdown().await?,
                    // The server may be blocked in the middle of the body.
                    Err(_) => stream.reset(),
                }
                read
            }
        }
    }
}

/// Reads the expected number of bytes, or until the stream ends. Fails if there are more than `limit` bytes.
async fn read_body(
    stream: &mut PendingStream,
    expected: Option<u64>,
    limit: usize,
) -> Result<Vec<u8>, BodyError> {
    stream.write_all(&REQUEST_ALL).await?;
    let length = expected.and_then(|expected| usize::try_from(expected).ok());
    // One byte more than allowed shows that the body is too long.
    let max = length.unwrap_or(limit.saturating_add(1));
    let mut body = Vec::with_capacity(max.min(CHUNK));
    let mut bounded = stream.take(max as u64);
    while body.len() < max {
        if body.capacity() - body.len() < CHUNK / 4 {
            body.reserve(CHUNK.min(max - body.len()));
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
        Some(expected) if received < expected => Err(BodyError::Truncated { expected, received }),
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
    fn a_url_is_split_at_its_first_question_mark() {
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
    fn a_length_that_is_not_a_number_is_unknown() {
        assert_eq!(
            request("/", &[("Content-Length", "-1")]).content_length(),
            None
        );
    }

    #[tokio::test]
    async fn a_body_in_memory_has_the_same_limit() {
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
