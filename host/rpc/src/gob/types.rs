//! The types that a sender defined on its stream.
//!
//! A definition travels as a message of its own or in the middle of a value, and stays valid for the
//! stream. Ids are the sender's choice, names mean nothing; all that counts is the shape. What is kept is
//! bounded: the number of types and the number of their fields.

use std::collections::HashMap;
use std::sync::Arc;

use super::Limits;
use super::error::DecodeError;
use super::wire::Cursor;

pub(super) const BOOL: i64 = 1;
pub(super) const INT: i64 = 2;
pub(super) const UINT: i64 = 3;
pub(super) const FLOAT: i64 = 4;
pub(super) const BYTES: i64 = 5;
pub(super) const STRING: i64 = 6;
pub(super) const COMPLEX: i64 = 7;
pub(super) const INTERFACE: i64 = 8;
/// Ids below belong to gob itself.
pub(super) const FIRST_FREE: i64 = 64;

/// A field as the sender numbers it.
#[derive(Debug)]
pub(super) struct WireField {
    pub(super) name: String,
    pub(super) id: i64,
}

/// The shape of a defined type.
#[derive(Clone, Debug)]
pub(super) enum WireType {
    Array {
        elem: i64,
        len: usize,
    },
    Slice {
        elem: i64,
    },
    Struct(Arc<[WireField]>),
    Map {
        key: i64,
        elem: i64,
    },
    /// A length and opaque bytes; marshalled in one of gob's three ways.
    GobEncoder,
    BinaryMarshaler,
    TextMarshaler,
}

/// What a value is, predeclared or defined.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Bool,
    Int,
    Uint,
    Float,
    Bytes,
    String,
    Complex,
    Interface,
    Defined(WireType),
}

/// How the fields of a defined struct map to those of a Rust type.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// For each of the sender's fields the Rust field that takes it, if any, and its type.
    pub(super) slots: Arc<[(Option<usize>, i64)]>,
    /// Whether one field at least is common to both, as far as both have fields.
    pub(super) related: bool,
}

/// The types of one stream.
#[derive(Debug, Default)]
pub(super) struct Types {
    defined: HashMap<i64, WireType>,
    fields: usize,
    plans: HashMap<(usize, i64), Result<Plan, DecodeError>>,
}

/// Names of fields are kept for as long as the stream lives. None is nearly that long.
const NAME_BYTES: usize = 1024;

/// How deep definitions are compared.
const KIND_DEPTH: u8 = 8;

impl Types {
    pub(super) fn kind(&self, id: i64) -> Result<Kind, DecodeError> {
        Ok(match id {
            BOOL => Kind::Bool,
            INT => Kind::Int,
            UINT => Kind::Uint,
            FLOAT => Kind::Float,
            BYTES => Kind::Bytes,
            STRING => Kind::String,
            COMPLEX => Kind::Complex,
            INTERFACE => Kind::Interface,
            _ => Kind::Defined(
                self.defined
                    .get(&id)
                    .cloned()
                    .ok_or_else(|| DecodeError::malformed("a value is of a type never defined"))?,
            ),
        })
    }

    pub(super) fn is_struct(&self, id: i64) -> bool {
        matches!(self.defined.get(&id), Some(WireType::Struct(_)))
    }

    /// Reads the definition of `id`, which takes all of a message or its front.
    pub(super) fn define(
        &mut self,
        id: i64,
        cursor: &mut Cursor<'_>,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        let wire_type = wire_type(cursor, limits)?;
        if id < FIRST_FREE {
            return Err(DecodeError::malformed("a definition of a predeclared type"));
        }
        if self.defined.contains_key(&id) {
            return Err(DecodeError::malformed("a type is defined twice"));
        }
        if self.defined.len() >= limits.types {
            return Err(DecodeError::TooLarge("too many types are defined"));
        }
        if let WireType::Struct(fields) = &wire_type {
            self.fields += fields.len();
            if self.fields > limits.types.saturating_mul(16) {
                return Err(DecodeError::TooLarge("too many fields are defined"));
            }
        }
        self.defined.insert(id, wire_type);
        Ok(())
    }

