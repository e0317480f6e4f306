//! The called side.
//!
//! One loop reads requests; each call runs in a task of its own and is reaped when it ends; replies are
//! sent in the order in which calls end. Whatever goes wrong in one call, a method that does not
//! exist, an argument that does not decode, an error, a panic, a reply that does not encode, becomes
//! `Response.Error` of that call.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::outbox::{Outbox, Pen};
use super::{READ, Request, Response};
use crate::gob::{Decode, DecodeError, Decoder, Empty, Encode, EncodeError, Encoder, Limits};

/// Calls of a service at the same time that does not say how many, see [`Service::most_calls`].
pub(crate) const MOST_CALLS: usize = 1024;
/// So many times as many calls on one stream may be unanswered, refused ones included. Beyond it requests wait unread:
/// the peer takes no answers.
const UNANSWERED: usize = 4;
const REFUSED: &str = "too many calls at once";

/// What a stream offers.
///
/// A call goes through two steps: `route` says, by method name, of what type the argument is and
/// which call it makes, because the stream can only be read on once the argument's type is known;
/// `run` does the work, together with others.
pub trait Service: Send + Sync + 'static {
    /// All calls of this service, as a rule an enum with a variant for each method.
    type Call: Send + 'static;

    /// Names in front of the dot in method names.
    const NAMES: &'static [&'static str] = &["Plugin"];

    /// How many calls run at the same time on one stream. Beyond it those are refused that may be.
    fn most_calls(&self) -> usize {
        MOST_CALLS
    }

    /// How to make a call of the named method, such as `Plugin.OnActivate`; `None` if there is none.
    fn route(&self, method: &str) -> Option<Route<Self::Call>>;

    /// Runs a call. An error is sent as `Response.Error`, and so is a panic.
    fn run(&self, call: Self::Call) -> impl Future<Output = Result<Reply, String>> + Send;
}

type Read<C> = dyn FnMut(&mut Decoder) -> Result<Option<C>, DecodeError> + Send;

/// How the argument of a method becomes a call.
pub struct Route<C> {
    read: Box<Read<C>>,
    refusable: bool,
}

impl<C> Route<C> {
    /// The argument is an `A`, and `call` makes a call of it.
    pub fn new<A: Decode + 'static>(call: fn(A) -> C) -> Route<C>
    where
        C: 'static,
    {
        Route {
            read: Box::new(move |decoder| Ok(decoder.next::<A>()?.map(call))),
            refusable: false,
        }
    }

    /// Calls of this method are refused while too many run. For methods that strangers can have called
    /// at will: they must not hold up the others, nor the peer, which waits when nobody reads.
    #[must_use]
    pub fn refusable(mut self) -> Route<C> {
        self.refusable = true;
        self
    }
}

impl<C> std::fmt::Debug for Route<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Route")
    }
}

/// A value to be encoded, without its type.
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
    flushed: Option<oneshot::Sender<()>>,
}

impl Reply {
    /// A reply with this value.
    pub fn new<T: Encode + Send + 'static>(value: T) -> Reply {
        Reply {
            body: Box::new(value),
            flushed: None,
        }
    }

    /// The empty struct.
    pub fn empty() -> Reply {
        Reply::new(Empty)
    }

    /// Tells `waiter` once the reply is with the kernel; it is dropped if that cannot happen.
    #[must_use]
    pub fn notify_flushed(mut self, waiter: oneshot::Sender<()>) -> Reply {
        self.flushed = Some(waiter);
        self
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reply")
    }
}

/// Why serving a stream ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The stream failed.
    #[error("the RPC stream failed")]
    Io(#[from] std::io::Error),
    /// What came in is not a request.
    #[error("the RPC stream carries something else than requests")]
    Decode(#[from] DecodeError),
}

/// Serves a stream until the peer closes it and all its calls are answered. Dropping the future, or a
/// failure of the stream, cancels the calls that run.
///
/// # Errors
///
/// [`ServeError`] if the stream broke or cannot be understood any more.
pub async fn serve<S: Service, Io>(stream: Io, service: Arc<S>) -> Result<(), ServeError>
where
    Io: AsyncRead + AsyncWrite + Send,
{
    let (reader, writer) = tokio::io::split(stream);
    let outbox = Arc::new(Outbox::default());
    let mut writing = std::pin::pin!(outbox.write_to(writer));
    let reading = async {
        let mut calls = JoinSet::new();
        read(reader, &service, &outbox, &mut calls).await?;
        while calls.join_next().await.is_some() {}
        outbox.close();
        Ok::<(), ServeError>(())
    };
    tokio::select! {
        written = &mut writing => return Ok(written?),
        done = reading => done?,
    }
    Ok(writing.await?)
}

/// A request whose head was read.
enum Open<C> {
    Call(Request, Route<C>),
    Unknown(Request, String),
}

async fn read<S: Service>(
    mut io: impl AsyncRead + Unpin,
    service: &Arc<S>,
    outbox: &Arc<Outbox>,
    calls: &mut JoinSet<()>,
) -> Result<(), ServeError> {
    let mut decoder = Decoder::new(Limits::default());
    let mut open = None;
    let mut buffer = vec![0; READ];
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
            let Some(request) = open.take() else {
                match decoder.next::<Request>()? {
                    Some(request) => open = Some(find(&**service, request)),
                    None => break,
                }
                continue;
            };
            while calls.len() >= service.most_calls().saturating_mul(UNANSWERED) {
                calls.join_next().await;
            }
            open = advance(request, &mut decoder, service, outbox, calls)?;
            if open.is_some() {
                break;
            }
        }
    }
}

