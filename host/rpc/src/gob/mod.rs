//! Go's `encoding/gob`, as far as plugin RPC needs it. The protocol is described in the documentation of that package.
//!
//! A stream is a sequence of messages. A message is a type definition or a value. A type is defined once per
//! stream and direction, so an [`Encoder`] and a [`Decoder`] live as long as their stream. Nothing here does I/O:
//! the encoder appends to a buffer, and the decoder is fed with the bytes that arrived.
//!
//! Structs are matched by the names of their fields: a Rust struct may have fewer fields than the sender's, or
//! more. A field that is zero, empty, or nil is not sent, so "absent" and "zero" are the same. Go strings are
//! bytes; invalid UTF-8 is replaced, so a string never fails to decode.
//!
//! The decoder's input may be hostile. Depth, types, fields, and the length of messages are limited, and memory is
//! limited to a small multiple of the input. A value with an unexpected type, or one that would need too much
//! memory, is skipped as a whole, and the stream continues. If the start of the next value is unknown, the stream
//! fails: guessing would assign later replies to the wrong calls.

mod decode;
mod decoder;
mod encode;
mod encoder;
mod error;
mod macros;
mod received_types;
mod schema;
mod sent_types;
mod skip;
mod time;
mod type_id;
mod values;
mod wire;

pub use decode::{Decode, FieldCursor, Reader};
pub use decoder::Decoder;
pub use encode::{Encode, Field, FieldNumber, Writer};
pub use encoder::Encoder;
pub use error::{DecodeError, EncodeError};
pub use schema::{Schema, StructSchema};
pub use time::Time;
pub use values::{Bytes, BytesRef, Empty, Url};

/// The limits of a decoder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, and of one value that is split into several messages.
    pub message_bytes: usize,
    /// Nesting depth of a value.
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
