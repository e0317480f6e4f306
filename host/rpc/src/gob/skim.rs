//! Walking over a value without knowing what it is for.
//!
//! A value may be cut into messages wherever an interface holds a type that the stream has not seen: the
//! definition comes in the middle, and the value goes on in the next message. The skimmer walks such a
//! value with an explicit stack, so it can stop where bytes are missing and resume there, stores the
//! definitions, and joins the rest into one piece without them. It also finds the end of a value that
//! cannot be decoded, and of one that is too long to be kept: of that it takes parts of messages as they
//! arrive, and keeps nothing.

use super::Limits;
use super::error::DecodeError;
use super::types::{Kind, Types, WireType};
use super::wire::{Cursor, put_bytes, put_int, put_uint};

/// Frames of a walk: several times the depth of any JSON that the server takes. Each takes a byte of the
/// value at least, and is many.
pub(super) const MAX_STACK: usize = 1 << 16;

#[derive(Clone, Copy)]
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
    /// What is after a definition: the end of its message, or the count of what is left of the interface.
    Defined,
}

/// A walk in progress.
pub(super) struct Skimmer {
    stack: Vec<Frame>,
    /// None where the value is too long to be kept.
    joined: Option<Vec<u8>>,
    id: i64,
}

/// Bytes of a message, from where the walk stands.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether the message ends with them.
    pub(super) is_last: bool,
}

/// Where a walk stands at the end of the bytes that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// More of the message is needed.
    Starved,
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
            joined: Some(Vec::new()),
            id,
        }
    }

    /// Keeps nothing of the value.
    pub(super) fn drop_value(&mut self) {
        self.joined = None;
    }

    /// The type of the value, and the value in one piece. The bytes begin with the zero byte of a value
    /// that is not a struct. None where the value was too long to be kept.
    pub(super) fn joined(self) -> Option<(i64, Vec<u8>)> {
        self.joined.map(|joined| (self.id, joined))
    }

    /// Walks through one message.
    pub(super) fn walk(
        &mut self,
        message: &[u8],
        types: &mut Types,
        limits: &Limits,
    ) -> Result<Step, DecodeError> {
        let part = Part {
            bytes: message,
            is_last: true,
        };
        self.walk_part(part, types, limits).map(|(step, _)| step)
    }

    /// Walks as far as the bytes reach, and answers with how many of them it took. Only where the value is not kept
    /// may they be less than the message.
    pub(super) fn walk_part(
        &mut self,
        part: Part<'_>,
        types: &mut Types,
        limits: &Limits,
    ) -> Result<(Step, usize), DecodeError> {
        let mut cursor = Cursor::new(part.bytes);
        while let Some(frame) = self.stack.pop() {
            // Depth is for those to limit who recurse. Here it is memory, and the value's end must be
            // found whatever it is.
            if self.stack.len() > MAX_STACK {
                return Err(DecodeError::TooLarge("a value is nested too deeply"));
            }
            let kept = self.joined.as_ref().map_or(0, Vec::len);
            if kept > limits.message_bytes {
                self.drop_value();
            }
            let before = cursor;
            let is_between = matches!(frame, Frame::InterfaceType | Frame::Defined);
            if is_between && cursor.left() == 0 && part.is_last {
                self.stack.push(Frame::InterfaceType);
                return Ok((Step::More, part.bytes.len()));
            }
            match self.step(frame, &mut cursor, types, limits) {
                Ok(()) => {}
                // A step changes something only when it has all its bytes: it can be done again with more of them.
                Err(_) if !part.is_last => {
                    self.stack.push(frame);
                    return Ok((Step::Starved, part.bytes.len() - before.left()));
                }
                Err(error) => return Err(error),
            }
        }
        if cursor.left() > 0 || !part.is_last {
            return Err(DecodeError::malformed("bytes are left over after a value"));
        }
        Ok((Step::Done, part.bytes.len()))
    }

    fn step(
        &mut self,
        frame: Frame,
        cursor: &mut Cursor<'_>,
        types: &mut Types,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        match frame {
            Frame::InterfaceType => {
                let id = cursor.int()?;
                if id < 0 {
                    types.define(negated(id)?, cursor, limits)?;
                    self.stack.push(Frame::Defined);
                } else {
                    cursor.uint()?;
                    // A length that nobody reads.
                    self.keep(|joined| {
                        put_int(joined, id);
                        joined.push(0);
                    });
                    self.stack.push(Frame::Content(id));
                }
            }
            Frame::Defined => {
                cursor.uint()?;
                self.stack.push(Frame::InterfaceType);
            }
            Frame::Content(id) => {
                if !types.is_struct(id) {
                    if cursor.uint()? != 0 {
                        return Err(DecodeError::malformed("a lone value has no zero before it"));
                    }
                    self.keep(|joined| joined.push(0));
                }
                self.stack.push(Frame::Value(id));
            }
            Frame::Value(id) => self.value(id, cursor, types)?,
            Frame::Struct(id, number) => {
                let delta = cursor.uint()?;
                self.keep(|joined| put_uint(joined, delta));
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
        Ok(())
    }

    /// Adds to the value, where it is kept.
    fn keep(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if let Some(joined) = &mut self.joined {
            add(joined);
        }
    }

    fn value(
        &mut self,
        id: i64,
        cursor: &mut Cursor<'_>,
        types: &Types,
    ) -> Result<(), DecodeError> {
        match types.kind(id)? {
            Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => {
                let number = cursor.uint()?;
                self.keep(|joined| put_uint(joined, number));
            }
            Kind::Complex => {
                let parts = [cursor.uint()?, cursor.uint()?];
                self.keep(|joined| {
                    for part in parts {
                        put_uint(joined, part);
                    }
                });
            }
            Kind::Bytes
            | Kind::String
            | Kind::Defined(
                WireType::GobEncoder | WireType::BinaryMarshaler | WireType::TextMarshaler,
            ) => {
                let bytes = cursor.bytes()?;
                self.keep(|joined| put_bytes(joined, bytes));
            }
            Kind::Interface => {
                let name = cursor.bytes()?;
                self.keep(|joined| put_bytes(joined, name));
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
        self.keep(|joined| put_uint(joined, count));
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
