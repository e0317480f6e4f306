//! The HTTP response of `ServeHTTP`.
//!
//! The server offers its response writer over RPC (`httpResponseWriterRPCServer` in Mattermost's
//! `plugin/http.go`). Each call is a round trip, and the server runs each call in its own goroutine: wait for the
//! reply before the next call, or the calls overtake each other. `SyncHeader` replaces all headers on the server,
//! so the headers that middleware has set are fetched and merged first. Calls that change nothing are left out: a
//! response without headers does not send them, and status 200 is implied by the first byte or by the end of the
//! response. A response without any call only closes its stream.

use std::sync::{Arc, Mutex, PoisonError};

use super::http::Headers;
use crate::go_plugin::{BrokerError, PendingStream};
use crate::gob::{BytesRef, Decode, Empty, Encode};
use crate::net_rpc::{CallError, Client};

/// Bytes per `Write` call: large enough that round trips do not matter, and smaller than a yamux window.
const CHUNK: usize = 64 * 1024;

/// Why a response could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The server could not write the response, usually because the client has disconnected.
    #[error("the server could not write the response: {0}")]
    Refused(String),
    /// The stream to the server is closed.
    #[error("the stream to the server is closed")]
    Closed,
    /// The status is not between 100 and 999.
    #[error("{0} is not an HTTP status")]
    Status(u16),
}

/// Writes the response to one request.
///
/// Call [`send`](Self::send) to send a whole response, or `write_head` once, then `write` and `flush` as often as
/// necessary. Dropping the writer ends the response; if nothing was written, it is an empty response with status
/// 200.
pub struct ResponseWriter {
    stream: ResponseStream,
    /// The status was sent. It cannot be changed any more.
    head_sent: bool,
    /// The status does not allow a body. The server rejects one.
    no_body: bool,
}

impl std::fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseWriter")
            .field("head_sent", &self.head_sent)
            .finish_non_exhaustive()
    }
}

impl ResponseWriter {
    /// The response on a stream. Close the returned stream at the end of the hook.
    pub(super) fn new(stream: PendingStream) -> (Self, ResponseStream) {
        let stream = ResponseStream(Arc::new(Mutex::new(Some(State::Unused(stream)))));
        let writer = Self {
            stream: stream.clone(),
            head_sent: false,
            no_body: false,
        };
        (writer, stream)
    }

    /// The response on a stream, for tests.
    pub fn from_stream(stream: PendingStream) -> Self {
        Self::new(stream).0
    }

    /// The headers that the server has set, by canonical name.
    pub async fn headers(&mut self) -> Result<Headers, WriteError> {
        self.call("Plugin.Header", &Empty).await
    }

