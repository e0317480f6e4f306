//! The calling side.
//!
//! [`Client`] is a handle: cheap to clone, usable from any thread and any runtime. The stream is owned
//! by one task on the runtime that created the client. Dropping a call's future forgets its sequence
//! number; the request, which is already in the outgoing buffer as a whole, is still sent, and its
//! answer is skipped.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{Notify, oneshot, watch};

use super::outbox::Outbox;
use super::{READ, Request, Response};
use crate::gob::{
    Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Field, Limits, Reader, StructSchema,
};

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The other side answered with an error.
    #[error("{0}")]
    Remote(String),
    /// The stream is closed, or was before the answer came.
    #[error("connection is shut down")]
    Closed,
    /// The answer could not be understood. Other calls are not affected.
    #[error("the answer could not be decoded: {0}")]
    Decode(#[source] DecodeError),
    /// The argument could not be put into bytes; nothing was sent.
    #[error("the argument could not be encoded: {0}")]
    Encode(#[source] EncodeError),
}

/// The calling side of an RPC stream. Once all clones are dropped the stream is closed.
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pending = self.pending();
        f.debug_struct("Client")
            .field("pending", &pending)
            .finish_non_exhaustive()
    }
}

/// What the clones share; its drop closes the stream.
struct Handle {
    shared: Arc<Shared>,
    finished: watch::Receiver<bool>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.outbox.close();
    }
}

struct Shared {
    outbox: Outbox,
    calls: Mutex<Calls>,
    /// The last pending call was answered or forgotten.
    idle: Notify,
}

#[derive(Default)]
struct Calls {
    next: u64,
    pending: HashMap<u64, Box<dyn Waiting>>,
    closed: bool,
}

/// A call that waits, without its type.
trait Waiting: Send {
    /// Decodes the reply and passes it on. `None` if it is not there as a whole.
    fn reply(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError>;
    fn fail(&mut self, error: CallError);
}

/// Where the result of a call goes.
struct Slot<R>(Option<oneshot::Sender<Result<R, CallError>>>);

impl<R> Slot<R> {
    fn send(&mut self, result: Result<R, CallError>) {
        if let Some(sender) = self.0.take() {
            // The caller may have gone in the meantime.
            let _ = sender.send(result);
        }
    }
}

impl<R> Slot<R> {
    fn fail(&mut self, error: CallError) {
        self.send(Err(error));
    }
}

impl<R: Decode + Send> Waiting for Slot<R> {
    fn reply(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
        let value = decoder.next::<R>()?;
        Ok(value.map(|value| self.send(Ok(value))))
    }

    fn fail(&mut self, error: CallError) {
        Slot::fail(self, error);
    }
}

/// Reads the replies of one method. An API with many methods has one implementation of this trait and a value for each
/// method, instead of code for each.
pub trait ReadReply: Sync {
    /// Reads a reply of the sender's type `id`.
    ///
    /// # Errors
    ///
    /// When it cannot be decoded.
    fn read(&'static self, reader: &mut Reader<'_>, id: i64) -> Result<Boxed, DecodeError>;
}

/// A value without its type.
pub type Boxed = Box<dyn Any + Send>;

/// A call whose reply is read by a [`ReadReply`].
struct BoxedSlot {
    reading: &'static dyn ReadReply,
    slot: Slot<Boxed>,
}

impl Waiting for BoxedSlot {
    fn reply(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
        let mut value = None;
        let whole = decoder.next_by(&mut |reader, id| {
            value = Some(self.reading.read(reader, id)?);
            Ok(())
        })?;
        let value = whole.and(value);
        Ok(value.map(|value| self.slot.send(Ok(value))))
    }

    fn fail(&mut self, error: CallError) {
        self.slot.fail(error);
    }
}

/// Puts an argument into bytes. Behind a pointer, because how it is sent is the same for all types.
type Encoding<'a> = dyn Fn(&mut Encoder, &mut Vec<u8>) -> Result<(), EncodeError> + Sync + 'a;

/// Forgets a call when its future ends or is dropped.
struct Forget<'a> {
    shared: &'a Shared,
    seq: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let forgotten = self.shared.calls().pending.remove(&self.seq);
        drop(forgotten);
        self.shared.idle.notify_one();
    }
}

/// Why a request did not get into the outgoing buffer.
enum Refused {
    Closed,
    Encode(EncodeError),
}