    /// How the struct `id` maps to the fields of the Rust type that `key` stands for. Every field's
    /// kind is compared before any data is read, as Go does it.
    pub(super) fn plan(
        &mut self,
        key: usize,
        id: i64,
        names: &[&'static str],
        schemas: &[fn() -> super::Schema],
    ) -> Result<Plan, DecodeError> {
        if let Some(plan) = self.plans.get(&(key, id)) {
            return plan.clone();
        }
        let plan = self.new_plan(id, names, schemas);
        self.plans.insert((key, id), plan.clone());
        plan
    }

    fn new_plan(
        &self,
        id: i64,
        names: &[&'static str],
        schemas: &[fn() -> super::Schema],
    ) -> Result<Plan, DecodeError> {
        let Kind::Defined(WireType::Struct(fields)) = self.kind(id)? else {
            return Err(DecodeError::mismatch("a struct"));
        };
        let mut plan = Vec::with_capacity(fields.len());
        let mut matched = false;
        for field in fields.iter() {
            let slot = names.iter().position(|name| *name == field.name);
            if let Some(schema) = slot.and_then(|slot| schemas.get(slot)) {
                matched = true;
                if !self.fits(schema(), field.id, KIND_DEPTH) {
                    let what = format!("field {} is of another type", field.name);
                    return Err(DecodeError::Mismatch(what));
                }
            }
            plan.push((slot, field.id));
        }
        Ok(Plan {
            slots: plan.into(),
            related: matched || fields.is_empty() || names.is_empty(),
        })
    }

    fn fits(&self, schema: super::Schema, id: i64, depth: u8) -> bool {
        use super::Schema;
        let Some(depth) = depth.checked_sub(1) else {
            return true;
        };
        let Ok(kind) = self.kind(id) else {
            return false;
        };
        if same_kind(schema, &kind) {
            return true;
        }
        match (schema, kind) {
            (Schema::Slice(elem), Kind::Defined(WireType::Slice { elem: id })) => {
                self.fits(elem(), id, depth)
            }
            (Schema::Map(key, elem), Kind::Defined(WireType::Map { key: k, elem: e })) => {
                self.fits(key(), k, depth) && self.fits(elem(), e, depth)
            }
            _ => false,
        }
    }
}

/// Whether a value of this kind can be read as such a value, as far as that does not depend on elements.
pub(super) fn same_kind(schema: super::Schema, kind: &Kind) -> bool {
    use super::Schema;
    matches!(
        (schema, kind),
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
            | (Schema::GobEncoder, Kind::Defined(WireType::GobEncoder))
            | (Schema::Struct(_), Kind::Defined(WireType::Struct(_)))
    )
}

/// Walks the fields of one of the structs that describe types.
struct Fields {
    number: u64,
}

impl Fields {
    fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<u64>, DecodeError> {
        let delta = cursor.uint()?;
        if delta == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(delta);
        Ok(Some(self.number))
    }
}

fn fields() -> Fields {
    Fields { number: 0 }
}

const UNKNOWN: DecodeError = DecodeError::Malformed("a type definition has an unknown field");

fn wire_type(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<WireType, DecodeError> {
    let mut outer = fields();
    let number = outer.next(cursor)?;
    let read = match number {
        Some(1) => {
            let numbers = numbers(cursor)?;
            WireType::Array {
                elem: numbers.0,
                len: usize::try_from(numbers.1)
                    .map_err(|_| DecodeError::malformed("an array has a negative length"))?,
            }
        }
        Some(2) => WireType::Slice {
            elem: numbers(cursor)?.0,
        },
        Some(3) => WireType::Struct(struct_fields(cursor, limits)?),
        Some(4) => {
            let numbers = numbers(cursor)?;
            WireType::Map {
                key: numbers.0,
                elem: numbers.1,
            }
        }
        Some(number @ 5..=7) => {
            numbers(cursor)?;
            match number {
                5 => WireType::GobEncoder,
                6 => WireType::BinaryMarshaler,
                _ => WireType::TextMarshaler,
            }
        }
        _ => return Err(UNKNOWN),
    };
    if outer.next(cursor)?.is_some() {
        return Err(DecodeError::malformed("a type is defined in two ways"));
    }
    Ok(read)
}

/// A `CommonType` followed by up to two numbers.
fn numbers(cursor: &mut Cursor<'_>) -> Result<(i64, i64), DecodeError> {
    let mut outer = fields();
    let mut found = (0, 0);
    while let Some(number) = outer.next(cursor)? {
        match number {
            1 => common(cursor)?,
            2 => found.0 = cursor.int()?,
            3 => found.1 = cursor.int()?,
            _ => return Err(UNKNOWN),
        }
    }
    Ok(found)
}

fn common(cursor: &mut Cursor<'_>) -> Result<(), DecodeError> {
    named(cursor).map(|_| ())
}

/// A name and an id, which is both `CommonType` and `FieldType`.
fn named<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a [u8], i64), DecodeError> {
    let mut inner = fields();
    let mut read: (&[u8], i64) = (&[], 0);
    while let Some(number) = inner.next(cursor)? {
        match number {
            1 => read.0 = cursor.bytes()?,
            2 => read.1 = cursor.int()?,
            _ => return Err(UNKNOWN),
        }
    }
    Ok(read)
}

fn field(cursor: &mut Cursor<'_>) -> Result<WireField, DecodeError> {
    let (name, id) = named(cursor)?;
    if name.len() > NAME_BYTES {
        return Err(DecodeError::TooLarge("the name of a field is too long"));
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Ok(WireField { name, id })
}

fn struct_fields(
    cursor: &mut Cursor<'_>,
    limits: &Limits,
) -> Result<Arc<[WireField]>, DecodeError> {
    let mut outer = fields();
    let mut list = Vec::new();
    while let Some(number) = outer.next(cursor)? {
        match number {
            1 => common(cursor)?,
            2 => {
                let count = cursor.count()?;
                if count > limits.fields {
                    return Err(DecodeError::TooLarge("a struct has too many fields"));
                }
                for _ in 0..count {
                    list.push(field(cursor)?);
                }
            }
            _ => return Err(UNKNOWN),
        }
    }
    Ok(list.into())
}
