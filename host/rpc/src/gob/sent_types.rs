//! The types that this side has defined on a stream.
//!
//! gob sends the definition of a type once per stream, before the first value of that type. [`SentTypes`] lives as
//! long as the stream and remembers the id of each type; [`Definitions`] adds the types of one value, and takes
//! them back if the value cannot be encoded.

use std::collections::HashMap;

use super::schema::Schema;
use super::type_id;
use super::wire::{put_bytes, put_int, put_uint};

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Struct(usize),
    Slice(i64),
    Map(i64, i64),
    BinaryMarshaler,
    GobEncoder,
}

/// The ids of all types that were defined on a stream.
#[derive(Default)]
pub(super) struct SentTypes {
    ids: HashMap<Key, i64>,
}

impl SentTypes {
    /// Starts to encode a value. Definitions are appended to `out`.
    pub(super) fn begin<'a>(&'a mut self, out: &'a mut Vec<u8>) -> Definitions<'a> {
        Definitions {
            ids: &mut self.ids,
            added: Vec::new(),
            begin: out.len(),
            out,
        }
    }
}

/// The definitions that one value needs and the stream does not have yet.
pub(super) struct Definitions<'a> {
    ids: &'a mut HashMap<Key, i64>,
    added: Vec<Key>,
    begin: usize,
    out: &'a mut Vec<u8>,
}

impl Definitions<'_> {
    /// Keeps the definitions and appends the message with the value.
    pub(super) fn commit(self, message: &[u8]) {
        put_bytes(self.out, message);
    }

    /// Takes the definitions back: nothing was appended and nothing is remembered.
    pub(super) fn roll_back(self) {
        for key in self.added {
            self.ids.remove(&key);
        }
        self.out.truncate(self.begin);
    }

    /// The id of a type. Defines the type, and the types that it consists of, if the stream does not have it.
    pub(super) fn id(&mut self, schema: Schema) -> i64 {
        match schema {
            Schema::Bool => type_id::BOOL,
            Schema::Int => type_id::INT,
            Schema::Uint => type_id::UINT,
            Schema::Float => type_id::FLOAT,
            Schema::Bytes => type_id::BYTES,
            Schema::String => type_id::STRING,
            Schema::Interface => type_id::INTERFACE,
            Schema::BinaryMarshaler => self.defined(Key::BinaryMarshaler, |_, id| {
                let mut definition = vec![6, 1];
                put_common_type(&mut definition, "URL", id);
                definition.extend([0, 0]);
                definition
            }),
            Schema::GobEncoder => self.defined(Key::GobEncoder, |_, id| {
                let mut definition = vec![5, 1];
                put_common_type(&mut definition, "Time", id);
                definition.extend([0, 0]);
                definition
            }),
            Schema::Slice(elem) => {
                let elem = self.id(elem());
                self.defined(Key::Slice(elem), |_, id| {
                    let mut definition = vec![2, 1];
                    put_common_type(&mut definition, "", id);
                    definition.push(1);
                    put_int(&mut definition, elem);
                    definition.extend([0, 0]);
                    definition
                })
            }
            Schema::Map(key, elem) => {
                let key = self.id(key());
                let elem = self.id(elem());
                self.defined(Key::Map(key, elem), |_, id| {
                    let mut definition = vec![4, 1];
                    put_common_type(&mut definition, "", id);
                    definition.push(1);
                    put_int(&mut definition, key);
                    definition.push(1);
                    put_int(&mut definition, elem);
                    definition.extend([0, 0]);
                    definition
                })
            }
            Schema::Struct(schema) => self.defined(Key::Struct(schema.key()), |types, id| {
                let ids: Vec<_> = schema
                    .schemas
                    .iter()
                    .map(|schema| types.id(schema()))
                    .collect();
                let mut definition = vec![3, 1];
                put_common_type(&mut definition, schema.name, id);
                if !ids.is_empty() {
                    definition.push(1);
                    put_uint(&mut definition, ids.len() as u64);
                    for (name, id) in schema.names.iter().zip(ids) {
                        put_common_type(&mut definition, name, id);
                    }
                }
                definition.extend([0, 0]);
                definition
            }),
        }
    }

    fn defined(&mut self, key: Key, define: impl FnOnce(&mut Self, i64) -> Vec<u8>) -> i64 {
        if let Some(id) = self.ids.get(&key) {
            return *id;
        }
        let id = type_id::FIRST_USER_ID.saturating_add_unsigned(self.ids.len() as u64);
        // Insert the id first: a recursive type refers to itself in its fields.
        self.ids.insert(key, id);
        self.added.push(key);
        let definition = define(self, id);
        let mut message = Vec::with_capacity(definition.len() + 4);
        put_int(&mut message, -id);
        message.extend_from_slice(&definition);
        put_bytes(self.out, &message);
        id
    }
}

/// Go's `CommonType` or `fieldType`: a name and an id.
fn put_common_type(out: &mut Vec<u8>, name: &str, id: i64) {
    if name.is_empty() {
        out.push(2);
    } else {
        out.push(1);
        put_bytes(out, name.as_bytes());
        out.push(1);
    }
    put_int(out, id);
    out.push(0);
}
