//! The client: makes calls on a stream.
//!
//! [`Client`] is a handle that is cheap to clone and can be used from any thread and runtime. A task on the
//! runtime that created the client owns the stream. If the future of a call is dropped, the request is still sent,
//! because it is already in the send queue, and its reply is skipped.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::{Notify, oneshot, watch};

use super::send_queue::SendQueue;
use super::{READ_BUFFER, Request, Response};
use crate::gob::{
    Decode, DecodeError, Decoder, Encode, EncodeError, Encoder, Field, Limits, Reader, StructSchema,
};

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The server returned an error.
    #[error("{0}")]
    Remote(String),
    /// The stream is closed, or was closed before the reply arrived.
    #[error("connection is shut down")]
    Closed,
    /// The reply could not be decoded. Other calls are not affected.
    #[error("cannot decode the reply: {0}")]
    Decode(#[source] DecodeError),
    /// The argument could not be encoded. Nothing was sent.
    #[error("cannot encode the argument: {0}")]
    Encode(#[source] EncodeError),
}

/// Makes calls on an RPC stream. The stream is closed when all clones are dropped.
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

/// Shared by all clones of a client. Dropping it closes the stream.
struct Handle {
    shared: Arc<Shared>,
    finished: watch::Receiver<bool>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

struct Shared {
    queue: SendQueue,
    calls: Mutex<Calls>,
    /// A pending call was completed or dropped.
    completed: Notify,
}

#[derive(Default)]
struct Calls {
    next: u64,
    pending: HashMap<u64, Box<dyn PendingCall>>,
    closed: bool,
}

/// A call that waits for its reply, with the type of the reply erased.
trait PendingCall: Send {
    /// Decodes the reply and completes the call. `None` if bytes are missing.
    fn reply(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError>;
    fn fail(&mut self, error: CallError);
}

/// Sends the result of a call to its caller, once.
struct ReplySender<R>(Option<oneshot::Sender<Result<R, CallError>>>);

impl<R> ReplySender<R> {
    fn send(&mut self, result: Result<R, CallError>) {
        if let Some(sender) = self.0.take() {
            // The caller may be gone.
            let _ = sender.send(result);
        }
    }
}

impl<R> ReplySender<R> {
    fn fail(&mut self, error: CallError) {
        self.send(Err(error));
    }
}

impl<R: Decode + Send> PendingCall for ReplySender<R> {
    fn reply(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
        let value = decoder.next::<R>()?;
        Ok(value.map(|value| self.send(Ok(value))))
    }

    fn fail(&mut self, error: CallError) {
        ReplySender::fail(self, error);
    }
}

/// Reads the replies of a method. An API with many methods can implement this trait once, with a value for each
/// method, instead of generating code for each method.
pub trait ReadReply: Sync {
    /// Reads a reply whose type is `id` on the sender's side.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the reply cannot be decoded.
    fn read(&'static self, reader: &mut Reader<'_>, id: i64) -> Result<BoxedReply, DecodeError>;
}

/// A reply with its type erased.
pub type BoxedReply = Box<dyn Any + Send>;

/// A call whose reply is read by a [`ReadReply`].
struct BoxedReplySender {
    method: &'static dyn ReadReply,
    sender: ReplySender<BoxedReply>,
}

impl PendingCall for BoxedReplySender {
    fn reply(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
        let mut value = None;
        let complete = decoder.next_with(&mut |reader, id| {
            value = Some(self.method.read(reader, id)?);
            Ok(())
        })?;
        let value = complete.and(value);
        Ok(value.map(|value| self.sender.send(Ok(value))))
    }

    fn fail(&mut self, error: CallError) {
        self.sender.fail(error);
    }
}

/// Encodes an argument. It is a trait object so that the code that sends requests exists once, and not for each type.
type EncodeArgs<'a> = dyn Fn(&mut Encoder, &mut Vec<u8>) -> Result<(), EncodeError> + Sync + 'a;

/// Removes a call from the pending calls when its future completes or is dropped.
struct PendingGuard<'a> {
    shared: &'a Shared,
    seq: u64,
}

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        let removed = self.shared.calls().pending.remove(&self.seq);
        drop(removed);
        self.shared.completed.notify_one();
    }
}

/// Why a request was not queued.
enum SendError {
    Closed,
    Encode(EncodeError),
}

impl Client {
    /// Starts a client on a stream. Spawns a task on the current runtime.
    pub fn new<Io>(stream: Io) -> Client
    where
        Io: AsyncRead + AsyncWrite + Send + 'static,
    {
        let shared = Arc::new(Shared {
            queue: SendQueue::default(),
            calls: Mutex::default(),
            completed: Notify::new(),
        });
        let (finish, finished) = watch::channel(false);
        tokio::spawn(run(stream, Arc::clone(&shared), finish));
        Client {
            handle: Arc::new(Handle { shared, finished }),
        }
    }

