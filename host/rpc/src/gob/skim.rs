//! Walking over a value without knowing what it is for.
//!
//! A value may be cut into messages wherever an interface holds a type that the stream has not seen: the
//! definition comes in the middle, and the value goes on in the next message. The skimmer walks such a
//! value with an explicit stack, so it can stop where bytes are missing and resume there, stores the
//! definitions, and joins the rest into one piece without them. It also finds the end of a value that
//! cannot be decoded. Each byte is looked at once.

use super::Limits;
use super::error::DecodeError;
use super::types::{Kind, Types, WireType};
use super::wire::{Cursor, put_bytes, put_int, put_uint};

/// Frames of a walk: several times the depth of any JSON that the server takes. Each takes a byte of the
/// value at least, and is many.
pub(super) const MAX_STACK: usize = 1 << 16;

enum Frame {
    /// A value of this type.
    Value(i64),
    /// The content of an interface: a struct as it is, anything else after a zero byte.
    Content(i64),
    /// The rest of a struct: its type and the number of the field read last, counting from 1.
    Struct(i64, u64),
    /// The elements left of a list.
    Elements(i64, usize),
    /// The entries left of a map.
    Entries(i64, i64, usize),
    /// The type of an interface's content, possibly in the next message.
    InterfaceType,
}

/// A walk in progress.
pub(super) struct Skimmer {
    stack: Vec<Frame>,
    joined: Vec<u8>,
    id: i64,
}

/// Where a walk stands at the end of a message.
pub(super) enum Step {
    /// The value goes on in the next message.
    More,
    /// The value is complete.
    Done,
}

impl Skimmer {
    /// A walk over a top-level value of type `id`.
    pub(super) fn new(id: i64) -> Self {
        Self {
            stack: vec![Frame::Content(id)],
            joined: Vec::new(),
            id,
        }
    }

    /// The type of the value, and the value in one piece. The bytes begin with the zero byte of a value
    /// that is not a struct.
    pub(super) fn joined(self) -> (i64, Vec<u8>) {
        (self.id, self.joined)
    }

    /// Walks through one message.
    pub(super) fn walk(
        &mut self,
        message: &[u8],
        types: &mut Types,
        limits: &Limits,
    ) -> Result<Step, DecodeError> {
        let mut cursor = Cursor::new(message);
        while let Some(frame) = self.stack.pop() {
            // Depth is for those to limit who recurse. Here it is memory, and the value's end must be
            // found whatever it is.
            if self.stack.len() > MAX_STACK {
                return Err(DecodeError::TooLarge("a value is nested too deeply"));
            }
            if self.joined.len() > limits.message_bytes {
                return Err(DecodeError::TooLarge("a value is too long"));
            }
            match frame {
                Frame::InterfaceType => {
                    if cursor.left() == 0 {
                        self.stack.push(Frame::InterfaceType);
                        return Ok(Step::More);
                    }
                    let id = cursor.int()?;
                    if id < 0 {
                        types.define(negated(id)?, &mut cursor, limits)?;
                        if cursor.left() > 0 {
                            cursor.uint()?;
                        }
                        self.stack.push(Frame::InterfaceType);
                    } else {
                        cursor.uint()?;
                        put_int(&mut self.joined, id);
                        // A length that nobody reads.
                        self.joined.push(0);
                        self.stack.push(Frame::Content(id));
                    }
                }
                Frame::Content(id) => {
                    if !types.is_struct(id) {
                        if cursor.uint()? != 0 {
                            return Err(DecodeError::malformed(
                                "a lone value has no zero before it",
                            ));
                        }
                        self.joined.push(0);
                    }
                    self.stack.push(Frame::Value(id));
                }
                Frame::Value(id) => self.value(id, &mut cursor, types)?,
                Frame::Struct(id, number) => {
                    let delta = cursor.uint()?;
                    put_uint(&mut self.joined, delta);
                    if delta > 0 {
                        let number = number.saturating_add(delta);
                        let field = field(types, id, number)?;
                        self.stack.push(Frame::Struct(id, number));
                        self.stack.push(Frame::Value(field));
                    }
                }
                Frame::Elements(id, left) => {
                    if let Some(left) = left.checked_sub(1) {
                        self.stack.push(Frame::Elements(id, left));
                        self.stack.push(Frame::Value(id));
                    }
                }
                Frame::Entries(key, elem, left) => {
                    if let Some(left) = left.checked_sub(1) {
                        self.stack.push(Frame::Entries(key, elem, left));
                        self.stack.push(Frame::Value(elem));
                        self.stack.push(Frame::Value(key));
                    }
                }
            }
        }
        if cursor.left() > 0 {
            return Err(DecodeError::malformed("bytes are left over after a value"));
        }
        Ok(Step::Done)
    }

    fn value(
        &mut self,
        id: i64,
        cursor: &mut Cursor<'_>,
        types: &Types,
    ) -> Result<(), DecodeError> {
        match types.kind(id)? {
            Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => {
                put_uint(&mut self.joined, cursor.uint()?);
            }
            Kind::Complex => {
                put_uint(&mut self.joined, cursor.uint()?);
                put_uint(&mut self.joined, cursor.uint()?);
            }
            Kind::Bytes
            | Kind::String
            | Kind::Defined(
                WireType::GobEncoder | WireType::BinaryMarshaler | WireType::TextMarshaler,
            ) => put_bytes(&mut self.joined, cursor.bytes()?),
            Kind::Interface => {
                let name = cursor.bytes()?;
                put_bytes(&mut self.joined, name);
                if !name.is_empty() {
                    self.stack.push(Frame::InterfaceType);
                }
            }
            Kind::Defined(WireType::Struct(_)) => self.stack.push(Frame::Struct(id, 0)),
            Kind::Defined(WireType::Slice { elem }) => {
                let count = self.count(cursor)?;
                self.stack.push(Frame::Elements(elem, count));
            }
            Kind::Defined(WireType::Array { elem, len }) => {
                let count = self.count(cursor)?;
                if count != len {
                    return Err(DecodeError::malformed(
                        "an array of another length than its type",
                    ));
                }
                self.stack.push(Frame::Elements(elem, count));
            }
            Kind::Defined(WireType::Map { key, elem }) => {
                let count = self.count(cursor)?;
                self.stack.push(Frame::Entries(key, elem, count));
            }
        }
        Ok(())
    }

    /// A count, which further messages may have to make good: every element takes a byte.
    fn count(&mut self, cursor: &mut Cursor<'_>) -> Result<usize, DecodeError> {
        let count = cursor.uint()?;
        put_uint(&mut self.joined, count);
        usize::try_from(count).map_err(|_| DecodeError::malformed("a count is too large"))
    }
}

fn field(types: &Types, id: i64, number: u64) -> Result<i64, DecodeError> {
    let Kind::Defined(WireType::Struct(fields)) = types.kind(id)? else {
        return Err(DecodeError::malformed("a struct is of a type that is none"));
    };
    let index = usize::try_from(number.saturating_sub(1)).ok();
    index
        .and_then(|index| fields.get(index))
        .map(|field| field.id)
        .ok_or_else(|| DecodeError::malformed("a struct has more fields than its type"))
}

pub(super) fn negated(id: i64) -> Result<i64, DecodeError> {
    id.checked_neg()
        .ok_or_else(|| DecodeError::malformed("a type id is out of range"))
}
