//! Rust types that can be received, and the [`Reader`] that they read themselves from.
//!
//! A reader reads one value from a complete message. It knows the sender's types and limits the cost of a value:
//! how deep values that are decoded recursively may be nested, and how much memory a value may need compared with
//! its bytes. Values that nobody asked for are skipped without recursion, however deep they are.

use std::sync::Arc;

use super::Limits;
use super::encode::Encode;
use super::error::DecodeError;
use super::received_types::{FieldMap, Kind, ReceivedTypes, WireField, WireType, same_kind};
use super::schema::{Schema, StructSchema};
use super::skip::MAX_STACK;
use super::wire::Cursor;

/// A type that can be received. A field that was not sent keeps its default value.
pub trait Decode: Encode + Default + Sized {
    /// Reads a value whose type is `id` on the sender's side.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the value has another type, is malformed, or exceeds a limit.
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError>;
}

/// The memory that a value may need: this many bytes for each byte of gob, plus [`BASE_BUDGET`].
const BUDGET_PER_BYTE: usize = 16;
const BASE_BUDGET: usize = 1024 * 1024;

/// Reads one value from a complete message.
pub struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) types: &'a mut ReceivedTypes,
    depth: usize,
    budget: usize,
    /// The next struct is a singleton: it must have a field in common with the expected struct.
    singleton: bool,
}

/// The rest of a value that is skipped.
enum Skip {
    /// The type and the number of values.
    Values(i64, usize),
    /// The types of key and value, and the number of map entries.
    Entries(i64, i64, usize),
    /// The fields of a struct, and the number of the field that was skipped last.
    Fields(Arc<[WireField]>, usize),
}

/// A position in a struct: the number of the field that was read last.
pub struct FieldCursor {
    map: FieldMap,
    number: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(cursor: Cursor<'a>, types: &'a mut ReceivedTypes, limits: &Limits) -> Self {
        let budget = cursor.remaining().saturating_mul(BUDGET_PER_BYTE);
        Self {
            cursor,
            types,
            depth: limits.depth,
            budget: budget.saturating_add(BASE_BUDGET),
            singleton: false,
        }
    }

    /// Decodes a top-level value.
    pub(super) fn top_level<T: Decode>(&mut self, id: i64) -> Result<T, DecodeError> {
        self.singleton_prefix(id)?;
        self.singleton(id)
    }

    /// Begins a top-level value that the caller decodes.
    pub(super) fn begin_top_level(&mut self, id: i64) -> Result<(), DecodeError> {
        self.singleton_prefix(id)?;
        self.singleton = self.types.is_struct(id);
        Ok(())
    }

    /// Decodes a singleton: a value that is not part of another one. Go rejects a singleton struct that has no
    /// field in common with the expected struct, but accepts such a struct as a field or an element.
    ///
    /// # Errors
    ///
    /// Like [`Decode::decode`].
    pub fn singleton<T: Decode>(&mut self, id: i64) -> Result<T, DecodeError> {
        self.singleton = self.types.is_struct(id);
        T::decode(self, id)
    }

    /// Reads the zero byte before a singleton that is not a struct.
    pub(super) fn singleton_prefix(&mut self, id: i64) -> Result<(), DecodeError> {
        if !self.types.is_struct(id) && self.cursor.uint()? != 0 {
            return Err(DecodeError::malformed(
                "a singleton has no leading zero byte",
            ));
        }
        Ok(())
    }

