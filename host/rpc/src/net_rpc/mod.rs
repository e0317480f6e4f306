//! Go's `net/rpc` over one stream, as caller and as callee.
//!
//! Each direction of a stream is one gob stream that lives as long: one encoder and one decoder, type
//! definitions once. A call is two values, `Request` and the argument; its answer is two values,
//! `Response` and the reply, in any order relative to other calls and matched by `Seq`. If
//! `Response.Error` is not empty the reply is an empty struct that is read and thrown away.
//!
//! Two properties matter more than speed. A message enters the outgoing buffer whole or not at all, so
//! a caller that is dropped in the middle of a call, an argument that cannot be encoded or a handler
//! that panics never leaves half a value on the wire. And an answer that cannot be decoded fails its
//! own call: Go's client gives up the stream there, this one skips the value and goes on.
//!
//! Memory is bounded by turning producers away: above a high-water mark of unsent bytes calls and
//! replies wait for room before they are encoded, and a server stops reading while too many calls run.

mod client;
mod outbox;
mod server;

pub use client::{Boxed, CallError, Client, ReadReply};
pub(crate) use server::{MOST_CALLS, panic_text};
pub use server::{Reply, Route, ServeError, Service, serve};

crate::gob_struct! {
    /// The head of a call.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Request = "Request" {
        /// `Service.Method`.
        pub service_method: String = "ServiceMethod",
        /// Number of the call on its stream, from 0.
        pub seq: u64 = "Seq",
    }
}

crate::gob_struct! {
    /// The head of an answer.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Response = "Response" {
        /// As in the request.
        pub service_method: String = "ServiceMethod",
        /// As in the request.
        pub seq: u64 = "Seq",
        /// Why the call failed; empty if it did not.
        pub error: String = "Error",
    }
}

/// Bytes read from a stream at a time.
const READ: usize = 8 * 1024;
