//! Skips a value, possibly over several messages.
//!
//! Go splits a value into several messages where an interface contains a type that the stream does not have yet:
//! the definition comes in the middle of the value, and the value continues in the next message. The [`Skipper`]
//! walks through such a value with an explicit stack, so that it can stop at the end of a message and resume in
//! the next one. It stores the definitions and joins the rest of the value into one piece. It also finds the end
//! of a value that cannot be decoded, and of a value that is too long: of such a value it consumes parts of
//! messages as they arrive and keeps nothing.

use super::Limits;
use super::error::DecodeError;
use super::received_types::{Kind, ReceivedTypes, WireType};
use super::wire::{Cursor, put_bytes, put_int, put_uint};

/// The most frames on the stack while a value is skipped: several times the depth of any JSON that a Mattermost
/// server accepts. It is a memory limit: a frame costs the sender one byte, but this side many.
pub(super) const MAX_STACK: usize = 1 << 16;

#[derive(Clone, Copy)]
enum Frame {
    /// A value of this type.
    Value(i64),
    /// A singleton: a top-level value or the value in an interface. If it is not a struct, a zero byte comes first.
    Singleton(i64),
    /// The rest of a struct: its type and the number of the last field, counting from 1.
    Struct(i64, u64),
    /// The remaining elements of a slice or array.
    Elements(i64, usize),
    /// The remaining entries of a map.
    Entries(i64, i64, usize),
    /// The type of the value in an interface, possibly in the next message.
    InterfaceType,
    /// After a definition: the end of its message, or the number of bytes that are left of the interface value.
    AfterDefinition,
}

/// Skips one value.
pub(super) struct Skipper {
    stack: Vec<Frame>,
    /// The value in one piece. `None` if the value is too long.
    joined: Option<Vec<u8>>,
    id: i64,
}

/// The next bytes of a message.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether the message ends after these bytes.
    pub(super) is_last: bool,
}

/// The state after the available bytes were consumed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// More bytes of the message are needed.
    NeedBytes,
    /// The value continues in the next message.
    NeedMessage,
    /// The value is complete.
    Done,
}

impl Skipper {
    /// Starts to skip a top-level value of the type `id`.
    pub(super) fn new(id: i64) -> Self {
        Self {
            stack: vec![Frame::Singleton(id)],
            joined: Some(Vec::new()),
            id,
        }
    }

    /// Stops keeping the value.
    pub(super) fn discard(&mut self) {
        self.joined = None;
    }

    /// The type of the value, and the value in one piece, including the zero byte before a singleton that is not a
    /// struct. `None` if the value was too long.
    pub(super) fn joined(self) -> Option<(i64, Vec<u8>)> {
        self.joined.map(|joined| (self.id, joined))
    }

    /// Skips the part of the value that is in this message.
    pub(super) fn skip_message(
        &mut self,
        message: &[u8],
        types: &mut ReceivedTypes,
        limits: &Limits,
    ) -> Result<Step, DecodeError> {
        let part = Part {
            bytes: message,
            is_last: true,
        };
        self.skip_part(part, types, limits).map(|(step, _)| step)
    }

    /// Skips as much as possible and returns the number of bytes that it consumed. The bytes may be less than a
    /// whole message only if the value is not kept.
    pub(super) fn skip_part(
        &mut self,
        part: Part<'_>,
        types: &mut ReceivedTypes,
        limits: &Limits,
    ) -> Result<(Step, usize), DecodeError> {
        let mut cursor = Cursor::new(part.bytes);
        while let Some(frame) = self.stack.pop() {
            // This limits memory, not recursion: the end of a deep value must be found too.
            if self.stack.len() > MAX_STACK {
                return Err(DecodeError::TooLarge("a value is nested too deeply"));
            }
            let kept = self.joined.as_ref().map_or(0, Vec::len);
            if kept > limits.message_bytes {
                self.discard();
            }
            let before = cursor;
            let is_between = matches!(frame, Frame::InterfaceType | Frame::AfterDefinition);
            if is_between && cursor.remaining() == 0 && part.is_last {
                self.stack.push(Frame::InterfaceType);
                return Ok((Step::NeedMessage, part.bytes.len()));
            }
            match self.step(frame, &mut cursor, types, limits) {
                Ok(()) => {}
                // A step has no effect unless it has all its bytes, so it can be repeated when more bytes arrive.
                Err(_) if !part.is_last => {
                    self.stack.push(frame);
                    return Ok((Step::NeedBytes, part.bytes.len() - before.remaining()));
                }
                Err(error) => return Err(error),
            }
        }
        if cursor.remaining() > 0 || !part.is_last {
            return Err(DecodeError::malformed("bytes are left over after a value"));
        }
        Ok((Step::Done, part.bytes.len()))
    }

    fn step(
        &mut self,
        frame: Frame,
        cursor: &mut Cursor<'_>,
        types: &mut ReceivedTypes,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        match frame {
            Frame::InterfaceType => {
                let id = cursor.int()?;
                if id < 0 {
                    types.define(negated(id)?, cursor, limits)?;
                    self.stack.push(Frame::AfterDefinition);
                } else {
                    cursor.uint()?;
                    // Write 0 for the length, which the reader ignores.
                    self.keep(|joined| {
                        put_int(joined, id);
                        joined.push(0);
                    });
                    self.stack.push(Frame::Singleton(id));
                }
            }
            Frame::AfterDefinition => {
                cursor.uint()?;
                self.stack.push(Frame::InterfaceType);
            }
            Frame::Singleton(id) => {
                if !types.is_struct(id) {
                    if cursor.uint()? != 0 {
                        return Err(DecodeError::malformed(
                            "a singleton has no leading zero byte",
                        ));
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

    /// Appends to the joined value, unless the value is too long.
    fn keep(&mut self, add: impl FnOnce(&mut Vec<u8>)) {
        if let Some(joined) = &mut self.joined {
            add(joined);
        }
    }

    fn value(
        &mut self,
        id: i64,
        cursor: &mut Cursor<'_>,
        types: &ReceivedTypes,
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
                        "an array has another length than its type",
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

    /// A number of elements. It cannot be checked against the length of the message: elements may come in later
    /// messages.
    fn count(&mut self, cursor: &mut Cursor<'_>) -> Result<usize, DecodeError> {
        let count = cursor.uint()?;
        self.keep(|joined| put_uint(joined, count));
        usize::try_from(count).map_err(|_| DecodeError::malformed("a count is too large"))
    }
}

fn field(types: &ReceivedTypes, id: i64, number: u64) -> Result<i64, DecodeError> {
    let Kind::Defined(WireType::Struct(fields)) = types.kind(id)? else {
        return Err(DecodeError::malformed(
            "a struct has a type that is not a struct",
        ));
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
