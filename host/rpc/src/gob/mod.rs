//! Go's gob, as far as Mattermost's plugin RPC speaks it.
//!
//! A stream is a row of messages, each a definition of a type or a value. Definitions are sent once per
//! stream and direction, so both [`Encoder`] and [`Decoder`] live as long as their stream. Nothing here
//! does I/O: the encoder appends to a buffer, the decoder is fed what arrived.
//!
//! Structs are matched by the names of their fields: a Rust type may know fewer fields than the sender
//! sends, or more. A field that is zero, empty or nil is not sent at all, so "absent" and "zero" are the
//! same thing. Strings are bytes that become UTF-8 here, lossily; none ever fails to decode.
//!
//! The decoder takes bytes from a peer that may be wrong or hostile: depth, types, fields and message
//! lengths are limited, and memory is bounded by a small multiple of the input. A value of another type
//! than expected, or one that would take too much memory, is dropped whole while the stream goes on.
//! Where the bytes make no sense the stream ends: guessing where the next value begins would put every
//! later answer under another call.

mod any;
mod decode;
mod decoder;
mod encode;
mod error;
mod macros;
mod reader;
mod skim;
mod time;
mod types;
mod wire;

pub use any::Any;
pub use decode::Decode;
pub use decoder::Decoder;
pub use encode::{Encode, Encoder, Field, FieldNumber, Schema, StructSchema, Writer};
pub use error::{DecodeError, EncodeError};
pub use reader::{FieldCursor, Reader};
pub use time::Time;

/// What a decoder accepts at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, and of one value that is spread over several.
    pub message_bytes: usize,
    /// How deep values may be nested.
    pub depth: usize,
    /// Types that a stream may define.
    pub types: usize,
    /// Fields of one struct.
    pub fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024 * 1024,
            depth: 64,
            types: 4096,
            fields: 4096,
        }
    }
}

/// A struct without fields. Decodes from any struct.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty;

/// `[]byte`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// `[]byte`, borrowed, to be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesRef<'a>(pub &'a [u8]);

/// `url.URL`, which travels as its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url(pub String);
