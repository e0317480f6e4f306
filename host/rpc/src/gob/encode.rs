//! From Rust values to messages.
//!
//! All definitions go first, the concrete types inside interfaces included, then the value as one single
//! message. Go's own encoder cuts a value into pieces where it meets a new type; its decoder is as happy
//! with this order, and a value that it rejects then stays within one message, so that the stream goes on.

use std::collections::{BTreeMap, HashMap};

use super::error::EncodeError;
use super::types;
use super::wire::{put_bytes, put_float, put_int, put_uint};
use super::{Bytes, Empty, Url};

/// What a Rust type is on the wire.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    /// A truth value.
    Bool,
    /// A signed number.
    Int,
    /// An unsigned number.
    Uint,
    /// A float.
    Float,
    /// `[]byte`.
    Bytes,
    /// A string.
    String,
    /// A value that brings its own type.
    Interface,
    /// Opaque bytes that Go reads with `UnmarshalBinary`.
    BinaryMarshaler,
    /// Opaque bytes that Go reads with `GobDecode`.
    GobEncoder,
    /// A list.
    Slice(fn() -> Schema),
    /// A map.
    Map(fn() -> Schema, fn() -> Schema),
    /// A struct.
    Struct(&'static StructSchema),
}

/// A struct: its Go name, for people who read the wire, and its fields.
#[derive(Debug)]
pub struct StructSchema {
    /// The Go name.
    pub name: &'static str,
    /// The fields' Go names, in order.
    pub names: &'static [&'static str],
    /// The fields' schemas, in the same order.
    pub schemas: &'static [fn() -> Schema],
}

impl StructSchema {
    /// What tells this type from all others: where its only description is in memory.
    pub(super) fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// A type that can be sent.
pub trait Encode {
    /// What it is on the wire.
    fn schema() -> Schema
    where
        Self: Sized;

    /// Whether it is left out as a field of a struct.
    fn is_empty(&self) -> bool {
        false
    }

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// When gob cannot express it.
    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError>;
}

/// A field of a struct, without its type.
pub type Field<'a> = Box<dyn Encode + Send + Sync + 'a>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Struct(usize),
    Slice(i64),
    Map(i64, i64),
    BinaryMarshaler,
    GobEncoder,
}

/// The sending half of a stream.
#[derive(Default)]
pub struct Encoder {
    ids: HashMap<Key, i64>,
}

impl Encoder {
    /// A stream on which nothing was sent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the definitions that the stream lacks and one message with the value.
    ///
    /// # Errors
    ///
    /// When gob cannot express the value; then nothing was appended and nothing is remembered.
    pub fn encode<T: Encode>(&mut self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.write(T::schema(), out, &|writer| value.encode(writer))
    }

    /// Like [`Encoder::encode`], for a struct whose fields are values of their own.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn encode_fields(
        &mut self,
        schema: &'static StructSchema,
        fields: &[Field<'_>],
        out: &mut Vec<u8>,
    ) -> Result<(), EncodeError> {
        self.write(Schema::Struct(schema), out, &|writer| {
            let mut number = writer.begin();
            for field in fields {
                writer.field(&mut number, field.as_ref())?;
            }
            writer.end();
            Ok(())
        })
    }

    fn write(
        &mut self,
        schema: Schema,
        out: &mut Vec<u8>,
        write: &dyn Fn(&mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let before = out.len();
        let mut writer = Writer {
            ids: &mut self.ids,
            added: Vec::new(),
            definitions: out,
            body: Vec::new(),
        };
        let id = writer.id(schema);
        put_int(&mut writer.body, id);
        if !matches!(schema, Schema::Struct(_)) {
            writer.body.push(0);
        }
        let encoded = write(&mut writer);
        let Writer { added, body, .. } = writer;
        if let Err(error) = encoded {
            for key in added {
                self.ids.remove(&key);
            }
            out.truncate(before);
            return Err(error);
        }
        put_bytes(out, &body);
        Ok(())
    }
}

/// Where a value is written.
pub struct Writer<'a> {
    ids: &'a mut HashMap<Key, i64>,
    added: Vec<Key>,
    definitions: &'a mut Vec<u8>,
    body: Vec<u8>,
}

