//! The server: executes the calls that arrive on a stream.
//!
//! One loop reads requests. Each call runs in its own task, and replies are sent in the order in which calls
//! complete. Every failure of a call becomes its `Response.Error`: an unknown method, an argument that cannot be
//! decoded, an error, a panic, or a reply that cannot be encoded.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::send_queue::{SendQueue, SendState};
use super::{READ_BUFFER, Request, Response};
use crate::gob::{Decode, DecodeError, Decoder, Empty, Encode, EncodeError, Encoder, Limits};

/// The default of [`Service::max_calls`].
pub(crate) const DEFAULT_MAX_CALLS: usize = 1024;
/// The server stops reading requests while more than this many times [`Service::max_calls`] replies are unsent,
/// including rejected calls: the peer does not read its replies.
const MAX_UNSENT_FACTOR: usize = 4;
const TOO_MANY_CALLS: &str = "too many calls at once";

/// The methods of a stream.
///
/// A call has two steps. `route` selects the method by name and says how its argument is decoded: the next request
/// can only be read after the argument. `run` executes the call concurrently with others.
pub trait Service: Send + Sync + 'static {
    /// A decoded call, usually an enum with one variant per method.
    type Call: Send + 'static;

    /// The service names that this service has, which are the part before the dot in `Plugin.OnActivate`.
    /// go-plugin registers every plugin as `Plugin`.
    const NAMES: &'static [&'static str] = &["Plugin"];

    /// The maximum number of concurrent calls on a stream. Beyond it, calls whose [`Route`] allows it are rejected.
    fn max_calls(&self) -> usize {
        DEFAULT_MAX_CALLS
    }

    /// Selects the method with this name, such as `Plugin.OnActivate`. `None` if there is no such method.
    fn route(&self, method: &str) -> Option<Route<Self::Call>>;

    /// Executes a call. An error or a panic becomes `Response.Error`.
    fn run(&self, call: Self::Call) -> impl Future<Output = Result<Reply, String>> + Send;
}

type ReadCall<C> = dyn FnMut(&mut Decoder) -> Result<Option<C>, DecodeError> + Send;

/// How the argument of a method is decoded into a call.
pub struct Route<C> {
    read: Box<ReadCall<C>>,
    reject_if_busy: bool,
}

impl<C> Route<C> {
    /// A method with an argument of the type `A`. `call` converts the argument into a call.
    pub fn new<A: Decode + 'static>(call: fn(A) -> C) -> Route<C>
    where
        C: 'static,
    {
        Route {
            read: Box::new(move |decoder| Ok(decoder.next::<A>()?.map(call))),
            reject_if_busy: false,
        }
    }

    /// Rejects calls of this method while [`Service::max_calls`] calls are running. For methods that anyone can
    /// trigger: they must not delay other calls, and the peer must not block because this side does not read.
    #[must_use]
    pub fn reject_if_busy(mut self) -> Route<C> {
        self.reject_if_busy = true;
        self
    }
}

impl<C> std::fmt::Debug for Route<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Route")
    }
}

/// A reply with its type erased.
trait Body: Send {
    fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

impl<T: Encode + Send> Body for T {
    fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        encoder.encode(self, out)
    }
}

/// The result of a call.
pub struct Reply {
    body: Box<dyn Body>,
    on_flushed: Option<oneshot::Sender<()>>,
}

