//! The response of `ServeHTTP`.
//!
//! The server holds the real response writer and offers it over RPC, one round trip per step, each of
//! them served by a goroutine of its own: a step must be answered before the next is sent, or they
//! overtake each other. `SyncHeader` replaces the server's headers as a whole, so what middleware set
//! there is fetched and merged first. Steps that change nothing are left out: without headers of its
//! own a response sends none, and a status of 200 follows from the first byte or from the end. A response
//! without any step ends its stream and makes no RPC of it.

use std::sync::{Arc, Mutex, PoisonError};

use super::http::Headers;
use crate::go_plugin::{BrokerError, Dialled};
use crate::gob::{BytesRef, Decode, Empty, Encode};
use crate::net_rpc::{CallError, Client};

/// Bytes per `Write`: large enough that round trips do not matter, small enough for a yamux window.
const CHUNK: usize = 64 * 1024;

/// Why a response could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// The server could not pass it on. As a rule the client has gone away.
    #[error("the server could not pass the response on: {0}")]
    Refused(String),
    /// The stream to the server is closed.
    #[error("the stream to the server is closed")]
    Closed,
    /// No HTTP status: 100 to 999 is what the server takes.
    #[error("{0} is no HTTP status")]
    Status(u16),
}

/// Writes the response to one request.
///
/// Either [`send`](Self::send) does everything at once, or `write_head` is followed by any number of
/// `write`s and `flush`es, and `finish`. Dropping it without either makes an empty 200.
pub struct ResponseWriter {
    line: Line,
    /// Whether the status went out, or must not any more.
    head_sent: bool,
    /// A response of this status has no body, and the server refuses one.
    bodiless: bool,
}

impl std::fmt::Debug for ResponseWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ResponseWriter")
            .field("head_sent", &self.head_sent)
            .finish_non_exhaustive()
    }
}

impl ResponseWriter {
    /// The response at the other end of a stream, and the stream's end for whoever answers the call.
    pub(super) fn new(stream: Dialled) -> (Self, Line) {
        let line = Line(Arc::new(Mutex::new(Some(Talk::Untouched(stream)))));
        let writer = Self {
            line: line.clone(),
            head_sent: false,
            bodiless: false,
        };
        (writer, line)
    }

    /// The response at the other end of a stream, for tests of what answers.
    pub fn behind(stream: Dialled) -> Self {
        Self::new(stream).0
    }

    /// The headers the server has set so far, by canonical name.
    pub async fn headers(&mut self) -> Result<Headers, WriteError> {
        self.call("Plugin.Header", &Empty).await
    }

    /// Sends a whole response. Headers that the server set stay, unless one of the same name is given.
    pub async fn send(
        &mut self,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Result<(), WriteError> {
        self.write_head(status, headers).await?;
        self.write(body).await
    }

    /// Sends status and headers. Once something was written neither can be changed, and this does
    /// nothing.
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
        // 1xx announces a response that is still to come.
        self.head_sent = status >= 200;
        self.bodiless = matches!(status, 204 | 304);
        Ok(())
    }

    /// Sends a part of the body. The first one implies status 200 where none was written.
    pub async fn write(&mut self, part: &[u8]) -> Result<(), WriteError> {
        if self.bodiless {
            return Ok(());
        }
        for chunk in part.chunks(CHUNK) {
            self.head_sent = true;
            self.call::<_, Empty>("Plugin.Write", &BytesRef(chunk))
                .await?;
        }
        Ok(())
    }

    /// Asks the server to pass on what was written so far. Servers of version 10 cannot, and send it
    /// when their buffer is full.
    pub async fn flush(&mut self) -> Result<(), WriteError> {
        match self.call::<_, Empty>("Plugin.Flush", &Empty).await {
            Err(WriteError::Refused(_)) => Ok(()),
            other => {
                self.head_sent = true;
                other.map(|_| ())
            }
        }
    }

    /// Ends the response. Dropping the writer does the same; this says so in the code.
    pub fn finish(self) {}

    async fn call<A, R>(&self, method: &str, args: &A) -> Result<R, WriteError>
    where
        A: Encode + Sync,
        R: Decode + Send + 'static,
    {
        let client = self.line.client().ok_or(WriteError::Closed)?;
        let answer = client.call(method, args).await;
        answer.map_err(|error| match error {
            CallError::Closed => WriteError::Closed,
            other => WriteError::Refused(other.to_string()),
        })
    }
}

/// The stream of a response, which ends with the call that it belongs to, whatever became of its writer.
#[derive(Clone)]
pub(super) struct Line(Arc<Mutex<Option<Talk>>>);

/// What was said on it.
enum Talk {
    /// Nothing.
    Untouched(Dialled),
    /// Steps, one after the other.
    Steps(Client),
}

impl Line {
    fn take(&self) -> Option<Talk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The caller of steps; none when the response has ended.
    fn client(&self) -> Option<Client> {
        let mut talk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let client = match talk.take()? {
            Talk::Untouched(stream) => Client::new(stream),
            Talk::Steps(client) => client,
        };
        *talk = Some(Talk::Steps(client.clone()));
        Some(client)
    }

    /// Ends the response. Steps that were taken are answered by now, or nobody waits for their answers.
    ///
    /// # Errors
    ///
    /// [`BrokerError`] if the server never took the stream up.
    pub(super) async fn end(self) -> Result<(), BrokerError> {
        match self.take() {
            Some(Talk::Untouched(stream)) => stream.finish().await,
            Some(Talk::Steps(_)) | None => Ok(()),
        }
    }
}

/// The server's headers with the plugin's in place of those of the same name. A name given twice has
/// both values, as `Set-Cookie` needs.
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

/// A header's name in the form that Go's `http.Header` has its keys in: `content-type` becomes
/// `Content-Type`.
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
    fn names_become_canonical() {
        assert_eq!(canonical("content-type"), "Content-Type");
        assert_eq!(canonical("X-FRAME-options"), "X-Frame-Options");
    }

    #[test]
    fn the_servers_headers_stay_unless_replaced() {
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
