//! Values that bring their own type: Go's `any`, closed to what Mattermost registers.
//!
//! On the wire such a value begins with a registered name. The library on the other side knows a fixed
//! list of names, so this side is one enum. A name that is not in it is parsed and dropped: the value
//! around it stays usable. Values that went through the server's database or JSON arrive as strings,
//! truth values, floats, lists and maps only.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::Bytes;
use super::decode::Decode;
use super::encode::{Encode, Schema, Writer};
use super::error::{DecodeError, EncodeError};
use super::reader::Reader;
use crate::mattermost::{
    AppError, Attachment, DynamicListArg, ErrorString, PqError, StaticListArg, TextArg,
};

/// An interface value.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Any {
    /// Nothing.
    #[default]
    Nil,
    /// A truth value.
    Bool(bool),
    /// A signed number of any width; sent as `int64`.
    Int(i64),
    /// An unsigned number of any width; sent as `uint64`.
    Uint(u64),
    /// A float; sent as `float64`.
    Float(f64),
    /// A string.
    String(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list; sent as `[]interface {}`.
    List(Vec<Any>),
    /// A map; sent as `map[string]interface {}`.
    Map(BTreeMap<String, Any>),
    /// Message attachments.
    Attachments(Vec<Attachment>),
    /// An error with a status.
    AppError(Box<AppError>),
    /// A plain error.
    ErrorString(Box<ErrorString>),
    /// An error of the database.
    PqError(Box<PqError>),
    /// An autocomplete argument: free text.
    TextArg(Box<TextArg>),
    /// An autocomplete argument: one of a list.
    StaticListArg(Box<StaticListArg>),
    /// An autocomplete argument: one of a list that is fetched.
    DynamicListArg(Box<DynamicListArg>),
    /// Something that was read over: of a type that is not known here, by its registered name, or nested
    /// too deeply. It cannot be sent.
    Dropped(String),
}

const LIST: &str = "[]interface {}";
const MAP: &str = "map[string]interface {}";
const ATTACHMENTS: &str = "[]*model.SlackAttachment";
const APP_ERROR: &str = "*model.AppError";
const ERROR_STRING: &str = "*plugin.ErrorString";
const PQ_ERROR: &str = "*pq.Error";
const TEXT_ARG: &str = "*model.AutocompleteTextArg";
const STATIC_LIST_ARG: &str = "*model.AutocompleteStaticListArg";
const DYNAMIC_LIST_ARG: &str = "*model.AutocompleteDynamicListArg";

impl Any {
    /// A JSON value. Whole numbers that fit become integers, all others floats.
    #[must_use]
    pub fn from_json(value: Value) -> Self {
        match value {
            Value::Null => Self::Nil,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(value) => value
                .as_i64()
                .map(Self::Int)
                .or_else(|| value.as_f64().map(Self::Float))
                .unwrap_or_default(),
            Value::String(value) => Self::String(value),
            Value::Array(values) => Self::List(values.into_iter().map(Self::from_json).collect()),
            Value::Object(values) => Self::Map(
                values
                    .into_iter()
                    .map(|(key, value)| (key, Self::from_json(value)))
                    .collect(),
            ),
        }
    }

    /// As JSON, attachments as the server writes them. What JSON has no word for becomes null.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::from(*value),
            Self::Uint(value) => Value::from(*value),
            Self::Float(value) => float(*value),
            Self::String(value) => Value::String(value.clone()),
            Self::Bytes(value) => Value::String(String::from_utf8_lossy(value).into_owned()),
            Self::List(values) => values.iter().map(Self::to_json).collect(),
            Self::Map(values) => Value::Object(
                values
                    .iter()
                    .map(|(key, value)| (key.clone(), value.to_json()))
                    .collect::<Map<_, _>>(),
            ),
            Self::Attachments(values) => values.iter().map(Attachment::to_json).collect(),
            Self::ErrorString(error) => Value::String(error.err.clone()),
            Self::AppError(error) => Value::String(error.message.clone()),
            Self::PqError(error) => Value::String(error.message.clone()),
            Self::Nil
            | Self::TextArg(_)
            | Self::StaticListArg(_)
            | Self::DynamicListArg(_)
            | Self::Dropped(_) => Value::Null,
        }
    }
}

/// The server's JSON has only floats, and ids are whole: 84312345678.0 is 84312345678.
fn float(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "whole and within the exact range"
    )]
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

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
            Self::Bytes(value) => writer.interface("[]uint8", &super::BytesRef(value)),
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
        if !reader.has_depth() {
            // Anybody can nest what they put into a post; that must not spoil what is around it.
            reader.skip(id)?;
            return Ok(Self::Dropped("nested too deeply".to_owned()));
        }
        content(reader, name, id)
    }
}

fn content(reader: &mut Reader<'_>, name: &[u8], id: i64) -> Result<Any, DecodeError> {
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
        APP_ERROR => Any::AppError(reader.alone(id)?),
        ERROR_STRING => Any::ErrorString(reader.alone(id)?),
        PQ_ERROR => Any::PqError(reader.alone(id)?),
        TEXT_ARG => Any::TextArg(reader.alone(id)?),
        STATIC_LIST_ARG => Any::StaticListArg(reader.alone(id)?),
        DYNAMIC_LIST_ARG => Any::DynamicListArg(reader.alone(id)?),
        _ => {
            reader.skip(id)?;
            Any::Dropped(name.into_owned())
        }
    })
}