/// Reads the argument and starts the call, or hands the request back if the argument is incomplete.
fn advance<S: Service>(
    open: Open<S::Call>,
    decoder: &mut Decoder,
    service: &Arc<S>,
    outbox: &Arc<Outbox>,
    calls: &mut JoinSet<()>,
) -> Result<Option<Open<S::Call>>, DecodeError> {
    let outbox = Arc::clone(outbox);
    match open {
        Open::Call(request, mut route) => match (route.read)(decoder) {
            Ok(None) => return Ok(Some(Open::Call(request, route))),
            Ok(Some(_)) if route.refusable && calls.len() >= service.most_calls() => {
                let error = Err(REFUSED.to_owned());
                calls.spawn(async move { answer(&outbox, request, error).await });
            }
            Ok(Some(call)) => {
                let service = Arc::clone(service);
                calls.spawn(async move {
                    let outcome = run(&*service, call).await;
                    answer(&outbox, request, outcome).await;
                });
            }
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => {
                calls.spawn(async move { answer(&outbox, request, Err(error.to_string())).await });
            }
        },
        Open::Unknown(request, error) => {
            if decoder.skip()?.is_none() {
                return Ok(Some(Open::Unknown(request, error)));
            }
            calls.spawn(async move { answer(&outbox, request, Err(error)).await });
        }
    }
    Ok(None)
}

/// Finds the method, or the words Go has for not finding it.
fn find<S: Service>(service: &S, request: Request) -> Open<S::Call> {
    let method = &request.service_method;
    let error = match method.rsplit_once('.') {
        None => format!("rpc: service/method request ill-formed: {method}"),
        Some((name, _)) if !S::NAMES.contains(&name) => {
            format!("rpc: can't find service {method}")
        }
        Some(_) => match service.route(method) {
            Some(route) => return Open::Call(request, route),
            None => format!("rpc: can't find method {method}"),
        },
    };
    Open::Unknown(request, error)
}

async fn run<S: Service>(service: &S, call: S::Call) -> Result<Reply, String> {
    let guarded = AssertUnwindSafe(async { service.run(call).await });
    guarded.catch_unwind().await.unwrap_or_else(|panic| {
        let text = panic_text(&*panic);
        Err(format!("the handler panicked: {text}"))
    })
}

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    match (
        panic.downcast_ref::<&'static str>(),
        panic.downcast_ref::<String>(),
    ) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no reason given",
    }
}

/// Sends the answer. A stream that is closed by now takes none.
async fn answer(outbox: &Outbox, request: Request, outcome: Result<Reply, String>) {
    let sent = outbox.push(|pen| write_answer(pen, request, outcome)).await;
    if let Ok(Err(_)) = sent {
        // The head could not be encoded; without it the stream is of no use.
        outbox.fail();
    }
}

fn write_answer(
    pen: &mut Pen,
    request: Request,
    outcome: Result<Reply, String>,
) -> Result<(), EncodeError> {
    let mut response = Response {
        service_method: request.service_method,
        seq: request.seq,
        error: String::new(),
    };
    let encoded = outcome.and_then(|reply| {
        pen.body(|encoder, out| reply.body.encode(encoder, out))
            .map(|()| reply.flushed)
            .map_err(|error| format!("the reply could not be encoded: {error}"))
    });
    let flushed = match encoded {
        Ok(flushed) => flushed,
        Err(error) => {
            pen.body(|encoder, out| encoder.encode(&Empty, out))?;
            response.error = error;
            if response.error.is_empty() {
                // An empty text would mean success.
                response.error.push_str("the call failed");
            }
            None
        }
    };
    pen.head(&response)?;
    if let Some(waiter) = flushed {
        pen.notify_flushed(waiter);
    }
    Ok(())
}
