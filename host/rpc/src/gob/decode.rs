//! From messages to Rust values.
//!
//! Bytes are fed in as they arrive; messages are told apart by their lengths alone. A value in one
//! message, the common case, is decoded straight from it. Where that fails, the skimmer walks the value
//! to its end, over as many messages as it takes, so that the next value begins where it should; a value
//! that was cut into pieces is then decoded from the joined pieces.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::encode::{Encode, Schema, StructSchema};
use super::error::DecodeError;
use super::skim::{MAX_STACK, Skimmer, Step, negated};
use super::types::{Kind, Plan, Types, WireField, WireType};
use super::wire::{Cursor, peek_uint};
use super::{Bytes, Empty, Limits, Url};

/// Buffers keep at most this much when idle.
const KEPT_CAPACITY: usize = 64 * 1024;

/// How many bytes of Rust values one byte of gob may become, beside a fixed allowance.
const EXPANSION: usize = 16;
const EXPANSION_FLOOR: usize = 1024 * 1024;

/// A type that can be received. A field that was not sent keeps its default.
pub trait Decode: Encode + Default + Sized {
    /// Reads a value of the sender's type `id`.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a value, or a limit is reached.
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError>;
}

/// The receiving half of a stream.
pub struct Decoder {
    limits: Limits,
    types: Types,
    buffer: Vec<u8>,
    start: usize,
    /// A value whose end has not arrived.
    pending: Option<Skimmer>,
    lost: Option<DecodeError>,
}

impl Decoder {
    /// A stream on which nothing was received.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            types: Types::default(),
            buffer: Vec::new(),
            start: 0,
            pending: None,
            lost: None,
        }
    }

    /// Takes bytes as they arrived.
    pub fn feed(&mut self, bytes: &[u8]) {
        // Moving what is unread costs no more than reading what was before it.
        if self.start > self.buffer.len() / 2 {
            self.buffer.drain(..self.start.min(self.buffer.len()));
            self.start = 0;
            self.shrink();
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Whether nothing is left of what was fed, and no value is incomplete.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.start == self.buffer.len() && self.pending.is_none()
    }

    /// Decodes the next value; none while bytes are missing.
    ///
    /// # Errors
    ///
    /// When the value cannot be decoded. Unless the error is fatal it was dropped whole.
    #[expect(
        clippy::should_implement_trait,
        reason = "each value is of another type"
    )]
    pub fn next<T: Decode>(&mut self) -> Result<Option<T>, DecodeError> {
        self.next_with(|reader, id| reader.top(id))
    }

    /// Reads and drops the next value; none while bytes are missing.
    ///
    /// # Errors
    ///
    /// When the bytes are not a value.
    pub fn skip(&mut self) -> Result<Option<()>, DecodeError> {
        self.next_with(|reader, id| {
            reader.lone(id)?;
            reader.skip(id)
        })
    }

    fn next_with<T>(
        &mut self,
        read: impl Fn(&mut Reader<'_>, i64) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        if let Some(error) = &self.lost {
            return Err(error.clone());
        }
        let outcome = self.next_message_with(read);
        if let Err(error) = &outcome
            && error.is_fatal()
        {
            self.lost = Some(error.clone());
        }
        outcome
    }

    fn next_message_with<T>(
        &mut self,
        read: impl Fn(&mut Reader<'_>, i64) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        while let Some(range) = self.message()? {
            let message = self.buffer.get(range.clone()).unwrap_or_default();
            let outcome = message_value(
                &mut self.types,
                &self.limits,
                &mut self.pending,
                message,
                &read,
            );
            self.start = range.end;
            self.tidy();
            if let Some(value) = outcome? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// Where the next whole message is.
    fn message(&self) -> Result<Option<Range<usize>>, DecodeError> {
        const LENGTH: DecodeError = DecodeError::Fatal("a message is too long");
        let bytes = self.buffer.get(self.start..).unwrap_or_default();
        let Some((length, count)) = peek_uint(bytes).map_err(|_| LENGTH)? else {
            return Ok(None);
        };
        let begin = self.start + count;
        let end = usize::try_from(length)
            .ok()
            .filter(|length| *length <= self.limits.message_bytes)
            .and_then(|length| begin.checked_add(length))
            .ok_or(LENGTH)?;
        Ok((end <= self.buffer.len()).then_some(begin..end))
    }

    fn tidy(&mut self) {
        if self.start >= self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.shrink();
        }
    }

    /// Gives back what one large message needed.
    fn shrink(&mut self) {
        if self.buffer.capacity() > KEPT_CAPACITY.max(self.buffer.len().saturating_mul(4)) {
            self.buffer.shrink_to(KEPT_CAPACITY);
        }
    }
}

