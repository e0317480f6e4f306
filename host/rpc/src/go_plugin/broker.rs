//! The broker: streams found by number.
//!
//! Whoever learned a number dials: it opens a stream and writes the number (u32, little-endian), and the
//! other side, which allocated it, writes the same four bytes back. Dialling and accepting race freely,
//! so one table holds both streams nobody asked for yet and askers whose stream is not there yet. Both
//! give up after five seconds, as Go's broker does.
//!
//! Who dials need not wait for the number to come back before it goes on: the other side takes exactly four
//! bytes off the stream, and whoever it hands the stream to finds what follows them. A round trip is most of
//! what a small request costs, so a [`Dialled`] stream can be written to at once, and the number is checked
//! in front of the first byte that is read.
//!
//! The numbers of the two sides are unrelated: [`Broker::accept`] takes numbers from
//! [`Broker::next_id`], [`Broker::dial`] those that the server sent. The number of each incoming
//! stream is read in a task of its own, so that one that stays silent delays no other.

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

/// How long either side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);
/// Incoming streams that were not asked for yet. Beyond it they wait in yamux's backlog.
const MAX_PARKED: usize = 1024;

/// Why a brokered stream did not come about.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The session gives no stream.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The stream failed before it was agreed on.
    #[error("the stream failed: {0}")]
    Io(#[from] io::Error),
    /// The server answered with another number.
    #[error("dialled {dialled} and was answered by {answered}")]
    WrongNumber {
        /// The number written.
        dialled: u32,
        /// The number read.
        answered: u32,
    },
    /// The other side did not do its part within five seconds.
    #[error("stream {0} was not taken up within five seconds")]
    TimedOut(u32),
    /// Two callers wait for the same stream.
    #[error("stream {0} is awaited already")]
    InUse(u32),
}

/// Finds and opens brokered streams. Clones are the same broker; usable from any task of the runtime.
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
    /// A stream nobody asked for yet. Its task learns from the sender's end that it was taken.
    Parked(Stream, oneshot::Sender<()>),
    /// Somebody waits for the stream.
    Waiting(oneshot::Sender<Stream>),
}

impl Broker {
    /// Takes charge of all streams the peer opens from now on.
    pub fn start(session: Session, accept: Accept) -> Broker {
        let broker = Broker {
            inner: Arc::new(Inner {
                session,
                table: Mutex::default(),
                last_id: AtomicU32::new(0),
            }),
        };
        tokio::spawn(broker.clone().receive(accept));
        broker
    }

    /// A number that was not used yet, for a stream that the server is to dial. Never 0.
    pub fn next_id(&self) -> u32 {
        loop {
            let id = self.inner.last_id.fetch_add(1, Ordering::Relaxed);
            if let Some(id) = id.checked_add(1) {
                return id;
            }
        }
    }

    /// Opens the stream that the server awaits under `id`. Waits only while the server has as many streams from
    /// here as it may that it has not accepted.
    ///
    /// # Errors
    ///
    /// [`BrokerError`], in particular if that takes more than five seconds.
    pub async fn dial(&self, id: u32) -> Result<Dialled, BrokerError> {
        let dialled = timeout(PATIENCE, async {
            let mut stream = self.inner.session.open().await?;
            stream.write_all(&id.to_le_bytes()).await?;
            Ok(Dialled {
                stream,
                id,
                answer: Answer::default(),
            })
        });
        dialled.await.unwrap_or(Err(BrokerError::TimedOut(id)))
    }

    /// Waits for the server to dial `id`, which came from [`Broker::next_id`].
    ///
    /// # Errors
    ///
    /// [`BrokerError`], in particular if it does not within five seconds.
    pub async fn accept(&self, id: u32) -> Result<Stream, BrokerError> {
        let accepted = timeout(PATIENCE, async {
            let mut stream = self.taken(id).await?;
            stream.write_all(&id.to_le_bytes()).await?;
            Ok(stream)
        });
        accepted.await.unwrap_or(Err(BrokerError::TimedOut(id)))
    }

