//! The broker connects streams by ID (go-plugin's `MuxBroker` in `mux_broker.go`).
//!
//! One side allocates an ID and tells the other side. The other side dials: it opens a stream and writes the ID as
//! a little-endian u32. The first side accepts the stream and acknowledges it with the same four bytes. The stream
//! may arrive before or after the call of [`Broker::accept`], so a table holds streams that nobody has accepted
//! yet and callers whose stream has not arrived yet. Both time out after five seconds, as in go-plugin.
//!
//! The side that dials does not have to wait for the acknowledgment: the other side reads exactly four bytes, and
//! the code that accepts the stream reads what follows. A round trip is the largest part of the cost of a small
//! request, so a [`PendingStream`] can be written to at once, and the acknowledgment is checked before the first
//! byte is read.
//!
//! The IDs of the two sides are unrelated: [`Broker::accept`] takes IDs from [`Broker::next_id`], and
//! [`Broker::dial`] takes IDs that the server sent. The ID of each incoming stream is read in its own task, so
//! that a silent stream does not delay others.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::yamux::{Accept, OpenError, Session, Stream};

/// How long each side waits for the other.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum number of incoming streams that nobody has accepted yet. More streams wait in yamux's backlog.
const MAX_UNCLAIMED: usize = 1024;

/// Why a stream could not be connected.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The session could not open a stream.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The stream failed before it was accepted.
    #[error("the stream failed: {0}")]
    Io(#[from] io::Error),
    /// The server acknowledged the stream with another ID.
    #[error("dialed stream {dialed}, but stream {acknowledged} was acknowledged")]
    WrongId {
        /// The ID that was dialed.
        dialed: u32,
        /// The ID that the server sent.
        acknowledged: u32,
    },
    /// The other side did not dial or accept the stream within five seconds.
    #[error("stream {0} was not connected within five seconds")]
    TimedOut(u32),
    /// Another caller already waits for the stream.
    #[error("stream {0} is already being accepted")]
    InUse(u32),
}

/// Connects streams by ID. Clones share the same broker.
#[derive(Clone, Debug)]
pub struct Broker {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    session: Session,
    table: Mutex<HashMap<u32, Slot>>,
    last_id: AtomicU32,
}

#[derive(Debug)]
enum Slot {
    /// A stream that nobody has accepted yet. Dropping the sender tells its task that it was accepted.
    Unclaimed(Stream, oneshot::Sender<()>),
    /// A caller that waits for the stream.
    Waiting(oneshot::Sender<Stream>),
}

impl Broker {
    /// Starts a broker. It receives all streams that the peer opens from now on.
    pub fn start(session: Session, accept: Accept) -> Broker {
        let broker = Broker {
            inner: Arc::new(Inner {
                session,
                table: Mutex::default(),
                last_id: AtomicU32::new(0),
            }),
        };
        tokio::spawn(broker.clone().accept_streams(accept));
        broker
    }

    /// Allocates an ID for a stream that the server dials. Never 0.
    pub fn next_id(&self) -> u32 {
        loop {
            let id = self.inner.last_id.fetch_add(1, Ordering::Relaxed);
            if let Some(id) = id.checked_add(1) {
                return id;
            }
        }
    }

    /// Opens the stream that the server accepts as `id`. Waits only if the server has not accepted many streams
    /// yet; see [`Config::max_unaccepted`](crate::yamux::Config::max_unaccepted).
    ///
    /// # Errors
    ///
    /// [`BrokerError`], for example if this takes longer than five seconds.
    pub async fn dial(&self, id: u32) -> Result<PendingStream, BrokerError> {
        let dialed = timeout(TIMEOUT, async {
            let mut stream = self.inner.session.open().await?;
            stream.write_all(&id.to_le_bytes()).await?;
            Ok(PendingStream {
                stream,
                id,
                ack: Ack::default(),
            })
        });
        dialed.await.unwrap_or(Err(BrokerError::TimedOut(id)))
    }

    /// Waits until the server dials `id`, which is from [`Broker::next_id`].
    ///
    /// # Errors
    ///
    /// [`BrokerError`], for example if the server does not dial within five seconds.
    pub async fn accept(&self, id: u32) -> Result<Stream, BrokerError> {
        let accepted = timeout(TIMEOUT, async {
            let mut stream = self.claim(id).await?;
            stream.write_all(&id.to_le_bytes()).await?;
            Ok(stream)
        });
        accepted.await.unwrap_or(Err(BrokerError::TimedOut(id)))
    }