/// Takes one message: a definition, a value, or a piece of one.
fn message_value<T>(
    types: &mut Types,
    limits: &Limits,
    pending: &mut Option<Skimmer>,
    message: &[u8],
    read: &impl Fn(&mut Reader<'_>, i64) -> Result<T, DecodeError>,
) -> Result<Option<T>, DecodeError> {
    if let Some(mut value) = pending.take() {
        let walked = value.walk(message, types, limits);
        return match walked.map_err(DecodeError::into_fatal)? {
            Step::More => {
                *pending = Some(value);
                Ok(None)
            }
            Step::Done => finish(value, types, limits, read).map(Some),
        };
    }
    let mut cursor = Cursor::new(message);
    let id = cursor.int().map_err(DecodeError::into_fatal)?;
    if id < 0 {
        // Without its type, neither this value nor any later one of the type can be read.
        define(types, limits, id, &mut cursor).map_err(DecodeError::into_fatal)?;
        return Ok(None);
    }
    let mut reader = Reader::new(cursor, types, limits);
    let read_error = match read(&mut reader, id) {
        Ok(value) if reader.cursor.left() == 0 => return Ok(Some(value)),
        Ok(_) => None,
        Err(error) => Some(error),
    };
    // Wrong, or only cut into pieces, which look wrong too: the walk tells, and finds the value's end.
    let mut skimmer = Skimmer::new(id);
    let body = message.get(message.len() - cursor.left()..);
    match skimmer.walk(body.unwrap_or_default(), types, limits) {
        Ok(Step::More) => {
            *pending = Some(skimmer);
            Ok(None)
        }
        Ok(Step::Done) => finish(skimmer, types, limits, read).map(Some),
        Err(error) => Err(read_error.unwrap_or(error).into_fatal()),
    }
}

fn define(
    types: &mut Types,
    limits: &Limits,
    id: i64,
    cursor: &mut Cursor<'_>,
) -> Result<(), DecodeError> {
    types.define(negated(id)?, cursor, limits)?;
    if cursor.left() > 0 {
        return Err(DecodeError::malformed(
            "bytes are left over after a definition",
        ));
    }
    Ok(())
}

fn finish<T>(
    skimmer: Skimmer,
    types: &mut Types,
    limits: &Limits,
    read: &impl Fn(&mut Reader<'_>, i64) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let (id, joined) = skimmer.joined();
    read(&mut Reader::new(Cursor::new(&joined), types, limits), id)
}

/// Reads one value out of complete bytes.
pub struct Reader<'a> {
    cursor: Cursor<'a>,
    types: &'a mut Types,
    depth: usize,
    budget: usize,
    /// The struct that begins next is a value of its own, not a part of one.
    alone: bool,
}

/// What is left to read over.
enum Skipped {
    Values(i64, usize),
    Entries(i64, i64, usize),
    Fields(Arc<[WireField]>, usize),
}

/// Which field of a struct was read last.
pub struct FieldCursor {
    plan: Plan,
    number: u64,
}

impl<'a> Reader<'a> {
    fn new(cursor: Cursor<'a>, types: &'a mut Types, limits: &Limits) -> Self {
        let budget = cursor.left().saturating_mul(EXPANSION);
        Self {
            cursor,
            types,
            depth: limits.depth,
            budget: budget.saturating_add(EXPANSION_FLOOR),
            alone: false,
        }
    }

    fn top<T: Decode>(&mut self, id: i64) -> Result<T, DecodeError> {
        self.lone(id)?;
        self.alone(id)
    }

    /// Decodes a value of its own: Go refuses one that has no field in common with the struct that is
    /// expected, but accepts such a struct as a part of another.
    pub(super) fn alone<T: Decode>(&mut self, id: i64) -> Result<T, DecodeError> {
        self.alone = self.types.is_struct(id);
        T::decode(self, id)
    }

    /// A value alone is preceded by a zero byte, unless it is a struct.
    fn lone(&mut self, id: i64) -> Result<(), DecodeError> {
        if !self.types.is_struct(id) && self.cursor.uint()? != 0 {
            return Err(DecodeError::malformed("a lone value has no zero before it"));
        }
        Ok(())
    }

    fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or(DecodeError::TooLarge("a value is nested too deeply"))?;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth += 1;
    }

    /// Accounts for memory that values take beside their bytes.
    fn spend<T>(&mut self, count: usize) -> Result<(), DecodeError> {
        self.budget = self
            .budget
            .checked_sub(size_of::<T>().saturating_mul(count))
            .ok_or(DecodeError::TooLarge("a value takes too much memory"))?;
        Ok(())
    }

    /// Begins a struct.
    ///
    /// # Errors
    ///
    /// When the sender's type does not match.
    pub fn begin(
        &mut self,
        schema: &'static StructSchema,
        id: i64,
    ) -> Result<FieldCursor, DecodeError> {
        self.enter()?;
        let plan = self
            .types
            .plan(schema.key(), id, schema.names, schema.schemas)?;
        if std::mem::take(&mut self.alone) && !plan.related {
            return Err(DecodeError::Mismatch("no fields matched".to_owned()));
        }
        Ok(FieldCursor { plan, number: 0 })
    }

    /// The next field that is wanted: which one, counting from 0, and its type.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a struct.
    pub fn field(&mut self, fields: &mut FieldCursor) -> Result<Option<(usize, i64)>, DecodeError> {
        loop {
            let delta = self.cursor.uint()?;
            if delta == 0 {
                self.leave();
                return Ok(None);
            }
            fields.number = fields.number.saturating_add(delta);
            let index = usize::try_from(fields.number - 1).ok();
            match index.and_then(|index| fields.plan.slots.get(index)) {
                Some((Some(slot), id)) => return Ok(Some((*slot, *id))),
                Some((None, id)) => self.skip(*id)?,
                None => {
                    return Err(DecodeError::malformed(
                        "a struct has more fields than its type",
                    ));
                }
            }
        }
    }

    /// Reads over a value, however deep.
    pub(super) fn skip(&mut self, id: i64) -> Result<(), DecodeError> {
        // Types still to be read over, each with how many values of it.
        let mut left: Vec<Skipped> = vec![Skipped::Values(id, 1)];
        while let Some(skipped) = left.pop() {
            if left.len() > MAX_STACK {
                return Err(DecodeError::TooLarge("a value is nested too deeply"));
            }
            match skipped {
                Skipped::Values(_, 0) => {}
                Skipped::Values(id, count) => {
                    left.push(Skipped::Values(id, count - 1));
                    self.skip_one(id, &mut left)?;
                }
                Skipped::Entries(_, _, 0) => {}
                Skipped::Entries(key, elem, count) => {
                    left.push(Skipped::Entries(key, elem, count - 1));
                    left.push(Skipped::Values(elem, 1));
                    left.push(Skipped::Values(key, 1));
                }
                Skipped::Fields(fields, number) => {
                    let delta = usize::try_from(self.cursor.uint()?).unwrap_or(usize::MAX);
                    if delta > 0 {
                        let number = number.saturating_add(delta);
                        let field = fields.get(number - 1).ok_or_else(|| {
                            DecodeError::malformed("a struct has more fields than its type")
                        })?;
                        let id = field.id;
                        left.push(Skipped::Fields(fields, number));
                        left.push(Skipped::Values(id, 1));
                    }
                }
            }
        }
        Ok(())
    }

    fn skip_one(&mut self, id: i64, left: &mut Vec<Skipped>) -> Result<(), DecodeError> {
        match self.types.kind(id)? {
            Kind::Bool | Kind::Int | Kind::Uint | Kind::Float => {
                self.cursor.uint()?;
            }
            Kind::Complex => {
                self.cursor.uint()?;
                self.cursor.uint()?;
            }
            Kind::Bytes
            | Kind::String
            | Kind::Defined(
                WireType::GobEncoder | WireType::BinaryMarshaler | WireType::TextMarshaler,
            ) => {
                self.cursor.bytes()?;
            }
            Kind::Interface => {
                if let Some((_, id)) = self.interface()? {
                    left.push(Skipped::Values(id, 1));
                }
            }
            Kind::Defined(WireType::Struct(fields)) => left.push(Skipped::Fields(fields, 0)),
            Kind::Defined(WireType::Slice { elem }) => {
                left.push(Skipped::Values(elem, self.cursor.count()?));
            }
            Kind::Defined(WireType::Array { elem, len }) => {
                let count = self.cursor.count()?;
                if count != len {
                    return Err(DecodeError::malformed(
                        "an array of another length than its type",
                    ));
                }
                left.push(Skipped::Values(elem, count));
            }
            Kind::Defined(WireType::Map { key, elem }) => {
                left.push(Skipped::Entries(key, elem, self.cursor.count()?));
            }
        }
        Ok(())
    }

    /// Whether a list or map with a value in it may still follow.
    pub(super) fn has_depth(&self) -> bool {
        self.depth > 1
    }

    /// The registered name and the type of an interface's content, or none for nil.
    pub(super) fn interface(&mut self) -> Result<Option<(&'a [u8], i64)>, DecodeError> {
        let name = self.cursor.bytes()?;
        if name.is_empty() {
            return Ok(None);
        }
        if name.len() > 1024 {
            return Err(DecodeError::TooLarge("a type name is too long"));
        }
        if self.cursor.left() == 0 {
            return Err(DecodeError::malformed(
                "the value goes on in another message",
            ));
        }
        let id = self.cursor.int()?;
        if id < 0 {
            return Err(DecodeError::malformed("a definition inside the value"));
        }
        // The length of the content, which is wrong where definitions are in the middle.
        self.cursor.uint()?;
        self.lone(id)?;
        Ok(Some((name, id)))
    }

    pub(super) fn scope<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.enter()?;
        let value = read(self)?;
        self.leave();
        Ok(value)
    }

    fn expect(&self, id: i64, expected: Schema) -> Result<Kind, DecodeError> {
        let kind = self.types.kind(id)?;
        let same = matches!(
            (expected, &kind),
            (Schema::Bool, Kind::Bool)
                | (Schema::Int, Kind::Int)
                | (Schema::Uint, Kind::Uint)
                | (Schema::Float, Kind::Float)
                | (Schema::Bytes, Kind::Bytes)
                | (Schema::String, Kind::String)
                | (Schema::Interface, Kind::Interface)
                | (
                    Schema::BinaryMarshaler,
                    Kind::Defined(WireType::BinaryMarshaler)
                )
        );
        if same {
            Ok(kind)
        } else {
            Err(DecodeError::Mismatch(format!("expected {expected:?}")))
        }
    }

    pub(super) fn expect_interface(&self, id: i64) -> Result<(), DecodeError> {
        self.expect(id, Schema::Interface).map(|_| ())
    }
}

