//! Go's basic types in Rust: numbers, strings, bytes, slices, maps, and pointers.

use std::collections::BTreeMap;

use super::decode::{Decode, Reader};
use super::encode::{Encode, Writer};
use super::error::{DecodeError, EncodeError};
use super::received_types::{Kind, WireType};
use super::schema::{Schema, StructSchema};
use super::wire::{put_bytes, put_float, put_int, put_uint};

/// A struct without fields. Decodes from any struct.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Empty;

/// `[]byte`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

/// Borrowed `[]byte`. It can only be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BytesRef<'a>(pub &'a [u8]);

/// `url.URL`, which marshals itself as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Url(pub String);

macro_rules! encode_scalar {
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

encode_scalar!(
    bool,
    Bool,
    self,
    !*self,
    writer,
    writer.body.push(u8::from(*self))
);
encode_scalar!(
    i64,
    Int,
    self,
    *self == 0,
    writer,
    put_int(&mut writer.body, *self)
);
encode_scalar!(
    i32,
    Int,
    self,
    *self == 0,
    writer,
    put_int(&mut writer.body, (*self).into())
);
encode_scalar!(
    u64,
    Uint,
    self,
    *self == 0,
    writer,
    put_uint(&mut writer.body, *self)
);
encode_scalar!(
    u32,
    Uint,
    self,
    *self == 0,
    writer,
    put_uint(&mut writer.body, (*self).into())
);
encode_scalar!(
    f64,
    Float,
    self,
    *self == 0.0,
    writer,
    put_float(&mut writer.body, *self)
);
encode_scalar!(
    String,
    String,
    self,
    String::is_empty(self),
    writer,
    put_bytes(&mut writer.body, self.as_bytes())
);
encode_scalar!(
    &str,
    String,
    self,
    str::is_empty(self),
    writer,
    put_bytes(&mut writer.body, self.as_bytes())
);
encode_scalar!(
    Bytes,
    Bytes,
    self,
    self.0.is_empty(),
    writer,
    put_bytes(&mut writer.body, &self.0)
);
encode_scalar!(
    BytesRef<'_>,
    Bytes,
    self,
    self.0.is_empty(),
    writer,
    put_bytes(&mut writer.body, self.0)
);
encode_scalar!(
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

/// A Go pointer. gob sends the value that the pointer points at, and does not send a nil pointer or one that
/// points at a zero value.
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

macro_rules! decode_scalar {
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

decode_scalar!(bool, Bool, reader, Ok(reader.cursor.uint()? != 0));
decode_scalar!(i64, Int, reader, reader.cursor.int());
decode_scalar!(
    i32,
    Int,
    reader,
    i32::try_from(reader.cursor.int()?).map_err(|_| RANGE)
);
decode_scalar!(u64, Uint, reader, reader.cursor.uint());
decode_scalar!(
    u32,
    Uint,
    reader,
    u32::try_from(reader.cursor.uint()?).map_err(|_| RANGE)
);
decode_scalar!(f64, Float, reader, reader.cursor.float());
decode_scalar!(String, String, reader, reader.cursor.string());
decode_scalar!(
    Bytes,
    Bytes,
    reader,
    Ok(Bytes(reader.cursor.bytes()?.to_vec()))
);
decode_scalar!(
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
            return Err(DecodeError::mismatch("a slice"));
        };
        reader.nested(|reader| {
            let count = reader.cursor.count()?;
            reader.charge::<T>(count)?;
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
        reader.nested(|reader| {
            let count = reader.cursor.count()?;
            reader.charge::<(K, V)>(count)?;
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
        reader.charge::<T>(1)?;
        T::decode(reader, id).map(Self::new)
    }
}