/// Which field of a struct was written last.
pub struct FieldNumber {
    next: u64,
    written: u64,
}

impl Writer<'_> {
    /// Begins a struct.
    #[must_use]
    pub fn begin(&self) -> FieldNumber {
        FieldNumber {
            next: 1,
            written: 0,
        }
    }

    /// Writes the next field, unless it is empty.
    ///
    /// # Errors
    ///
    /// When gob cannot express it.
    pub fn field<T: Encode + ?Sized>(
        &mut self,
        number: &mut FieldNumber,
        value: &T,
    ) -> Result<(), EncodeError> {
        if !value.is_empty() {
            put_uint(&mut self.body, number.next - number.written);
            number.written = number.next;
            value.encode(self)?;
        }
        number.next += 1;
        Ok(())
    }

    /// Ends a struct.
    pub fn end(&mut self) {
        self.body.push(0);
    }

    /// Writes opaque bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        put_bytes(&mut self.body, bytes);
    }

    /// Writes an interface value.
    pub(super) fn interface<T: Encode>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), EncodeError> {
        put_bytes(&mut self.body, name.as_bytes());
        let id = self.id(T::schema());
        put_int(&mut self.body, id);
        let outer = std::mem::take(&mut self.body);
        if !matches!(T::schema(), Schema::Struct(_)) {
            self.body.push(0);
        }
        let encoded = value.encode(self);
        let inner = std::mem::replace(&mut self.body, outer);
        encoded?;
        put_bytes(&mut self.body, &inner);
        Ok(())
    }

    pub(super) fn nil_interface(&mut self) {
        self.body.push(0);
    }

    fn id(&mut self, schema: Schema) -> i64 {
        match schema {
            Schema::Bool => types::BOOL,
            Schema::Int => types::INT,
            Schema::Uint => types::UINT,
            Schema::Float => types::FLOAT,
            Schema::Bytes => types::BYTES,
            Schema::String => types::STRING,
            Schema::Interface => types::INTERFACE,
            Schema::BinaryMarshaler => self.defined(Key::BinaryMarshaler, |_, id| {
                let mut definition = vec![6, 1];
                put_named(&mut definition, "URL", id);
                definition.extend([0, 0]);
                definition
            }),
            Schema::GobEncoder => self.defined(Key::GobEncoder, |_, id| {
                let mut definition = vec![5, 1];
                put_named(&mut definition, "Time", id);
                definition.extend([0, 0]);
                definition
            }),
            Schema::Slice(elem) => {
                let elem = self.id(elem());
                self.defined(Key::Slice(elem), |_, id| {
                    let mut definition = vec![2, 1];
                    put_named(&mut definition, "", id);
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
                    put_named(&mut definition, "", id);
                    definition.push(1);
                    put_int(&mut definition, key);
                    definition.push(1);
                    put_int(&mut definition, elem);
                    definition.extend([0, 0]);
                    definition
                })
            }
            Schema::Struct(schema) => self.defined(Key::Struct(schema.key()), |writer, id| {
                let ids: Vec<_> = schema
                    .schemas
                    .iter()
                    .map(|schema| writer.id(schema()))
                    .collect();
                let mut definition = vec![3, 1];
                put_named(&mut definition, schema.name, id);
                if !ids.is_empty() {
                    definition.push(1);
                    put_uint(&mut definition, ids.len() as u64);
                    for (name, id) in schema.names.iter().zip(ids) {
                        put_named(&mut definition, name, id);
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
        let id = types::FIRST_FREE.saturating_add_unsigned(self.ids.len() as u64);
        // Before its fields are looked at, because they may lead back to it.
        self.ids.insert(key, id);
        self.added.push(key);
        let definition = define(self, id);
        let mut message = Vec::with_capacity(definition.len() + 4);
        put_int(&mut message, -id);
        message.extend_from_slice(&definition);
        put_bytes(self.definitions, &message);
        id
    }
}

fn put_named(out: &mut Vec<u8>, name: &str, id: i64) {
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

macro_rules! scalar {
    ($type:ty, $schema:ident, $self:ident, $empty:expr, $writer:ident, $write:expr) => {
        impl Encode for $type {
            fn schema() -> Schema {
                Schema::$schema
            }

            fn is_empty(&$self) -> bool {
                $empty
            }

            fn encode(&$self, $writer: &mut Writer<'_>) -> Result<(), EncodeError> {
                $write;
                Ok(())
            }
        }
    };
}

scalar!(
    bool,
    Bool,
    self,
    !*self,
    writer,
    writer.body.push(u8::from(*self))
);
scalar!(
    i64,
    Int,
    self,
    *self == 0,
    writer,
    put_int(&mut writer.body, *self)
);
scalar!(
    i32,
    Int,
    self,
    *self == 0,
    writer,
    put_int(&mut writer.body, (*self).into())
);
scalar!(
    u64,
    Uint,
    self,
    *self == 0,
    writer,
    put_uint(&mut writer.body, *self)
);
scalar!(
    u32,
    Uint,
    self,
    *self == 0,
    writer,
    put_uint(&mut writer.body, (*self).into())
);
scalar!(
    f64,
    Float,
    self,
    *self == 0.0,
    writer,
    put_float(&mut writer.body, *self)
);
scalar!(
    String,
    String,
    self,
    String::is_empty(self),
    writer,
    put_bytes(&mut writer.body, self.as_bytes())
);
scalar!(
    &str,
    String,
    self,
    str::is_empty(self),
    writer,
    put_bytes(&mut writer.body, self.as_bytes())
);
scalar!(
    Bytes,
    Bytes,
    self,
    self.0.is_empty(),
    writer,
    put_bytes(&mut writer.body, &self.0)
);
scalar!(
    super::BytesRef<'_>,
    Bytes,
    self,
    self.0.is_empty(),
    writer,
    put_bytes(&mut writer.body, self.0)
);
scalar!(
    Url,
    BinaryMarshaler,
    self,
    false,
    writer,
    put_bytes(&mut writer.body, self.0.as_bytes())
);

static EMPTY: StructSchema = StructSchema {
    name: "",
    names: &[],
    schemas: &[],
};

impl Encode for Empty {
    fn schema() -> Schema {
        Schema::Struct(&EMPTY)
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.end();
        Ok(())
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn schema() -> Schema {
        Schema::Slice(T::schema)
    }

    fn is_empty(&self) -> bool {
        Vec::is_empty(self)
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        put_uint(&mut writer.body, self.len() as u64);
        self.iter().try_for_each(|value| value.encode(writer))
    }
}

impl<K: Encode, V: Encode> Encode for BTreeMap<K, V> {
    fn schema() -> Schema {
        Schema::Map(K::schema, V::schema)
    }

    fn is_empty(&self) -> bool {
        BTreeMap::is_empty(self)
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        put_uint(&mut writer.body, self.len() as u64);
        self.iter().try_for_each(|(key, value)| {
            key.encode(writer)?;
            value.encode(writer)
        })
    }
}

/// A pointer: absent, or what it points at, which is left out where that would be.
impl<T: Encode> Encode for Option<T> {
    fn schema() -> Schema {
        T::schema()
    }

    fn is_empty(&self) -> bool {
        self.as_ref().is_none_or(T::is_empty)
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        let value = self.as_ref().ok_or(EncodeError::NilElement)?;
        value.encode(writer)
    }
}

impl<T: Encode> Encode for Box<T> {
    fn schema() -> Schema {
        T::schema()
    }

    fn is_empty(&self) -> bool {
        T::is_empty(self)
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        T::encode(self, writer)
    }
}