    /// Calls a method, such as `Plugin.KVGet`, and waits for its reply. Cancel safe.
    ///
    /// # Errors
    ///
    /// [`CallError`]. Except for [`CallError::Closed`], an error does not affect other calls.
    pub async fn call<A, R>(&self, method: &str, args: &A) -> Result<R, CallError>
    where
        A: Encode + Sync,
        R: Decode + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let call = Box::new(ReplySender(Some(sender)));
        let _guard = self
            .send(method, &|encoder, out| encoder.encode(args, out), call)
            .await?;
        receiver.await.unwrap_or(Err(CallError::Closed))
    }

    /// Like [`Client::call`] with erased types: `fields` are the fields of the argument, and `reply` reads the reply.
    ///
    /// # Errors
    ///
    /// Like [`Client::call`].
    pub async fn call_boxed(
        &self,
        method: &str,
        schema: &'static StructSchema,
        fields: &[Field<'_>],
        reply: &'static dyn ReadReply,
    ) -> Result<BoxedReply, CallError> {
        let (sender, receiver) = oneshot::channel();
        let sender = ReplySender(Some(sender));
        let call = Box::new(BoxedReplySender {
            method: reply,
            sender,
        });
        let encode =
            |encoder: &mut Encoder, out: &mut Vec<u8>| encoder.encode_fields(schema, fields, out);
        let _guard = self.send(method, &encode, call).await?;
        receiver.await.unwrap_or(Err(CallError::Closed))
    }

    /// Queues a request. The call is pending until the returned guard is dropped.
    async fn send(
        &self,
        method: &str,
        encode: &EncodeArgs<'_>,
        call: Box<dyn PendingCall>,
    ) -> Result<PendingGuard<'_>, CallError> {
        let shared = &*self.handle.shared;
        let pushed = shared.queue.push(|state| {
            state.encode_body(encode).map_err(SendError::Encode)?;
            let mut calls = shared.calls();
            if calls.closed {
                return Err(SendError::Closed);
            }
            let request = Request {
                service_method: method.to_owned(),
                seq: calls.next,
            };
            state.push_header(&request).map_err(SendError::Encode)?;
            calls.next += 1;
            calls.pending.insert(request.seq, call);
            Ok(request.seq)
        });
        match pushed.await {
            Ok(Ok(seq)) => Ok(PendingGuard { shared, seq }),
            Ok(Err(SendError::Encode(error))) => Err(CallError::Encode(error)),
            Ok(Err(SendError::Closed)) | Err(_) => Err(CallError::Closed),
        }
    }

    /// Closes the stream: queued requests are sent, then FIN. Replies to them still arrive. Waits until the FIN
    /// was sent, or the stream ended in another way.
    pub async fn close(&self) {
        self.handle.shared.queue.close();
        self.closed().await;
    }

    /// Completes when the stream has ended or was closed on this side, so that no call is possible.
    pub async fn closed(&self) {
        let mut finished = self.handle.finished.clone();
        // An error means that the task, and with it the stream, is gone.
        let _ = finished.wait_for(|finished| *finished).await;
    }

    /// The number of calls that wait for their reply.
    pub fn pending(&self) -> usize {
        self.handle.shared.calls().pending.len()
    }

    /// The capacity of the table of pending calls, for tests.
    pub fn pending_capacity(&self) -> usize {
        self.handle.shared.calls().pending.capacity()
    }
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when no call is pending.
    async fn idle(&self) {
        while !self.calls().pending.is_empty() {
            self.completed.notified().await;
        }
    }
}

/// Runs the stream until it ends, or until it was closed and every call has its reply.
async fn run<Io>(io: Io, shared: Arc<Shared>, finish: watch::Sender<bool>)
where
    Io: AsyncRead + AsyncWrite,
{
    let (reader, writer) = tokio::io::split(io);
    tokio::select! {
        () = read_replies(reader, &shared) => {}
        () = async {
            let written = shared.queue.write_to(writer).await;
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
    shared.queue.fail();
    finish.send_replace(true);
}

/// Passes replies to their calls until the stream ends or becomes unreadable.
async fn read_replies(mut io: impl AsyncRead + Unpin, shared: &Shared) {
    let mut decoder = Decoder::new(Limits::default());
    let mut reply: Option<IncomingReply> = None;
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let count = match io.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        decoder.feed(buffer.get(..count).unwrap_or_default());
        loop {
            let Some(mut incoming) = reply.take() else {
                match decoder.next::<Response>() {
                    Ok(Some(response)) => reply = Some(IncomingReply::new(response, shared)),
                    Ok(None) => break,
                    // Without the header, the call that this reply belongs to is unknown.
                    Err(_) => return,
                }
                continue;
            };
            match incoming.read_body(&mut decoder) {
                Ok(Some(())) => {}
                Ok(None) => {
                    reply = Some(incoming);
                    break;
                }
                Err(error) => {
                    let fatal = error.is_fatal();
                    incoming.fail(CallError::Decode(error));
                    if fatal {
                        return;
                    }
                }
            }
        }
    }
}

/// A reply whose header was read. It has no call if the call's future was dropped.
struct IncomingReply {
    call: Option<Box<dyn PendingCall>>,
    error: String,
}

impl IncomingReply {
    fn new(response: Response, shared: &Shared) -> IncomingReply {
        let call = shared.calls().pending.remove(&response.seq);
        shared.completed.notify_one();
        IncomingReply {
            call,
            error: response.error,
        }
    }

    fn read_body(&mut self, decoder: &mut Decoder) -> Result<Option<()>, DecodeError> {
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
