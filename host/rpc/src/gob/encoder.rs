//! The sending half of a stream: turns Rust values into messages.
//!
//! The encoder writes all definitions first, including those of types inside interfaces, and then the value as a
//! single message. Go's own encoder splits a value into several messages where it meets a new type. Go's decoder
//! accepts both, and with a single message a value that it rejects does not break the stream.

use super::encode::{Encode, Field, Writer};
use super::error::EncodeError;
use super::schema::{Schema, StructSchema};
use super::sent_types::SentTypes;
use super::wire::put_int;

/// The sending half of a stream.
#[derive(Default)]
pub struct Encoder {
    types: SentTypes,
}

impl Encoder {
    /// An encoder for a new stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends the definitions that the stream does not have yet, and one message with the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if gob cannot express the value. Then nothing is appended and nothing is remembered.
    pub fn encode<T: Encode>(&mut self, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.write(T::schema(), out, &|writer| value.encode(writer))
    }

    /// Like [`Encoder::encode`], for a struct whose fields are given one by one.
    ///
    /// # Errors
    ///
    /// Like [`Encoder::encode`].
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
        let mut writer = Writer {
            types: self.types.begin(out),
            body: Vec::new(),
        };
        let id = writer.types.id(schema);
        put_int(&mut writer.body, id);
        if !matches!(schema, Schema::Struct(_)) {
            writer.body.push(0);
        }
        let encoded = write(&mut writer);
        let Writer { types, body } = writer;
        match encoded {
            Ok(()) => types.commit(&body),
            Err(_) => types.roll_back(),
        }
        encoded
    }
}
