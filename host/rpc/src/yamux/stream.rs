//! The application's end of a stream: tokio's `AsyncRead` and `AsyncWrite` over the shared state.
//!
//! Written bytes are held (up to [`Config::send_buffer`](super::Config::send_buffer)) until window
//! and connection take them; `flush` waits until they are with the kernel, `shutdown` queues FIN
//! behind them. After a reset both directions fail with `ConnectionReset`; when the session ends
//! they fail with `ConnectionAborted`, so a body cut short never looks complete.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::entry::{Local, drain, park};
use super::session::Shared;

/// One stream of a session. Dropping it closes it; see the module's description.
#[derive(Debug)]
pub struct Stream {
    end: Arc<End>,
}

/// The reading half of a [`Stream`].
#[derive(Debug)]
pub struct ReadHalf {
    end: Arc<End>,
}

/// The writing half of a [`Stream`].
#[derive(Debug)]
pub struct WriteHalf {
    end: Arc<End>,
}

/// What the halves share; its drop is the stream's.
#[derive(Debug)]
struct End {
    shared: Arc<Shared>,
    id: u32,
}

impl Stream {
    pub(super) fn new(shared: Arc<Shared>, id: u32) -> Stream {
        let end = Arc::new(End { shared, id });
        Stream { end }
    }

    /// The yamux stream id.
    pub fn id(&self) -> u32 {
        self.end.id
    }

    /// Ends the stream at once in both directions and tells the peer with RST.
    pub fn reset(&self) {
        self.end.reset();
    }

    /// Splits into halves that can live in different tasks. The stream closes when both are dropped.
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        let read = ReadHalf {
            end: Arc::clone(&self.end),
        };
        (read, WriteHalf { end: self.end })
    }
}

impl ReadHalf {
    /// See [`Stream::reset`].
    pub fn reset(&self) {
        self.end.reset();
    }
}

impl WriteHalf {
    /// See [`Stream::reset`].
    pub fn reset(&self) {
        self.end.reset();
    }
}

fn was_reset() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the stream was reset")
}

fn session_over() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the plugin connection is closed",
    )
}

fn finished() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the stream was shut down")
}

impl End {
    fn reset(&self) {
        self.shared.lock().abort(self.id);
        self.shared.work.notify_one();
    }

    fn read(&self, cx: &Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.shared.lock();
        let ended = state.ended.is_some();
        let Some(entry) = state.entry(self.id) else {
            return Poll::Ready(Err(session_over()));
        };
        if entry.reset {
            return Poll::Ready(Err(was_reset()));
        }
        if entry.received.is_empty() {
            if entry.peer_fin {
                return Poll::Ready(Ok(()));
            }
            if ended {
                return Poll::Ready(Err(session_over()));
            }
            park(&mut entry.reader, cx.waker());
            return Poll::Pending;
        }
        let count = entry.received.len().min(buf.remaining());
        drain(&mut entry.received, count, |bytes| buf.put_slice(bytes));
        let taken = u32::try_from(count).unwrap_or(u32::MAX);
        entry.consumed = entry.consumed.saturating_add(taken);
        if state.queue(self.id) {
            drop(state);
            self.shared.work.notify_one();
        }
        Poll::Ready(Ok(()))
    }

    fn write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.shared.lock();
        let (ended, limit) = (state.ended.is_some(), state.config.send_buffer);
        let Some(entry) = state.entry(self.id).filter(|_| !ended) else {
            return Poll::Ready(Err(session_over()));
        };
        if entry.reset {
            return Poll::Ready(Err(was_reset()));
        }
        if entry.local != Local::Open {
            return Poll::Ready(Err(finished()));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let room = limit.saturating_sub(entry.unsent.len());
        if room == 0 {
            park(&mut entry.writer, cx.waker());
            return Poll::Pending;
        }
        let accepted = bytes.get(..room).unwrap_or(bytes);
        entry.unsent.extend(accepted);
        if state.queue(self.id) {
            drop(state);
            self.shared.work.notify_one();
        }
        Poll::Ready(Ok(accepted.len()))
    }

    fn flush(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.lock();
        let ended = state.ended.is_some();
        let Some(entry) = state.entry(self.id).filter(|_| !ended) else {
            return Poll::Ready(Err(session_over()));
        };
        if entry.reset {
            return Poll::Ready(Err(was_reset()));
        }
        if entry.unsent.is_empty() && !entry.in_batch {
            return Poll::Ready(Ok(()));
        }
        park(&mut entry.writer, cx.waker());
        Poll::Pending
    }

    fn shutdown(&self) -> io::Result<()> {
        let mut state = self.shared.lock();
        let ended = state.ended.is_some();
        let Some(entry) = state.entry(self.id).filter(|_| !ended) else {
            return Err(session_over());
        };
        if entry.reset {
            return Err(was_reset());
        }
        if entry.local == Local::Open {
            entry.local = Local::FinQueued;
            state.queue(self.id);
            drop(state);
            self.shared.work.notify_one();
        }
        Ok(())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.shared.lock().release(self.id, Instant::now());
        self.shared.work.notify_one();
    }
}

macro_rules! impl_read {
    ($type:ty) => {
        impl AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buf: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                self.end.read(cx, buf)
            }
        }
    };
}

macro_rules! impl_write {
    ($type:ty) => {
        impl AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.end.write(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.end.flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.end.shutdown())
            }
        }
    };
}

impl_read!(Stream);
impl_read!(ReadHalf);
impl_write!(Stream);
impl_write!(WriteHalf);
