//! Rust types that can be received.
//!
//! Each says of which kind the sender's value must be, and reads it with a [`Reader`].

use std::collections::BTreeMap;

use super::encode::{Encode, Schema};
use super::error::DecodeError;
use super::reader::Reader;
use super::types::{Kind, WireType};
use super::{Bytes, Empty, Url};

/// A type that can be received. A field that was not sent keeps its default.
pub trait Decode: Encode + Default + Sized {
    /// Reads a value of the sender's type `id`.
    ///
    /// # Errors
    ///
    /// When the bytes are not such a value, or a limit is reached.
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError>;
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
