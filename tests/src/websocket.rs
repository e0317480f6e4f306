//! A WebSocket client that records events.
//!
//! Ephemeral posts and a plugin's own events are only sent over WebSockets. One thread records all events in order. A
//! test takes a mark, acts, and waits for the first matching event after the mark. So the test misses no early event
//! and accepts no older one.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::client::Client;

/// Longer than the plugin waits for Zoom.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The connection failed, or an event did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection.
    #[error("cannot connect to {0}")]
    Connect(String, #[source] Box<tungstenite::Error>),
    /// No TCP connection.
    #[error("cannot reach the server")]
    Tcp(#[from] std::io::Error),
    /// The event did not arrive in time.
    #[error("{what} did not arrive; received: {seen}")]
    Missing {
        /// The expected event.
        what: String,
        /// The events since the mark.
        seen: String,
    },
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its name, such as `posted`.
    pub name: String,
    /// Its data.
    pub data: Value,
    /// Its recipients.
    pub broadcast: Value,
}

impl Event {
    /// The post in the data of an event about a post.
    pub fn post(&self) -> Option<Value> {
        serde_json::from_str(self.data.get("post")?.as_str()?).ok()
    }
}

#[derive(Debug, Default)]
struct Seen {
    events: Mutex<Vec<Event>>,
    arrived: Condvar,
}

impl Seen {
    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's WebSocket. Dropping the value closes it.
#[derive(Debug)]
pub struct Listener {
    stream: TcpStream,
    seen: Arc<Seen>,
}

impl Listener {
    /// Connects with the session of `client`. Returns after the server's `hello` event, so that no later event is
    /// missed.
    pub fn connect(client: &Client) -> Result<Listener, Error> {
        let address = client.base().trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(address.replace("localhost", "127.0.0.1"))?;
        let url = format!("ws://{address}/api/v4/websocket");
        let (mut socket, _) = tungstenite::client(url.as_str(), stream.try_clone()?).map_err(
            |error| match error {
                tungstenite::HandshakeError::Failure(error) => {
                    Error::Connect(url.clone(), Box::new(error))
                }
                tungstenite::HandshakeError::Interrupted(_) => {
                    Error::Connect(url.clone(), Box::new(tungstenite::Error::ConnectionClosed))
                }
            },
        )?;
        let challenge = json!({
            "seq": 1,
            "action": "authentication_challenge",
            "data": {"token": client.token()},
        });
        socket
            .send(Message::text(challenge.to_string()))
            .map_err(|error| Error::Connect(url, Box::new(error)))?;
        let seen = Arc::new(Seen::default());
        let reader = Arc::clone(&seen);
        thread::spawn(move || read(socket, &reader));
        let listener = Listener { stream, seen };
        listener.wait(0, "the greeting", |event| event.name == "hello")?;
        Ok(listener)
    }

    /// The position after all events so far.
    pub fn mark(&self) -> usize {
        self.seen.lock().len()
    }

    /// All events since the mark.
    pub fn since(&self, mark: usize) -> Vec<Event> {
        self.seen.lock().get(mark..).unwrap_or_default().to_vec()
    }

    /// The connection's id, as the server knows it.
    pub fn connection_id(&self) -> String {
        let events = self.seen.lock();
        let id = events
            .iter()
            .find_map(|event| event.data.get("connection_id")?.as_str());
        id.unwrap_or_default().to_owned()
    }

    /// Waits for the first event since the mark that `wanted` accepts.
    pub fn wait(
        &self,
        mark: usize,
        what: &str,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<Event, Error> {
        let end = Instant::now() + TIMEOUT;
        let mut events = self.seen.lock();
        let mut next = mark;
        loop {
            let found = events.iter().skip(next).find(|event| wanted(event));
            if let Some(event) = found {
                return Ok(event.clone());
            }
            next = events.len();
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seen: Vec<String> = events
                    .iter()
                    .skip(mark)
                    .map(|event| format!("{} {}", event.name, event.data))
                    .collect();
                return Err(Error::Missing {
                    what: what.to_owned(),
                    seen: seen.join("\n"),
                });
            }
            let waited = self.seen.arrived.wait_timeout(events, left);
            events = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for an event `name` with a post that `wanted` accepts, and returns the post.
    pub fn wait_for_post(
        &self,
        mark: usize,
        name: &str,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Result<Value, Error> {
        let event = self.wait(mark, &format!("the event {name}"), |event| {
            event.name == name && event.post().is_some_and(|post| wanted(&post))
        })?;
        Ok(event.post().unwrap_or_default())
    }

    /// Waits for an ephemeral post for this user.
    pub fn wait_for_ephemeral(
        &self,
        mark: usize,
        wanted: impl FnMut(&Value) -> bool,
    ) -> Result<Value, Error> {
        self.wait_for_post(mark, "ephemeral_message", wanted)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Reads until the connection ends. Skips responses, which have no `event`.
fn read(mut socket: WebSocket<TcpStream>, seen: &Seen) {
    while let Ok(message) = socket.read() {
        let Ok(text) = message.to_text() else {
            continue;
        };
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            continue;
        };
        let Some(name) = value.get("event").and_then(Value::as_str) else {
            continue;
        };
        let part = |name: &str| value.get(name).cloned().unwrap_or_default();
        let event = Event {
            name: name.to_owned(),
            data: part("data"),
            broadcast: part("broadcast"),
        };
        seen.lock().push(event);
        seen.arrived.notify_all();
    }
}