macro_rules! scalar {
    ($type:ty, $schema:ident, $reader:ident, $read:expr) => {
        impl Decode for $type {
            fn decode($reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
                $reader.expect(id, Schema::$schema)?;
                $read
            }
        }
    };
}

const RANGE: DecodeError = DecodeError::Malformed("a number is out of range");

scalar!(bool, Bool, reader, Ok(reader.cursor.uint()? != 0));
scalar!(i64, Int, reader, reader.cursor.int());
scalar!(
    i32,
    Int,
    reader,
    i32::try_from(reader.cursor.int()?).map_err(|_| RANGE)
);
scalar!(u64, Uint, reader, reader.cursor.uint());
scalar!(
    u32,
    Uint,
    reader,
    u32::try_from(reader.cursor.uint()?).map_err(|_| RANGE)
);
scalar!(f64, Float, reader, reader.cursor.float());
scalar!(String, String, reader, reader.cursor.string());
scalar!(
    Bytes,
    Bytes,
    reader,
    Ok(Bytes(reader.cursor.bytes()?.to_vec()))
);
scalar!(
    Url,
    BinaryMarshaler,
    reader,
    Ok(Url(reader.cursor.string()?))
);

impl Decode for Empty {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        if !reader.types.is_struct(id) {
            return Err(DecodeError::mismatch("a struct"));
        }
        reader.skip(id)?;
        Ok(Self)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        let Kind::Defined(WireType::Slice { elem }) = reader.types.kind(id)? else {
            return Err(DecodeError::mismatch("a list"));
        };
        reader.scope(|reader| {
            let count = reader.cursor.count()?;
            reader.spend::<T>(count)?;
            let mut values = Self::with_capacity(count);
            for _ in 0..count {
                values.push(T::decode(reader, elem)?);
            }
            Ok(values)
        })
    }
}

impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        let Kind::Defined(WireType::Map { key, elem }) = reader.types.kind(id)? else {
            return Err(DecodeError::mismatch("a map"));
        };
        reader.scope(|reader| {
            let count = reader.cursor.count()?;
            reader.spend::<(K, V)>(count)?;
            let mut values = Self::new();
            for _ in 0..count {
                let name = K::decode(reader, key)?;
                values.insert(name, V::decode(reader, elem)?);
            }
            Ok(values)
        })
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        T::decode(reader, id).map(Some)
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        reader.spend::<T>(1)?;
        T::decode(reader, id).map(Self::new)
    }
}
