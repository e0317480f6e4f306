//! Structs on both sides of the wire.

/// Declares a struct that can be sent and received, each field with its Go name. All fields need
/// `Default`, and so does the struct.
///
/// ```
/// mattermost_plugin_rpc::gob_struct! {
///     /// How far away something is.
///     #[derive(Clone, Debug, Default, PartialEq)]
///     pub struct Distance = "Distance" {
///         /// In metres.
///         pub metres: i64 = "Metres",
///     }
/// }
/// ```
#[macro_export]
macro_rules! gob_struct {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident = $go:literal {
            $(
                $(#[$field_meta:meta])*
                $field_visibility:vis $field:ident : $type:ty = $go_field:literal
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        $visibility struct $name {
            $(
                $(#[$field_meta])*
                $field_visibility $field: $type,
            )*
        }

        const _: () = {
            static SCHEMA: $crate::gob::StructSchema = $crate::gob::StructSchema {
                name: $go,
                names: &[$($go_field),*],
                schemas: &[$(<$type as $crate::gob::Encode>::schema),*],
            };

            impl $crate::gob::Encode for $name {
                fn schema() -> $crate::gob::Schema {
                    $crate::gob::Schema::Struct(&SCHEMA)
                }

                fn encode(
                    &self,
                    writer: &mut $crate::gob::Writer<'_>,
                ) -> ::core::result::Result<(), $crate::gob::EncodeError> {
                    let mut number = writer.begin();
                    $(writer.field(&mut number, &self.$field)?;)*
                    let _ = number;
                    writer.end();
                    Ok(())
                }
            }

            impl $crate::gob::Decode for $name {
                fn decode(
                    reader: &mut $crate::gob::Reader<'_>,
                    id: i64,
                ) -> ::core::result::Result<Self, $crate::gob::DecodeError> {
                    let mut value = Self::default();
                    let mut fields = reader.begin(&SCHEMA, id)?;
                    while let Some((wanted, id)) = reader.field(&mut fields)? {
                        let mut slot = 0;
                        $(
                            if wanted == slot {
                                value.$field = $crate::gob::Decode::decode(reader, id)?;
                            }
                            slot += 1;
                        )*
                        let _ = (slot, id);
                    }
                    Ok(value)
                }
            }
        };
    };
}