    pub(super) fn enter(&mut self) -> Result<(), DecodeError> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or(DecodeError::TooLarge("a value is nested too deeply"))?;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth += 1;
    }

    /// Charges the memory of `count` values of a type against the budget of this value.
    pub(super) fn charge<T>(&mut self, count: usize) -> Result<(), DecodeError> {
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
    /// [`DecodeError::Mismatch`] if the sender's struct does not match the schema.
    pub fn begin(
        &mut self,
        schema: &'static StructSchema,
        id: i64,
    ) -> Result<FieldCursor, DecodeError> {
        self.enter()?;
        let map = self.types.field_map(schema, id)?;
        if std::mem::take(&mut self.singleton) && !map.shares_field {
            return Err(DecodeError::Mismatch("no fields matched".to_owned()));
        }
        Ok(FieldCursor { map, number: 0 })
    }

    /// The next field that the schema has: its index in the schema and the id of its type. `None` at the end of
    /// the struct.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the struct is malformed.
    pub fn field(&mut self, fields: &mut FieldCursor) -> Result<Option<(usize, i64)>, DecodeError> {
        loop {
            let delta = self.cursor.uint()?;
            if delta == 0 {
                self.leave();
                return Ok(None);
            }
            fields.number = fields.number.saturating_add(delta);
            let index = usize::try_from(fields.number - 1).ok();
            match index.and_then(|index| fields.map.fields.get(index)) {
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

    /// Skips a value.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the value is malformed.
    pub fn skip(&mut self, id: i64) -> Result<(), DecodeError> {
        let mut left: Vec<Skip> = vec![Skip::Values(id, 1)];
        while let Some(skipped) = left.pop() {
            if left.len() > MAX_STACK {
                return Err(DecodeError::TooLarge("a value is nested too deeply"));
            }
            match skipped {
                Skip::Values(_, 0) => {}
                Skip::Values(id, count) => {
                    left.push(Skip::Values(id, count - 1));
                    self.skip_one(id, &mut left)?;
                }
                Skip::Entries(_, _, 0) => {}
                Skip::Entries(key, elem, count) => {
                    left.push(Skip::Entries(key, elem, count - 1));
                    left.push(Skip::Values(elem, 1));
                    left.push(Skip::Values(key, 1));
                }
                Skip::Fields(fields, number) => {
                    let delta = usize::try_from(self.cursor.uint()?).unwrap_or(usize::MAX);
                    if delta > 0 {
                        let number = number.saturating_add(delta);
                        let field = fields.get(number - 1).ok_or_else(|| {
                            DecodeError::malformed("a struct has more fields than its type")
                        })?;
                        let id = field.id;
                        left.push(Skip::Fields(fields, number));
                        left.push(Skip::Values(id, 1));
                    }
                }
            }
        }
        Ok(())
    }

    fn skip_one(&mut self, id: i64, left: &mut Vec<Skip>) -> Result<(), DecodeError> {
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
                    left.push(Skip::Values(id, 1));
                }
            }
            Kind::Defined(WireType::Struct(fields)) => left.push(Skip::Fields(fields, 0)),
            Kind::Defined(WireType::Slice { elem }) => {
                left.push(Skip::Values(elem, self.cursor.count()?));
            }
            Kind::Defined(WireType::Array { elem, len }) => {
                let count = self.cursor.count()?;
                if count != len {
                    return Err(DecodeError::malformed(
                        "an array has another length than its type",
                    ));
                }
                left.push(Skip::Values(elem, count));
            }
            Kind::Defined(WireType::Map { key, elem }) => {
                left.push(Skip::Entries(key, elem, self.cursor.count()?));
            }
        }
        Ok(())
    }

    /// Whether a slice or map with at least one value fits within the depth limit.
    pub fn can_nest(&self) -> bool {
        self.depth > 1
    }

    /// Begins an interface value: the registered name of its type and the id of the type. `None` for nil.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if the bytes are not an interface value, or the value continues in the next message.
    pub fn interface(&mut self) -> Result<Option<(&'a [u8], i64)>, DecodeError> {
        let name = self.cursor.bytes()?;
        if name.is_empty() {
            return Ok(None);
        }
        if name.len() > 1024 {
            return Err(DecodeError::TooLarge("a type name is too long"));
        }
        if self.cursor.remaining() == 0 {
            return Err(DecodeError::malformed(
                "the value continues in the next message",
            ));
        }
        let id = self.cursor.int()?;
        if id < 0 {
            return Err(DecodeError::malformed("a type definition inside the value"));
        }
        // Ignore the length: it is wrong if the value contains type definitions.
        self.cursor.uint()?;
        self.singleton_prefix(id)?;
        Ok(Some((name, id)))
    }

    /// Reads a slice or map, one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        self.enter()?;
        let value = read(self)?;
        self.leave();
        Ok(value)
    }

    /// Checks that a type is of the expected kind.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Mismatch`] if it is not.
    pub fn expect(&self, id: i64, expected: Schema) -> Result<(), DecodeError> {
        if same_kind(expected, &self.types.kind(id)?) {
            return Ok(());
        }
        Err(DecodeError::Mismatch(format!("expected {expected:?}")))
    }
}
