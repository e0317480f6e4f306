//! The queue of messages that are sent on an RPC stream.
//!
//! The encoder and the buffer of unsent bytes share one lock. The lock is held while a message is encoded, and
//! never across an await. One task owns the stream and writes the buffer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};

use crate::gob::{Encode, EncodeError, Encoder};

/// Messages wait before they are encoded while more bytes than this are unsent.
const HIGH_WATER: usize = 256 * 1024;
/// The capacity that an empty buffer keeps.
const KEPT_CAPACITY: usize = 64 * 1024;

/// The queue is closed: no message can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// The encoder and the buffers of a [`SendQueue`].
#[derive(Default)]
pub(super) struct SendState {
    encoder: Encoder,
    unsent: Vec<u8>,
    /// An encoded body that waits for its header, which is sent before the body.
    body: Vec<u8>,
    on_flushed: Vec<oneshot::Sender<()>>,
    closing: bool,
    failed: bool,
}

impl SendState {
    /// Encodes a body and keeps it until [`SendState::push_header`]. After an error nothing is kept, and another
    /// body can be encoded.
    pub(super) fn encode_body<E>(
        &mut self,
        encode: impl FnOnce(&mut Encoder, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.body.clear();
        let outcome = encode(&mut self.encoder, &mut self.body);
        if outcome.is_err() {
            self.body.clear();
        }
        outcome
    }

    /// Apstateds the header and the body to the unsent bytes.
    pub(super) fn push_header<T: Encode>(&mut self, header: &T) -> Result<(), EncodeError> {
        self.encoder.encode(header, &mut self.unsent)?;
        self.unsent.append(&mut self.body);
        if self.body.capacity() > KEPT_CAPACITY {
            self.body = Vec::new();
        }
        Ok(())
    }

    /// Notifies `waiter` when all bytes that are unsent now have been written and flushed.
    pub(super) fn notify_flushed(&mut self, waiter: oneshot::Sender<()>) {
        self.on_flushed.push(waiter);
    }
}

/// The queue of messages that are sent on a stream.
#[derive(Default)]
pub(super) struct SendQueue {
    state: Mutex<SendState>,
    /// There may be bytes to send, or the queue was closed.
    work: Notify,
    /// The buffer was emptied, or the queue was closed.
    space: Notify,
}

impl SendQueue {
    /// Locks the state. If a thread panicked while it held the lock, type definitions may be lost, so nothing more
    /// is sent.
    fn lock(&self) -> MutexGuard<'_, SendState> {
        let poisoned = self.state.is_poisoned();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failed |= poisoned;
        state
    }

    /// Waits until there is space, then calls `write` to append one message. Calls `write` at most once.
    pub(super) async fn push<T>(
        &self,
        write: impl FnOnce(&mut SendState) -> T,
    ) -> Result<T, Closed> {
        let mut write = Some(write);
        // The common case: there is space.
        if let Some(written) = self.try_push(&mut write) {
            return written;
        }
        loop {
            let mut space = std::pin::pin!(self.space.notified());
            space.as_mut().enable();
            if let Some(written) = self.try_push(&mut write) {
                return written;
            }
            space.await;
        }
    }

    /// Calls `write` to append one message. `None` if there is no space.
    fn try_push<T>(
        &self,
        write: &mut Option<impl FnOnce(&mut SendState) -> T>,
    ) -> Option<Result<T, Closed>> {
        let mut state = self.lock();
        if state.closing || state.failed {
            return Some(Err(Closed));
        }
        if state.unsent.len() >= HIGH_WATER {
            return None;
        }
        let written = write.take()?(&mut state);
        drop(state);
        self.work.notify_one();
        Some(Ok(written))
    }

    /// Closes the queue. The stream is shut down after all messages have been sent.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
        self.space.notify_waiters();
    }

    /// Closes the queue and discards the unsent messages.
    pub(super) fn fail(&self) {
        let mut state = self.lock();
        state.failed = true;
        state.unsent = Vec::new();
        state.on_flushed = Vec::new();
        drop(state);
        self.work.notify_one();
        self.space.notify_waiters();
    }

    /// The number of bytes that the writer has not taken yet.
    pub(super) fn unsent(&self) -> usize {
        self.lock().unsent.len()
    }

    /// Writes messages to the stream until [`SendQueue::close`], then shuts the stream down.
    pub(super) async fn write_to(&self, mut io: impl AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut sending = Vec::new();
        loop {
            let (on_flushed, closing, failed) = {
                let mut state = self.lock();
                std::mem::swap(&mut sending, &mut state.unsent);
                (
                    std::mem::take(&mut state.on_flushed),
                    state.closing,
                    state.failed,
                )
            };
            if failed {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            self.space.notify_waiters();
            if !sending.is_empty() {
                io.write_all(&sending).await?;
                sending.clear();
                if sending.capacity() > KEPT_CAPACITY {
                    sending = Vec::new();
                }
            }
            if !on_flushed.is_empty() {
                io.flush().await?;
                for waiter in on_flushed {
                    // The receiver may be gone.
                    let _ = waiter.send(());
                }
            } else if closing && self.unsent() == 0 {
                return io.shutdown().await;
            } else if self.unsent() == 0 {
                self.work.notified().await;
            }
        }
    }
}
