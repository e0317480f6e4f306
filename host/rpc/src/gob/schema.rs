//! The gob type of a Rust type, for both directions: the encoder makes type definitions from it, the decoder
//! compares it with the sender's definitions.

/// The gob type of a Rust type.
#[derive(Clone, Copy, Debug)]
pub enum Schema {
    /// `bool`.
    Bool,
    /// A signed integer of any width.
    Int,
    /// An unsigned integer of any width.
    Uint,
    /// A floating-point number of any width.
    Float,
    /// `[]byte`.
    Bytes,
    /// `string`.
    String,
    /// An interface: the value carries the name of its type.
    Interface,
    /// Opaque bytes that Go reads with `UnmarshalBinary`.
    BinaryMarshaler,
    /// Opaque bytes that Go reads with `GobDecode`.
    GobEncoder,
    /// A slice and the schema of its elements.
    Slice(fn() -> Schema),
    /// A map and the schemas of its keys and values.
    Map(fn() -> Schema, fn() -> Schema),
    /// A struct.
    Struct(&'static StructSchema),
}

/// A struct: its name and its fields. gob matches structs by the names of their fields; the name of the struct
/// itself is only informative.
#[derive(Debug)]
pub struct StructSchema {
    /// The Go name.
    pub name: &'static str,
    /// The Go names of the fields, in order.
    pub names: &'static [&'static str],
    /// The schemas of the fields, in the same order.
    pub schemas: &'static [fn() -> Schema],
}

impl StructSchema {
    /// Identifies the struct: the address of its only description.
    pub(super) fn key(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