impl Reply {
    /// A reply with this value.
    pub fn new<T: Encode + Send + 'static>(value: T) -> Reply {
        Reply {
            body: Box::new(value),
            on_flushed: None,
        }
    }

    /// A reply that is an empty struct.
    pub fn empty() -> Reply {
        Reply::new(Empty)
    }

    /// Notifies `waiter` when the reply has been written to the connection. Drops `waiter` if the reply cannot be sent.
    #[must_use]
    pub fn notify_flushed(mut self, waiter: oneshot::Sender<()>) -> Reply {
        self.on_flushed = Some(waiter);
        self
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// Why a stream could not be served to its end.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The stream failed.
    #[error("the RPC stream failed")]
    Io(#[from] std::io::Error),
    /// The peer sent something other than requests.
    #[error("the RPC stream does not contain valid requests")]
    Decode(#[from] DecodeError),
}

/// Serves a stream until the peer closes it and all calls have their reply. Dropping the future, or a failure of
/// the stream, cancels the running calls.
///
/// # Errors
///
/// [`ServeError`] if the stream fails or becomes unreadable.
pub async fn serve<S: Service, Io>(stream: Io, service: Arc<S>) -> Result<(), ServeError>
where
    Io: AsyncRead + AsyncWrite + Send,
{
    let (reader, writer) = tokio::io::split(stream);
    let queue = Arc::new(SendQueue::default());
    let mut writing = std::pin::pin!(queue.write_to(writer));
    let reading = async {
        let mut calls = JoinSet::new();
        read_requests(reader, &service, &queue, &mut calls).await?;
        while calls.join_next().await.is_some() {}
        queue.close();
        Ok::<(), ServeError>(())
    };
    tokio::select! {
        written = &mut writing => return Ok(written?),
        done = reading => done?,
    }
    Ok(writing.await?)
}

/// A request whose header was read.
enum Incoming<C> {
    Call(Request, Route<C>),
    /// A request for an unknown method, with the error.
    Unknown(Request, String),
}

async fn read_requests<S: Service>(
    mut io: impl AsyncRead + Unpin,
    service: &Arc<S>,
    queue: &Arc<SendQueue>,
    calls: &mut JoinSet<()>,
) -> Result<(), ServeError> {
    let mut decoder = Decoder::new(Limits::default());
    let mut incoming = None;
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let count = tokio::select! {
            count = io.read(&mut buffer) => count?,
            Some(_) = calls.join_next() => continue,
        };
        if count == 0 {
            return Ok(());
        }
        decoder.feed(buffer.get(..count).unwrap_or_default());
        loop {
            let Some(request) = incoming.take() else {
                match decoder.next::<Request>()? {
                    Some(request) => incoming = Some(find_method(&**service, request)),
                    None => break,
                }
                continue;
            };
            while calls.len() >= service.max_calls().saturating_mul(MAX_UNSENT_FACTOR) {
                calls.join_next().await;
            }
            incoming = read_argument(request, &mut decoder, service, queue, calls)?;
            if incoming.is_some() {
                break;
            }
        }
    }
}

/// Reads the argument and starts the call. Returns the request if bytes of the argument are missing.
fn read_argument<S: Service>(
    incoming: Incoming<S::Call>,
    decoder: &mut Decoder,
    service: &Arc<S>,
    queue: &Arc<SendQueue>,
    calls: &mut JoinSet<()>,
) -> Result<Option<Incoming<S::Call>>, DecodeError> {
    let queue = Arc::clone(queue);
    match incoming {
        Incoming::Call(request, mut route) => match (route.read)(decoder) {
            Ok(None) => return Ok(Some(Incoming::Call(request, route))),
            Ok(Some(_)) if route.reject_if_busy && calls.len() >= service.max_calls() => {
                let error = Err(TOO_MANY_CALLS.to_owned());
                calls.spawn(async move { send_reply(&queue, request, error).await });
            }
            Ok(Some(call)) => {
                let service = Arc::clone(service);
                calls.spawn(async move {
                    let outcome = run(&*service, call).await;
                    send_reply(&queue, request, outcome).await;
                });
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                calls.spawn(
                    async move { send_reply(&queue, request, Err(error.to_string())).await },
                );
            }
        },
        Incoming::Unknown(request, error) => {
            if decoder.skip()?.is_none() {
                return Ok(Some(Incoming::Unknown(request, error)));
            }
            calls.spawn(async move { send_reply(&queue, request, Err(error)).await });
        }
    }
    Ok(None)
}

/// Finds the method. The error texts are the same as in Go.
fn find_method<S: Service>(service: &S, request: Request) -> Incoming<S::Call> {
    let method = &request.service_method;
    let error = match method.rsplit_once('.') {
        None => format!("rpc: service/method request ill-formed: {method}"),
        Some((name, _)) if !S::NAMES.contains(&name) => {
            format!("rpc: can't find service {method}")
        }
        Some(_) => match service.route(method) {
            Some(route) => return Incoming::Call(request, route),
            None => format!("rpc: can't find method {method}"),
        },
    };
    Incoming::Unknown(request, error)
}

async fn run<S: Service>(service: &S, call: S::Call) -> Result<Reply, String> {
    let guarded = AssertUnwindSafe(async { service.run(call).await });
    guarded.catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        Err(format!("the handler panicked: {text}"))
    })
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (
        panic.downcast_ref::<&'static str>(),
        panic.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no message",
    }
}

/// Queues the reply, unless the stream is closed.
async fn send_reply(queue: &SendQueue, request: Request, outcome: Result<Reply, String>) {
    let sent = queue
        .push(|state| write_reply(state, request, outcome))
        .await;
    if let Ok(Err(_)) = sent {
        // The header could not be encoded, so the stream cannot continue.
        queue.fail();
    }
}

fn write_reply(
    state: &mut SendState,
    request: Request,
    outcome: Result<Reply, String>,
) -> Result<(), EncodeError> {
    let mut response = Response {
        service_method: request.service_method,
        seq: request.seq,
        error: String::new(),
    };
    let encoded = outcome.and_then(|reply| {
        state
            .encode_body(|encoder, out| reply.body.encode(encoder, out))
            .map(|()| reply.on_flushed)
            .map_err(|error| format!("cannot encode the reply: {error}"))
    });
    let on_flushed = match encoded {
        Ok(on_flushed) => on_flushed,
        Err(error) => {
            state.encode_body(|encoder, out| encoder.encode(&Empty, out))?;
            response.error = error;
            if response.error.is_empty() {
                // An empty error would mean success.
                response.error.push_str("the call failed");
            }
            None
        }
    };
    state.push_header(&response)?;
    if let Some(waiter) = on_flushed {
        state.notify_flushed(waiter);
    }
    Ok(())
}
