//! Go's `net/rpc` over one stream: client and server. The protocol is defined by `net/rpc/client.go` and
//! `server.go` (`gobClientCodec` and `gobServerCodec`).
//!
//! Each direction of a stream is one gob stream, with one encoder and one decoder. A call is two values: a
//! `Request` header and the argument. The server answers with a `Response` header and the reply. Responses come in
//! any order; `Seq` says which call they belong to. If `Response.Error` is not empty, the reply is an empty struct
//! that is ignored.
//!
//! Two rules are more important than speed. A message is appended to the send queue completely or not at all, so a
//! call whose future is dropped, an argument that cannot be encoded, or a handler that panics never leaves half a
//! message on the stream. And a reply that cannot be decoded fails only its own call; Go's client closes the
//! stream in that case.
//!
//! Memory is limited by backpressure: if too many bytes are unsent, calls and replies wait before they are
//! encoded, and the server stops reading while too many calls are running.

mod client;
mod send_queue;
mod server;

pub use client::{BoxedReply, CallError, Client, ReadReply};
pub(crate) use server::{DEFAULT_MAX_CALLS, panic_text};
pub use server::{Reply, Route, ServeError, Service, serve};

crate::gob_struct! {
    /// The header of a call.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Request = "Request" {
        /// `Service.Method`.
        pub service_method: String = "ServiceMethod",
        /// The sequence number of the call on its stream, from 0.
        pub seq: u64 = "Seq",
    }
}

crate::gob_struct! {
    /// The header of a reply.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Response = "Response" {
        /// The same as in the request.
        pub service_method: String = "ServiceMethod",
        /// The same as in the request.
        pub seq: u64 = "Seq",
        /// The error of the call; empty if it succeeded.
        pub error: String = "Error",
    }
}

/// The size of the buffer for reading from a stream.
const READ_BUFFER: usize = 8 * 1024;
