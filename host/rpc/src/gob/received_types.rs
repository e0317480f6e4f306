//! The types that the sender has defined on a stream.
//!
//! A definition is a separate message or part of a value, and is valid for the rest of the stream. The sender
//! chooses the ids. The names of types have no meaning; only their structure counts. The number of types and of
//! their fields is limited.

use std::collections::HashMap;
use std::sync::Arc;

use super::Limits;
use super::error::DecodeError;
use super::schema::{Schema, StructSchema};
use super::type_id;
use super::wire::Cursor;

/// A field of a struct.
#[derive(Debug)]
pub(super) struct WireField {
    pub(super) name: String,
    pub(super) id: i64,
}

/// The structure of a defined type.
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
    /// Opaque bytes that Go writes with `GobEncode`.
    GobEncoder,
    /// Opaque bytes that Go writes with `MarshalBinary`.
    BinaryMarshaler,
    /// Opaque bytes that Go writes with `MarshalText`.
    TextMarshaler,
}

/// A type: predeclared or defined by the sender.
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

/// Maps the fields of a struct of the sender to the fields of a Rust struct.
#[derive(Clone, Debug)]
pub(super) struct FieldMap {
    /// For each field of the sender: the index of the Rust field, if there is one, and the id of the field's type.
    pub(super) fields: Arc<[(Option<usize>, i64)]>,
    /// Whether the two structs have a field in common, or one of them has no fields.
    pub(super) shares_field: bool,
}

/// The types of one stream.
#[derive(Debug, Default)]
pub(super) struct ReceivedTypes {
    defined: HashMap<i64, WireType>,
    /// The number of fields of all structs.
    fields: usize,
    field_maps: HashMap<(usize, i64), Result<FieldMap, DecodeError>>,
}

/// Limits the names of fields, which are kept as long as the stream lives.
const MAX_NAME_LEN: usize = 1024;

/// How deep the types of fields are compared.
const COMPARE_DEPTH: u8 = 8;

impl ReceivedTypes {
    pub(super) fn kind(&self, id: i64) -> Result<Kind, DecodeError> {
        Ok(match id {
            type_id::BOOL => Kind::Bool,
            type_id::INT => Kind::Int,
            type_id::UINT => Kind::Uint,
            type_id::FLOAT => Kind::Float,
            type_id::BYTES => Kind::Bytes,
            type_id::STRING => Kind::String,
            type_id::COMPLEX => Kind::Complex,
            type_id::INTERFACE => Kind::Interface,
            _ => Kind::Defined(
                self.defined
                    .get(&id)
                    .cloned()
                    .ok_or_else(|| DecodeError::malformed("a value has an undefined type"))?,
            ),
        })
    }

    pub(super) fn is_struct(&self, id: i64) -> bool {
        matches!(self.defined.get(&id), Some(WireType::Struct(_)))
    }

    /// Reads the definition of the type `id`.
    pub(super) fn define(
        &mut self,
        id: i64,
        cursor: &mut Cursor<'_>,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        let wire_type = wire_type(cursor, limits)?;
        if id < type_id::FIRST_USER_ID {
            return Err(DecodeError::malformed("a predeclared type is defined"));
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

    /// Maps the fields of the sender's struct `id` to the fields of a Rust struct. Compares the types of all
    /// fields before any data is read, as Go does.
    pub(super) fn field_map(
        &mut self,
        schema: &'static StructSchema,
        id: i64,
    ) -> Result<FieldMap, DecodeError> {
        let key = (schema.key(), id);
        if let Some(map) = self.field_maps.get(&key) {
            return map.clone();
        }
        let map = self.new_field_map(schema, id);
        self.field_maps.insert(key, map.clone());
        map
    }

    fn new_field_map(&self, schema: &StructSchema, id: i64) -> Result<FieldMap, DecodeError> {
        let Kind::Defined(WireType::Struct(fields)) = self.kind(id)? else {
            return Err(DecodeError::mismatch("a struct"));
        };
        let names = schema.names;
        let mut mapped = Vec::with_capacity(fields.len());
        let mut matched = false;
        for field in fields.iter() {
            let index = names.iter().position(|name| *name == field.name);
            if let Some(schema) = index.and_then(|index| schema.schemas.get(index)) {
                matched = true;
                if !self.matches(schema(), field.id, COMPARE_DEPTH) {
                    let message = format!("field {} has another type", field.name);
                    return Err(DecodeError::Mismatch(message));
                }
            }
            mapped.push((index, field.id));
        }
        Ok(FieldMap {
            fields: mapped.into(),
            shares_field: matched || fields.is_empty() || names.is_empty(),
        })
    }

    fn matches(&self, schema: Schema, id: i64, depth: u8) -> bool {
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
                self.matches(elem(), id, depth)
            }
            (Schema::Map(key, elem), Kind::Defined(WireType::Map { key: k, elem: e })) => {
                self.matches(key(), k, depth) && self.matches(elem(), e, depth)
            }
            _ => false,
        }
    }
}

