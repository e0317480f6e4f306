//! Reading one value out of complete bytes.
//!
//! The reader knows the sender's types, and bounds what a value may cost: how deep it may be nested
//! where decoding it recurses, and how much memory it may take beside its bytes. What nobody wants is read
//! over without recursion, however deep it is.

use std::sync::Arc;

use super::Limits;
use super::decode::Decode;
use super::encode::{Schema, StructSchema};
use super::error::DecodeError;
use super::skim::MAX_STACK;
use super::types::{Kind, Plan, Types, WireField, WireType, same_kind};
use super::wire::Cursor;

/// How many bytes of Rust values one byte of gob may become, beside a fixed allowance.
const EXPANSION: usize = 16;
const EXPANSION_FLOOR: usize = 1024 * 1024;

/// Reads one value out of complete bytes.
pub struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) types: &'a mut Types,
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
    pub(super) fn new(cursor: Cursor<'a>, types: &'a mut Types, limits: &Limits) -> Self {
        let budget = cursor.left().saturating_mul(EXPANSION);
        Self {
            cursor,
            types,
            depth: limits.depth,
            budget: budget.saturating_add(EXPANSION_FLOOR),
            alone: false,
        }
    }

    pub(super) fn top<T: Decode>(&mut self, id: i64) -> Result<T, DecodeError> {
        self.lone(id)?;
        self.alone(id)
    }

    /// Reads the part of a top-level value before its content.
    pub(super) fn begin_top(&mut self, id: i64) -> Result<(), DecodeError> {
        self.lone(id)?;
        self.alone = self.types.is_struct(id);
        Ok(())
    }

    /// Decodes a value of its own: Go refuses one that has no field in common with the struct that is
    /// expected, but accepts such a struct as a part of another.
    pub(super) fn alone<T: Decode>(&mut self, id: i64) -> Result<T, DecodeError> {
        self.alone = self.types.is_struct(id);
        T::decode(self, id)
    }

    /// A value alone is preceded by a zero byte, unless it is a struct.
    pub(super) fn lone(&mut self, id: i64) -> Result<(), DecodeError> {
        if !self.types.is_struct(id) && self.cursor.uint()? != 0 {
            return Err(DecodeError::malformed("a lone value has no zero before it"));
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

    /// Accounts for memory that values take beside their bytes.
    pub(super) fn spend<T>(&mut self, count: usize) -> Result<(), DecodeError> {
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

    /// Refuses a type that is of another kind than expected.
    pub(super) fn expect(&self, id: i64, expected: Schema) -> Result<(), DecodeError> {
        if same_kind(expected, &self.types.kind(id)?) {
            return Ok(());
        }
        Err(DecodeError::Mismatch(format!("expected {expected:?}")))
    }
}
