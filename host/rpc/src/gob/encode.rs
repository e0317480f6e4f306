//! Rust types that can be sent, and the [`Writer`] that they write themselves to.

use super::error::EncodeError;
use super::schema::Schema;
use super::sent_types::Definitions;
use super::wire::{put_bytes, put_int, put_uint};

/// A type that can be sent.
pub trait Encode {
    /// The gob type.
    fn schema() -> Schema
    where
        Self: Sized;

    /// Whether the value is the zero value. gob does not send a field of a struct that is zero.
    fn is_empty(&self) -> bool {
        false
    }

    /// Writes the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if gob cannot express the value.
    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError>;
}

/// A field of a struct whose type is erased.
pub type Field<'a> = Box<dyn Encode + Send + Sync + 'a>;

/// Writes one value and collects the type definitions that it needs.
pub struct Writer<'a> {
    pub(super) types: Definitions<'a>,
    pub(super) body: Vec<u8>,
}

/// Counts the fields of a struct while they are written.
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

    /// Writes the next field of the struct, unless its value is empty.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if gob cannot express the value.
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

    /// Writes an interface value: the name under which Go registered the type, then the value.
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if gob cannot express the value.
    pub fn interface<T: Encode>(&mut self, name: &str, value: &T) -> Result<(), EncodeError> {
        put_bytes(&mut self.body, name.as_bytes());
        let id = self.types.id(T::schema());
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

    /// Writes a nil interface value.
    pub fn nil_interface(&mut self) {
        self.body.push(0);
    }
}