/// Whether a type and a schema are of the same kind. Does not compare the elements of slices and maps, or the
/// fields of structs.
pub(super) fn same_kind(schema: Schema, kind: &Kind) -> bool {
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

/// Reads the field numbers of one of the structs that describe types (`wireType` in Go).
struct FieldNumbers {
    number: u64,
}

impl FieldNumbers {
    fn next(&mut self, cursor: &mut Cursor<'_>) -> Result<Option<u64>, DecodeError> {
        let delta = cursor.uint()?;
        if delta == 0 {
            return Ok(None);
        }
        self.number = self.number.saturating_add(delta);
        Ok(Some(self.number))
    }
}

fn field_numbers() -> FieldNumbers {
    FieldNumbers { number: 0 }
}

const UNKNOWN: DecodeError = DecodeError::Malformed("a type definition has an unknown field");

fn wire_type(cursor: &mut Cursor<'_>, limits: &Limits) -> Result<WireType, DecodeError> {
    let mut outer = field_numbers();
    let number = outer.next(cursor)?;
    let read = match number {
        Some(1) => {
            let ints = two_ints(cursor)?;
            WireType::Array {
                elem: ints.0,
                len: usize::try_from(ints.1)
                    .map_err(|_| DecodeError::malformed("an array has a negative length"))?,
            }
        }
        Some(2) => WireType::Slice {
            elem: two_ints(cursor)?.0,
        },
        Some(3) => WireType::Struct(struct_fields(cursor, limits)?),
        Some(4) => {
            let ints = two_ints(cursor)?;
            WireType::Map {
                key: ints.0,
                elem: ints.1,
            }
        }
        Some(number @ 5..=7) => {
            two_ints(cursor)?;
            match number {
                5 => WireType::GobEncoder,
                6 => WireType::BinaryMarshaler,
                _ => WireType::TextMarshaler,
            }
        }
        _ => return Err(UNKNOWN),
    };
    if outer.next(cursor)?.is_some() {
        return Err(DecodeError::malformed("a type definition has two kinds"));
    }
    Ok(read)
}

/// A `CommonType` followed by up to two integers.
fn two_ints(cursor: &mut Cursor<'_>) -> Result<(i64, i64), DecodeError> {
    let mut outer = field_numbers();
    let mut found = (0, 0);
    while let Some(number) = outer.next(cursor)? {
        match number {
            1 => drop(common_type(cursor)?),
            2 => found.0 = cursor.int()?,
            3 => found.1 = cursor.int()?,
            _ => return Err(UNKNOWN),
        }
    }
    Ok(found)
}

/// A name and an id: both Go's `CommonType` and its `fieldType`.
fn common_type<'a>(cursor: &mut Cursor<'a>) -> Result<(&'a [u8], i64), DecodeError> {
    let mut inner = field_numbers();
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
    let (name, id) = common_type(cursor)?;
    if name.len() > MAX_NAME_LEN {
        return Err(DecodeError::TooLarge("a field name is too long"));
    }
    let name = String::from_utf8_lossy(name).into_owned();
    Ok(WireField { name, id })
}

fn struct_fields(
    cursor: &mut Cursor<'_>,
    limits: &Limits,
) -> Result<Arc<[WireField]>, DecodeError> {
    let mut outer = field_numbers();
    let mut list = Vec::new();
    while let Some(number) = outer.next(cursor)? {
        match number {
            1 => drop(common_type(cursor)?),
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