impl Client {
    /// Starts the calling side on a stream, on the current runtime.
    pub fn new<Io>(stream: Io) -> Client
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        let shared = Arc::new(Shared {
            outbox: Outbox::default(),
            calls: Mutex::default(),
            idle: Notify::new(),
        });
        let (finish, finished) = watch::channel(false);
        tokio::spawn(drive(stream, Arc::clone(&shared), finish));
        Client {
            handle: Arc::new(Handle { shared, finished }),
        }
    }

    /// Calls a method, such as `Plugin.KVGet`, and waits for its reply. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`CallError`]; whatever it is, other calls are not affected, except by `Closed`.
    pub async fn call<A, R>(&self, method: &str, args: &A) -> Result<R, CallError>
    where
        A: Encode + Sync,
        R: Decode + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let waiting = Box::new(Slot(Some(sender)));
        let _forget = self
            .send(method, &|encoder, out| encoder.encode(args, out), waiting)
            .await?;
        receiver.await.unwrap_or(Err(CallError::Closed))
    }

    /// Like [`Client::call`], without types: `fields` are those of the argument, and `reading` reads the reply.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn call_boxed(
        &self,
        method: &str,
        schema: &'static StructSchema,
        fields: &[Field<'_>],
        reading: &'static dyn ReadReply,
    ) -> Result<Boxed, CallError> {
        let (sender, receiver) = oneshot::channel();
        let slot = Slot(Some(sender));
        let waiting = Box::new(BoxedSlot { reading, slot });
        let encode =
            |encoder: &mut Encoder, out: &mut Vec<u8>| encoder.encode_fields(schema, fields, out);
        let _forget = self.send(method, &encode, waiting).await?;
        receiver.await.unwrap_or(Err(CallError::Closed))
    }

    /// Sends a request, and has somebody wait for its answer until what this returns is dropped.
    async fn send(
        &self,
        method: &str,
        body: &Encoding<'_>,
        waiting: Box<dyn Waiting>,
    ) -> Result<Forget<'_>, CallError> {
        let shared = &*self.handle.shared;
        let pushed = shared.outbox.push(|pen| {
            pen.body(body).map_err(Refused::Encode)?;
            let mut calls = shared.calls();
            if calls.closed {
                return Err(Refused::Closed);
            }
            let request = Request {
                service_method: method.to_owned(),
                seq: calls.next,
            };
            pen.head(&request).map_err(Refused::Encode)?;
            calls.next += 1;
            calls.pending.insert(request.seq, waiting);
            Ok(request.seq)
        });
        match pushed.await {
            Ok(Ok(seq)) => Ok(Forget { shared, seq }),
            Ok(Err(Refused::Encode(error))) => Err(CallError::Encode(error)),
            Ok(Err(Refused::Closed)) | Err(_) => Err(CallError::Closed),
        }
    }

    /// Closes the stream: requests made so far are sent, then FIN. Their answers still arrive. Waits
    /// until the FIN is on its way, or the stream ended otherwise.
    pub async fn close(&self) {
        self.handle.shared.outbox.close();
        self.closed().await;
    }

    /// Resolves when the stream ended, or was closed from this side: no call is possible any more.
    pub async fn closed(&self) {
        let mut finished = self.handle.finished.clone();
        // An error means that the task is gone, and the stream with it.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    /// Calls without an answer so far.
    pub fn pending(&self) -> usize {
        self.handle.shared.calls().pending.len()
    }

    /// Memory of the table of pending calls, in entries.
    pub fn pending_capacity(&self) -> usize {
        self.handle.shared.calls().pending.capacity()
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Resolves when no call is pending.
    async fn idle(&self) {
        while !self.calls().pending.is_empty() {
            self.idle.notified().await;
        }
    }
}

/// Runs the stream until it ends, or was closed and every call is answered.
async fn drive<Io>(io: Io, shared: Arc<Shared>, finish: watch::Sender<bool>)
where
    Io: AsyncRead + AsyncWrite,
{
    let (reader, writer) = tokio::io::split(io);
    tokio::select! {
        () = read(reader, &shared) => {}
        () = async {
            let written = shared.outbox.write_to(writer).await;
            finish.send_replace(true);
            if written.is_ok() {
                shared.idle().await;
            }
        } => {}
    }
    let mut calls = shared.calls();
    calls.closed = true;
    let pending = std::mem::take(&mut calls.pending);
    drop(calls);
    drop(pending);
    shared.outbox.fail();
    finish.send_replace(true);
}

/// Hands answers to their calls until the stream ends or makes no sense any more.
async fn read(mut io: impl AsyncRead + Unpin, shared: &Shared) {
    let mut decoder = Decoder::new(Limits::default());
    let mut answer: Option<Answer> = None;
    let mut buffer = vec![0; READ];
    loop {
        let count = match io.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        decoder.feed(buffer.get(..count).unwrap_or_default());
        loop {
            let Some(mut open) = answer.take() else {
                match decoder.next::<Response>() {
                    Ok(Some(response)) => answer = Some(Answer::to(response, shared)),
                    Ok(None) => break,
                    // Without its head nobody knows whose answer this is.
                    Err(_) => return,
                }
                continue;
            };
            match open.body(&mut decoder) {
                Ok(Some(())) => {}
                Ok(None) => {
                    answer = Some(open);
                    break;
                }
                Err(error) => {
                    let fatal = error.is_fatal();
                    open.fail(CallError::Decode(error));
                    if fatal {
                        return;
                    }
                }
            }
        }
    }
}

/// An answer whose head was read.
struct Answer {
    call: Option<Box<dyn Waiting>>,
    error: String,
}

impl Answer {
    fn to(response: Response, shared: &Shared) -> Answer {
        let call = shared.calls().pending.remove(&response.seq);
        shared.idle.notify_one();
        Answer {
            call,
            error: response.error,
        }
    }

    fn body(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
        match &mut self.call {
            Some(call) if self.error.is_empty() => call.reply(decoder),
            _ => {
                let skipped = decoder.skip()?;
                if skipped.is_some() {
                    let error = std::mem::take(&mut self.error);
                    self.fail(CallError::Remote(error));
                }
                Ok(skipped)
            }
        }
    }

    fn fail(&mut self, error: CallError) {
        if let Some(call) = &mut self.call {
            call.fail(error);
        }
    }
}