    /// Sends a whole response. Headers that the server has set are kept, unless `headers` has the same name.
    pub async fn send(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<(), WriteError> {
        self.write_head(status, headers).await?;
        self.write(body).await
    }

    /// Sends status and headers. Does nothing if they were sent before.
    pub async fn write_head(
        &mut self,
        status: u16,
        headers: &[(String, String)],
    ) -> Result<(), WriteError> {
        if !(100..=999).contains(&status) {
            return Err(WriteError::Status(status));
        }
        if self.head_sent {
            return Ok(());
        }
        if !headers.is_empty() {
            let merged = merge(self.headers().await?, headers);
            self.call::<_, Empty>("Plugin.SyncHeader", &merged).await?;
        }
        if status != 200 {
            self.call::<_, Empty>("Plugin.WriteHeader", &i64::from(status))
                .await?;
        }
        // The real response follows a 1xx status.
        self.head_sent = status >= 200;
        self.no_body = matches!(status, 204 | 304);
        Ok(())
    }

    /// Sends a part of the body. The first part implies status 200 if no status was sent.
    pub async fn write(&mut self, part: &[u8]) -> Result<(), WriteError> {
        if self.no_body {
            return Ok(());
        }
        for chunk in part.chunks(CHUNK) {
            self.head_sent = true;
            self.call::<_, Empty>("Plugin.Write", &BytesRef(chunk))
                .await?;
        }
        Ok(())
    }

    /// Asks the server to send the buffered part of the response to the client. Servers of version 10 do not
    /// support this: they send the buffer when it is full.
    pub async fn flush(&mut self) -> Result<(), WriteError> {
        match self.call::<_, Empty>("Plugin.Flush", &Empty).await {
            Err(WriteError::Refused(_)) => Ok(()),
            other => {
                self.head_sent = true;
                other.map(|_| ())
            }
        }
    }

    /// Ends the response. Dropping the writer has the same effect.
    pub fn finish(self) {}

    async fn call<A, R>(&self, method: &str, args: &A) -> Result<R, WriteError>
    where
        A: Encode + Sync,
        R: Decode + Send + 'static,
    {
        let client = self.stream.client().ok_or(WriteError::Closed)?;
        let reply = client.call(method, args).await;
        reply.map_err(|error| match error {
            CallError::Closed => WriteError::Closed,
            other => WriteError::Refused(other.to_string()),
        })
    }
}

/// The stream of a response. It is closed at the end of the hook, even if the hook keeps the writer.
#[derive(Clone)]
pub(super) struct ResponseStream(Arc<Mutex<Option<State>>>);

enum State {
    /// No call was made.
    Unused(PendingStream),
    /// Calls are made with this client.
    InUse(Client),
}

impl ResponseStream {
    fn take(&self) -> Option<State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The client that makes the calls. `None` if the response has ended.
    fn client(&self) -> Option<Client> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match state.take()? {
            State::Unused(stream) => Client::new(stream),
            State::InUse(client) => client,
        };
        *state = Some(State::InUse(client.clone()));
        Some(client)
    }

    /// Ends the response.
    ///
    /// # Errors
    ///
    /// [`BrokerError`] if no call was made and the server did not accept the stream.
    pub(super) async fn close(self) -> Result<(), BrokerError> {
        match self.take() {
            Some(State::Unused(stream)) => stream.close().await,
            Some(State::InUse(_)) | None => Ok(()),
        }
    }
}

/// Replaces the server's headers with the plugin's headers of the same name. A name that the plugin gives twice
/// has both values, as `Set-Cookie` needs.
fn merge(mut merged: Headers, headers: &[(String, String)]) -> Headers {
    for (name, _) in headers {
        merged.remove(&canonical(name));
    }
    for (name, value) in headers {
        merged
            .entry(canonical(name))
            .or_default()
            .push(value.clone());
    }
    merged
}

/// The canonical form of a header name, as in Go's `http.Header`: `content-type` becomes `Content-Type`.
fn canonical(name: &str) -> String {
    let mut start = true;
    name.chars()
        .map(|letter| {
            let upper = std::mem::replace(&mut start, letter == '-');
            if upper {
                letter.to_ascii_uppercase()
            } else {
                letter.to_ascii_lowercase()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{canonical, merge};

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn header_names_become_canonical() {
        assert_eq!(canonical("content-type"), "Content-Type");
        assert_eq!(canonical("X-FRAME-options"), "X-Frame-Options");
    }

    #[test]
    fn headers_of_the_server_are_kept_unless_replaced() {
        let server = [
            (
                "Content-Security-Policy".to_owned(),
                vec!["frame-ancestors 'self'".to_owned()],
            ),
            ("Content-Type".to_owned(), vec!["text/plain".to_owned()]),
        ];
        let ours = pairs(&[
            ("content-type", "text/html"),
            ("set-cookie", "a=1"),
            ("Set-Cookie", "b=2"),
        ]);
        let merged = merge(server.into(), &ours);
        assert_eq!(merged["Content-Type"], ["text/html"]);
        assert_eq!(merged["Set-Cookie"], ["a=1", "b=2"]);
        assert_eq!(
            merged["Content-Security-Policy"],
            ["frame-ancestors 'self'"]
        );
    }
}
