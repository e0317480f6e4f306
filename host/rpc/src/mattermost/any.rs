//! Sending and receiving Go interface values.
//!
//! An interface value begins with the name under which Go registered its type. Mattermost's plugin library
//! registers a fixed set of types besides Go's basic types, so [`Any`] is an enum. A value with another type is
//! skipped and becomes [`Any::Dropped`]; the value around it stays usable.

use std::collections::BTreeMap;

use super::model::Any;
use crate::gob::{
    Bytes, BytesRef, Decode, DecodeError, Encode, EncodeError, Reader, Schema, Writer,
};

const LIST: &str = "[]interface {}";
const MAP: &str = "map[string]interface {}";
const ATTACHMENTS: &str = "[]*model.SlackAttachment";
const APP_ERROR: &str = "*model.AppError";
const ERROR_STRING: &str = "*plugin.ErrorString";
const PQ_ERROR: &str = "*pq.Error";
const TEXT_ARG: &str = "*model.AutocompleteTextArg";
const STATIC_LIST_ARG: &str = "*model.AutocompleteStaticListArg";
const DYNAMIC_LIST_ARG: &str = "*model.AutocompleteDynamicListArg";

impl Encode for Any {
    fn schema() -> Schema {
        Schema::Interface
    }

    fn is_empty(&self) -> bool {
        matches!(self, Self::Nil)
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        match self {
            Self::Nil => {
                writer.nil_interface();
                Ok(())
            }
            Self::Bool(value) => writer.interface("bool", value),
            Self::Int(value) => writer.interface("int64", value),
            Self::Uint(value) => writer.interface("uint64", value),
            Self::Float(value) => writer.interface("float64", value),
            Self::String(value) => writer.interface("string", value),
            Self::Bytes(value) => writer.interface("[]uint8", &BytesRef(value)),
            Self::List(values) => writer.interface(LIST, values),
            Self::Map(values) => writer.interface(MAP, values),
            Self::Attachments(values) => writer.interface(ATTACHMENTS, values),
            Self::AppError(error) => writer.interface(APP_ERROR, error),
            Self::ErrorString(error) => writer.interface(ERROR_STRING, error),
            Self::PqError(error) => writer.interface(PQ_ERROR, error),
            Self::TextArg(arg) => writer.interface(TEXT_ARG, arg),
            Self::StaticListArg(arg) => writer.interface(STATIC_LIST_ARG, arg),
            Self::DynamicListArg(arg) => writer.interface(DYNAMIC_LIST_ARG, arg),
            Self::Dropped(name) => Err(EncodeError::Dropped(name.clone())),
        }
    }
}

impl Decode for Any {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        reader.expect(id, Schema::Interface)?;
        let Some((name, id)) = reader.interface()? else {
            return Ok(Self::Nil);
        };
        if !reader.can_nest() {
            // Users can put deeply nested values into a post. The rest of the post must stay readable.
            reader.skip(id)?;
            return Ok(Self::Dropped("nested too deeply".to_owned()));
        }
        value_of_type(reader, name, id)
    }
}

fn value_of_type(reader: &mut Reader<'_>, name: &[u8], id: i64) -> Result<Any, DecodeError> {
    fn list<T: Decode>(
        reader: &mut Reader<'_>,
        id: i64,
        wrap: fn(T) -> Any,
    ) -> Result<Any, DecodeError> {
        let values = Vec::<T>::decode(reader, id)?;
        Ok(Any::List(values.into_iter().map(wrap).collect()))
    }
    let name = String::from_utf8_lossy(name);
    Ok(match name.as_ref() {
        "bool" => Any::Bool(bool::decode(reader, id)?),
        "int" | "int8" | "int16" | "int32" | "int64" => Any::Int(i64::decode(reader, id)?),
        "uint" | "uint8" | "uint16" | "uint32" | "uint64" | "uintptr" => {
            Any::Uint(u64::decode(reader, id)?)
        }
        "float32" | "float64" => Any::Float(f64::decode(reader, id)?),
        "string" => Any::String(String::decode(reader, id)?),
        "[]uint8" => Any::Bytes(Bytes::decode(reader, id)?.0),
        "[]string" => list(reader, id, Any::String)?,
        "[]bool" => list(reader, id, Any::Bool)?,
        "[]int" | "[]int8" | "[]int16" | "[]int32" | "[]int64" => list(reader, id, Any::Int)?,
        "[]uint" | "[]uint16" | "[]uint32" | "[]uint64" | "[]uintptr" => {
            list(reader, id, Any::Uint)?
        }
        "[]float32" | "[]float64" => list(reader, id, Any::Float)?,
        LIST => Any::List(Vec::decode(reader, id)?),
        MAP => Any::Map(BTreeMap::decode(reader, id)?),
        ATTACHMENTS => Any::Attachments(Vec::decode(reader, id)?),
        APP_ERROR => Any::AppError(reader.singleton(id)?),
        ERROR_STRING => Any::ErrorString(reader.singleton(id)?),
        PQ_ERROR => Any::PqError(reader.singleton(id)?),
        TEXT_ARG => Any::TextArg(reader.singleton(id)?),
        STATIC_LIST_ARG => Any::StaticListArg(reader.singleton(id)?),
        DYNAMIC_LIST_ARG => Any::DynamicListArg(reader.singleton(id)?),
        _ => {
            reader.skip(id)?;
            Any::Dropped(name.into_owned())
        }
    })
}
