//! The application's handle of a stream, with tokio's `AsyncRead` and `AsyncWrite`.
//!
//! Written bytes are buffered (up to [`Config::send_buffer`](super::Config::send_buffer)) until the window and the
//! connection allow sending them. `flush` waits until they were written to the connection, and `shutdown` queues
//! FIN after them. After a reset both directions fail with `ConnectionReset`; after the end of the session they
//! fail with `ConnectionAborted`, so that truncated data never looks complete.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::shared::Shared;
use super::stream_state::{SendDirection, drain, register};

/// A stream of a session. Dropping it closes it; see [`yamux`](super).
#[derive(Debug)]
pub struct Stream {
    handle: Arc<Handle>,
}

/// The reading half of a [`Stream`].
#[derive(Debug)]
pub struct ReadHalf {
    handle: Arc<Handle>,
}

/// The writing half of a [`Stream`].
#[derive(Debug)]
pub struct WriteHalf {
    handle: Arc<Handle>,
}

/// Shared by the halves of a stream. Dropping it closes the stream.
#[derive(Debug)]
struct Handle {
    shared: Arc<Shared>,
    id: u32,
}

impl Stream {
    pub(super) fn new(shared: Arc<Shared>, id: u32) -> Stream {
        let handle = Arc::new(Handle { shared, id });
        Stream { handle }
    }

    /// The yamux stream id.
    pub fn id(&self) -> u32 {
        self.handle.id
    }

    /// Closes both directions at once and sends RST to the peer.
    pub fn reset(&self) {
        self.handle.reset();
    }

    /// Splits the stream into halves that different tasks can use. The stream is closed when both are dropped.
    pub fn into_split(self) -> (ReadHalf, WriteHalf) {
        let read = ReadHalf {
            handle: Arc::clone(&self.handle),
        };
        (
            read,
            WriteHalf {
                handle: self.handle,
            },
        )
    }
}

impl ReadHalf {
    /// See [`Stream::reset`].
    pub fn reset(&self) {
        self.handle.reset();
    }
}

impl WriteHalf {
    /// See [`Stream::reset`].
    pub fn reset(&self) {
        self.handle.reset();
    }
}

fn reset_error() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the stream was reset")
}

fn closed_error() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionAborted,
        "the plugin connection is closed",
    )
}

fn shut_down_error() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the stream was shut down")
}

impl Handle {
    fn reset(&self) {
        self.shared.lock().reset(self.id);
        self.shared.send_notify.notify_one();
    }

    fn read(&self, cx: &Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buf.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let mut state = self.shared.lock();
        let ended = state.close_reason.is_some();
        let Some(stream) = state.stream(self.id) else {
            return Poll::Ready(Err(closed_error()));
        };
        if stream.reset {
            return Poll::Ready(Err(reset_error()));
        }
        if stream.recv_buf.is_empty() {
            if stream.remote_closed {
                return Poll::Ready(Ok(()));
            }
            if ended {
                return Poll::Ready(Err(closed_error()));
            }
            register(&mut stream.read_waker, cx.waker());
            return Poll::Pending;
        }
        let count = stream.recv_buf.len().min(buf.remaining());
        drain(&mut stream.recv_buf, count, |bytes| buf.put_slice(bytes));
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        stream.consumed = stream.consumed.saturating_add(count);
        if state.schedule(self.id) {
            drop(state);
            self.shared.send_notify.notify_one();
        }
        Poll::Ready(Ok(()))
    }

    fn write(&self, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.shared.lock();
        let (ended, limit) = (state.close_reason.is_some(), state.config.send_buffer);
        let Some(stream) = state.stream(self.id).filter(|_| !ended) else {
            return Poll::Ready(Err(closed_error()));
        };
        if stream.reset {
            return Poll::Ready(Err(reset_error()));
        }
        if stream.send_direction != SendDirection::Open {
            return Poll::Ready(Err(shut_down_error()));
        }
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let space = limit.saturating_sub(stream.send_buf.len());
        if space == 0 {
            register(&mut stream.write_waker, cx.waker());
            return Poll::Pending;
        }
        let accepted = bytes.get(..space).unwrap_or(bytes);
        stream.send_buf.extend(accepted);
        if state.schedule(self.id) {
            drop(state);
            self.shared.send_notify.notify_one();
        }
        Poll::Ready(Ok(accepted.len()))
    }

    fn flush(&self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.shared.lock();
        let ended = state.close_reason.is_some();
        let Some(stream) = state.stream(self.id).filter(|_| !ended) else {
            return Poll::Ready(Err(closed_error()));
        };
        if stream.reset {
            return Poll::Ready(Err(reset_error()));
        }
        if stream.send_buf.is_empty() && !stream.in_batch {
            return Poll::Ready(Ok(()));
        }
        register(&mut stream.write_waker, cx.waker());
        Poll::Pending
    }

    fn shutdown(&self) -> io::Result<()> {
        let mut state = self.shared.lock();
        let ended = state.close_reason.is_some();
        let Some(stream) = state.stream(self.id).filter(|_| !ended) else {
            return Err(closed_error());
        };
        if stream.reset {
            return Err(reset_error());
        }
        if stream.send_direction == SendDirection::Open {
            stream.send_direction = SendDirection::FinQueued;
            state.schedule(self.id);
            drop(state);
            self.shared.send_notify.notify_one();
        }
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.lock().close_stream(self.id, Instant::now());
        self.shared.send_notify.notify_one();
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
                self.handle.read(cx, buf)
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
                self.handle.write(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.handle.flush(cx)
            }

            fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.handle.shutdown())
            }
        }
    };
}

impl_read!(Stream);
impl_read!(ReadHalf);
impl_write!(Stream);
impl_write!(WriteHalf);