    /// Entries of the table, for tests.
    pub fn waiting(&self) -> usize {
        self.table().len()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<u32, Slot>> {
        let table = self.inner.table.lock();
        table.unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream with this number, now or later.
    async fn taken(&self, id: u32) -> Result<Stream, BrokerError> {
        // Dropped after the receiver, which makes the waiter recognisable as given up.
        let _tidy = Tidy { broker: self, id };
        let (sender, receiver) = oneshot::channel();
        {
            let mut table = self.table();
            match table.remove(&id) {
                Some(Slot::Parked(stream, _)) => return Ok(stream),
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
    async fn receive(self, mut accept: Accept) {
        let mut arrivals = JoinSet::new();
        loop {
            tokio::select! {
                stream = accept.next(), if arrivals.len() < MAX_PARKED => match stream {
                    Some(stream) => {
                        arrivals.spawn(self.clone().arrive(stream));
                    }
                    None => return,
                },
                Some(_) = arrivals.join_next() => {}
            }
        }
    }

    /// Learns a stream's number and brings it to whoever asks for it in time.
    async fn arrive(self, mut stream: Stream) {
        let mut number = [0; 4];
        let read = timeout(PATIENCE, stream.read_exact(&mut number)).await;
        let Ok(Ok(_)) = read else {
            stream.reset();
            return;
        };
        let id = u32::from_le_bytes(number);
        let Some(taken) = self.park(id, stream) else {
            return;
        };
        if timeout(PATIENCE, taken).await.is_err() {
            let mut table = self.table();
            match table.remove(&id) {
                Some(Slot::Parked(_, taken)) if taken.is_closed() => {}
                Some(other) => drop(table.insert(id, other)),
                None => {}
            }
        }
    }

    /// Hands the stream to its waiter, or parks it and says how to learn that it was taken.
    fn park(&self, id: u32, stream: Stream) -> Option<oneshot::Receiver<()>> {
        let mut table = self.table();
        let stream = match table.remove(&id) {
            Some(Slot::Waiting(waiter)) => match waiter.send(stream) {
                Ok(()) => return None,
                Err(stream) => stream,
            },
            Some(parked) => {
                table.insert(id, parked);
                stream.reset();
                return None;
            }
            None => stream,
        };
        let (sender, taken) = oneshot::channel();
        table.insert(id, Slot::Parked(stream, sender));
        Some(taken)
    }
}

/// What has been read of the number that the other side writes back.
#[derive(Debug, Default)]
struct Answer {
    bytes: [u8; 4],
    read: usize,
}

/// A stream that was dialled. It can be written to at once; reading from it begins behind the number that the
/// server writes back, and fails where that is another one. Dropped before it was read from, it is reset, which
/// the server may see before it has found out whose stream it is: see [`Dialled::finish`].
#[derive(Debug)]
pub struct Dialled {
    stream: Stream,
    id: u32,
    answer: Answer,
}

impl Dialled {
    /// The yamux stream id.
    pub fn id(&self) -> u32 {
        self.stream.id()
    }

    /// See [`Stream::reset`].
    pub fn reset(&self) {
        self.stream.reset();
    }

    /// Waits until the server has taken the stream up.
    ///
    /// # Errors
    ///
    /// [`BrokerError`], in particular if it does not within five seconds.
    pub async fn taken_up(mut self) -> Result<Stream, BrokerError> {
        let answered = timeout(PATIENCE, self.answered()).await;
        match answered.unwrap_or(Err(BrokerError::TimedOut(self.id))) {
            Ok(()) => Ok(self.stream),
            Err(error) => {
                self.stream.reset();
                Err(error)
            }
        }
    }

    /// Ends a stream on which nothing more is to be said or heard.
    ///
    /// # Errors
    ///
    /// As [`Dialled::taken_up`].
    pub async fn finish(mut self) -> Result<(), BrokerError> {
        self.stream.shutdown().await?;
        self.taken_up().await.map(drop)
    }

    async fn answered(&mut self) -> Result<(), BrokerError> {
        std::future::poll_fn(|cx| self.poll_answer(cx)).await
    }

    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BrokerError>> {
        let Answer { bytes, read } = &mut self.answer;
        while let Some(rest) = bytes.get_mut(*read..).filter(|rest| !rest.is_empty()) {
            let mut rest = ReadBuf::new(rest);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut rest))?;
            match rest.filled().len() {
                0 => return Poll::Ready(Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())),
                count => *read += count,
            }
        }
        Poll::Ready(match u32::from_le_bytes(*bytes) {
            answered if answered == self.id => Ok(()),
            answered => Err(BrokerError::WrongNumber {
                dialled: self.id,
                answered,
            }),
        })
    }
}

impl AsyncRead for Dialled {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match ready!(this.poll_answer(cx)) {
            Ok(()) => Pin::new(&mut this.stream).poll_read(cx, buf),
            Err(BrokerError::Io(error)) => Poll::Ready(Err(error)),
            Err(other) => {
                this.stream.reset();
                Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, other)))
            }
        }
    }
}

impl AsyncWrite for Dialled {
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

/// Removes a waiter that gave up.
struct Tidy<'a> {
    broker: &'a Broker,
    id: u32,
}

impl Drop for Tidy<'_> {
    fn drop(&mut self) {
        let mut table = self.broker.table();
        if let Some(Slot::Waiting(waiter)) = table.get(&self.id)
            && waiter.is_closed()
        {
            table.remove(&self.id);
        }
    }
}
