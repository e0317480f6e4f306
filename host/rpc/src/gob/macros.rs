//! The macro that declares structs.

/// Declares a struct that can be sent and received. Each field has its Go name. The struct and the types of all
/// fields must implement `Default`.
///
/// ```
/// mattermost_plugin_rpc::gob_struct! {
///     /// A distance.
///     #[derive(Clone, Debug, Default, PartialEq)]
///     pub struct Distance = "Distance" {
///         /// In meters.
///         pub meters: i64 = "Meters",
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
                    while let Some((found, id)) = reader.field(&mut fields)? {
                        let mut index = 0;
                        $(
                            if found == index {
                                value.$field = $crate::gob::Decode::decode(reader, id)?;
                            }
                            index += 1;
                        )*
                        let _ = (index, id);
                    }
                    Ok(value)
                }
            }
        };
    };
}