    /// The number of entries in the table, for tests.
    pub fn waiting(&self) -> usize {
        self.table().len()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<u32, Slot>> {
        let table = self.inner.table.lock();
        table.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the stream with this ID from the table, or waits for it.
    async fn claim(&self, id: u32) -> Result<Stream, BrokerError> {
        // The guard is dropped after the receiver, so that it sees that this caller no longer waits.
        let _guard = WaitGuard { broker: self, id };
        let (sender, receiver) = oneshot::channel();
        {
            let mut table = self.table();
            match table.remove(&id) {
                Some(Slot::Unclaimed(stream, _)) => return Ok(stream),
                Some(Slot::Waiting(other)) if !other.is_closed() => {
                    table.insert(id, Slot::Waiting(other));
                    return Err(BrokerError::InUse(id));
                }
                _ => table.insert(id, Slot::Waiting(sender)),
            };
        }
        receiver.await.map_err(|_| BrokerError::TimedOut(id))
    }

    /// Accepts streams until the session ends.
    async fn accept_streams(self, mut accept: Accept) {
        let mut incoming = JoinSet::new();
        loop {
            tokio::select! {
                stream = accept.next(), if incoming.len() < MAX_UNCLAIMED => match stream {
                    Some(stream) => {
                        incoming.spawn(self.clone().handle_incoming(stream));
                    }
                    None => return,
                },
                Some(_) = incoming.join_next() => {}
            }
        }
    }

    /// Reads the ID of a stream and passes the stream to its caller, or keeps it until the timeout.
    async fn handle_incoming(self, mut stream: Stream) {
        let mut id = [0; 4];
        let read = timeout(TIMEOUT, stream.read_exact(&mut id)).await;
        let Ok(Ok(_)) = read else {
            stream.reset();
            return;
        };
        let id = u32::from_le_bytes(id);
        let Some(claimed) = self.deliver(id, stream) else {
            return;
        };
        if timeout(TIMEOUT, claimed).await.is_err() {
            let mut table = self.table();
            match table.remove(&id) {
                Some(Slot::Unclaimed(_, claimed)) if claimed.is_closed() => {}
                Some(other) => drop(table.insert(id, other)),
                None => {}
            }
        }
    }

    /// Passes the stream to its caller, or stores it. The returned receiver completes when a stored stream is claimed.
    fn deliver(&self, id: u32, stream: Stream) -> Option<oneshot::Receiver<()>> {
        let mut table = self.table();
        let stream = match table.remove(&id) {
            Some(Slot::Waiting(waiter)) => match waiter.send(stream) {
                Ok(()) => return None,
                Err(stream) => stream,
            },
            Some(unclaimed) => {
                table.insert(id, unclaimed);
                stream.reset();
                return None;
            }
            None => stream,
        };
        let (sender, claimed) = oneshot::channel();
        table.insert(id, Slot::Unclaimed(stream, sender));
        Some(claimed)
    }
}

/// The bytes of the acknowledgment that were read so far.
#[derive(Debug, Default)]
struct Ack {
    bytes: [u8; 4],
    read: usize,
}

/// A dialed stream that the server may not have accepted yet. It can be written to at once. Reads start after the
/// server's acknowledgment, and fail if the acknowledgment is wrong.
///
/// If it is dropped before anything was read, it is reset. The server may see the reset before it knows which
/// stream this is; use [`PendingStream::close`] to avoid that.
#[derive(Debug)]
pub struct PendingStream {
    stream: Stream,
    id: u32,
    ack: Ack,
}

impl PendingStream {
    /// The yamux stream id.
    pub fn id(&self) -> u32 {
        self.stream.id()
    }

    /// See [`Stream::reset`].
    pub fn reset(&self) {
        self.stream.reset();
    }

    /// Waits until the server has accepted the stream.
    ///
    /// # Errors
    ///
    /// [`BrokerError`], for example if the server does not accept it within five seconds.
    pub async fn accepted(mut self) -> Result<Stream, BrokerError> {
        let ack = timeout(TIMEOUT, self.read_ack()).await;
        match ack.unwrap_or(Err(BrokerError::TimedOut(self.id))) {
            Ok(()) => Ok(self.stream),
            Err(error) => {
                self.stream.reset();
                Err(error)
            }
        }
    }

    /// Closes the stream after the server has accepted it.
    ///
    /// # Errors
    ///
    /// Like [`PendingStream::accepted`].
    pub async fn close(mut self) -> Result<(), BrokerError> {
        self.stream.shutdown().await?;
        self.accepted().await.map(drop)
    }

    async fn read_ack(&mut self) -> Result<(), BrokerError> {
        std::future::poll_fn(|cx| self.poll_ack(cx)).await
    }

    fn poll_ack(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BrokerError>> {
        let Ack { bytes, read } = &mut self.ack;
        while let Some(rest) = bytes.get_mut(*read..).filter(|rest| !rest.is_empty()) {
            let mut rest = ReadBuf::new(rest);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut rest))?;
            match rest.filled().len() {
                0 => return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
                count => *read += count,
            }
        }
        Poll::Ready(match u32::from_le_bytes(*bytes) {
            acknowledged if acknowledged == self.id => Ok(()),
            acknowledged => Err(BrokerError::WrongId {
                dialed: self.id,
                acknowledged,
            }),
        })
    }
}

impl AsyncRead for PendingStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(this.poll_ack(cx)) {
            Ok(()) => Pin::new(&mut this.stream).poll_read(cx, buf),
            Err(BrokerError::Io(error)) => Poll::Ready(Err(error)),
            Err(other) => {
                this.stream.reset();
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, other)))
            }
        }
    }
}

impl AsyncWrite for PendingStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Removes a caller from the table when it no longer waits.
struct WaitGuard<'a> {
    broker: &'a Broker,
    id: u32,
}

impl Drop for WaitGuard<'_> {
    fn drop(&mut self) {
        let mut table = self.broker.table();
        if let Some(Slot::Waiting(waiter)) = table.get(&self.id)
            && waiter.is_closed()
        {
            table.remove(&self.id);
        }
    }
}
