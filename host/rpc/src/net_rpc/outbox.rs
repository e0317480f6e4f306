//! The sending half of an RPC stream: whole messages in, bytes out, in order.
//!
//! The encoder and the buffer of unsent bytes share one lock that is held while a message is encoded
//! and never across an await. One task owns the stream and empties the buffer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, oneshot};

use crate::gob::{EncodeError, Encoder};

/// Unsent bytes above which messages wait before they are encoded.
const HIGH_WATER: usize = 256 * 1024;
/// Empty buffers above this capacity are given back.
const KEEP: usize = 64 * 1024;

/// No message can be sent any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed;

/// Encoder and buffer, while the lock is held.
#[derive(Default)]
pub(super) struct Pen {
    encoder: Encoder,
    unsent: Vec<u8>,
    /// A body while it is encoded: it goes behind its head, and only if it is complete.
    body: Vec<u8>,
    flushed: Vec<oneshot::Sender<()>>,
    closing: bool,
    failed: bool,
}

impl Pen {
    /// Encodes a body and sets it aside. After an error nothing is set aside and others may be tried.
    pub(super) fn body<E>(
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

    /// Encodes the head and puts it, and the body set aside, at the end of what is unsent.
    pub(super) fn head<T: crate::gob::Encode>(&mut self, head: &T) -> Result<(), EncodeError> {
        self.encoder.encode(head, &mut self.unsent)?;
        self.unsent.append(&mut self.body);
        if self.body.capacity() > KEEP {
            self.body = Vec::new();
        }
        Ok(())
    }

    /// Wants to know when everything put in so far is with the kernel.
    pub(super) fn notify_flushed(&mut self, waiter: oneshot::Sender<()>) {
        self.flushed.push(waiter);
    }
}

/// See the module.
#[derive(Default)]
pub(super) struct Outbox {
    pen: Mutex<Pen>,
    work: Notify,
    room: Notify,
}

impl Outbox {
    /// The pen. A panic while somebody held it may have lost definitions, so nothing more is sent.
    fn lock(&self) -> MutexGuard<'_, Pen> {
        let poisoned = self.pen.is_poisoned();
        let mut pen = self.pen.lock().unwrap_or_else(PoisonError::into_inner);
        pen.failed |= poisoned;
        pen
    }

    /// Waits for room, then lets `write` put one message in. `write` is called at most once.
    pub(super) async fn push<T>(&self, write: impl FnOnce(&mut Pen) -> T) -> Result<T, Closed> {
        let mut write = Some(write);
        // As a rule there is room, and nobody need wait in line for it.
        if let Some(written) = self.try_push(&mut write) {
            return written;
        }
        loop {
            let mut room = std::pin::pin!(self.room.notified());
            room.as_mut().enable();
            if let Some(written) = self.try_push(&mut write) {
                return written;
            }
            room.await;
        }
    }

    /// Lets `write` put its message in; none if there is no room.
    fn try_push<T>(
        &self,
        write: &mut Option<impl FnOnce(&mut Pen) -> T>,
    ) -> Option<Result<T, Closed>> {
        let mut pen = self.lock();
        if pen.closing || pen.failed {
            return Some(Err(Closed));
        }
        if pen.unsent.len() >= HIGH_WATER {
            return None;
        }
        let written = write.take()?(&mut pen);
        drop(pen);
        self.work.notify_one();
        Some(Ok(written))
    }

    /// No more messages; the stream is shut down once those that are in are sent.
    pub(super) fn close(&self) {
        self.lock().closing = true;
        self.work.notify_one();
        self.room.notify_waiters();
    }

    /// No more messages, and those that are in are lost.
    pub(super) fn fail(&self) {
        let mut pen = self.lock();
        pen.failed = true;
        pen.unsent = Vec::new();
        pen.flushed = Vec::new();
        drop(pen);
        self.work.notify_one();
        self.room.notify_waiters();
    }

    /// Bytes that are encoded and not yet taken by the writer.
    pub(super) fn unsent(&self) -> usize {
        self.lock().unsent.len()
    }

    /// Sends until [`Outbox::close`], then shuts the stream down.
    pub(super) async fn write_to(&self, mut io: impl AsyncWrite + Unpin) -> std::io::Result<()> {
        let mut sending = Vec::new();
        loop {
            let (flushed, closing, failed) = {
                let mut pen = self.lock();
                std::mem::swap(&mut sending, &mut pen.unsent);
                (std::mem::take(&mut pen.flushed), pen.closing, pen.failed)
            };
            if failed {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            self.room.notify_waiters();
            if !sending.is_empty() {
                io.write_all(&sending).await?;
                sending.clear();
                if sending.capacity() > KEEP {
                    sending = Vec::new();
                }
            }
            if !flushed.is_empty() {
                io.flush().await?;
                for waiter in flushed {
                    // Whoever asked may have gone.
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
