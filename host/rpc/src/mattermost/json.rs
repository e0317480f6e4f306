//! Interface values and message attachments as JSON, in the form that the server uses.

use serde_json::{Map, Number, Value};

use super::model::{Any, Attachment, AttachmentField, PostAction};

impl Any {
    /// Converts from JSON. Integers that fit into an `i64` become [`Any::Int`], all other numbers [`Any::Float`].
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

    /// Converts to JSON. Values that JSON cannot express become null.
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

/// Numbers that the server read from JSON are floats. Whole numbers, such as meeting IDs, become integers again:
/// 84312345678.0 is 84312345678.
fn float(value: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the value is whole and within the exact range"
    )]
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// A JSON object without its empty members (`omitempty` in Go).
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let empty = |value: &Value| match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_i64() == Some(0),
        Value::String(value) => value.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(values) => values.is_empty(),
    };
    let members = members.into_iter().filter(|(_, value)| !empty(value));
    Value::Object(
        members
            .map(|(key, value)| (key.to_owned(), value))
            .collect::<Map<_, _>>(),
    )
}

impl Attachment {
    /// Converts to JSON. Empty members are left out.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let text = |text: &String| Value::String(text.clone());
        object([
            ("id", self.id.into()),
            ("fallback", text(&self.fallback)),
            ("color", text(&self.color)),
            ("pretext", text(&self.pretext)),
            ("author_name", text(&self.author_name)),
            ("author_link", text(&self.author_link)),
            ("author_icon", text(&self.author_icon)),
            ("title", text(&self.title)),
            ("title_link", text(&self.title_link)),
            ("text", text(&self.text)),
            (
                "fields",
                self.fields.iter().map(AttachmentField::to_json).collect(),
            ),
            ("image_url", text(&self.image_url)),
            ("thumb_url", text(&self.thumb_url)),
            ("footer", text(&self.footer)),
            ("footer_icon", text(&self.footer_icon)),
            ("ts", self.timestamp.to_json()),
            (
                "actions",
                self.actions.iter().map(PostAction::to_json).collect(),
            ),
        ])
    }
}

impl AttachmentField {
    fn to_json(&self) -> Value {
        let mut json = object([
            ("title", self.title.clone().into()),
            ("short", self.short.into()),
        ]);
        // Only null is left out: zero and false are values.
        let value = self.value.to_json();
        if let Value::Object(members) = &mut json
            && !value.is_null()
        {
            members.insert("value".to_owned(), value);
        }
        json
    }
}

impl PostAction {
    fn to_json(&self) -> Value {
        let text = |text: &String| Value::String(text.clone());
        let integration = self
            .integration
            .as_ref()
            .map_or(Value::Null, |integration| {
                object([
                    ("url", text(&integration.url)),
                    ("context", Any::Map(integration.context.clone()).to_json()),
                ])
            });
        let options = self
            .options
            .iter()
            .map(|option| object([("text", text(&option.text)), ("value", text(&option.value))]));
        object([
            ("id", text(&self.id)),
            ("type", text(&self.kind)),
            ("name", text(&self.name)),
            ("disabled", self.disabled.into()),
            ("style", text(&self.style)),
            ("data_source", text(&self.data_source)),
            ("options", options.collect()),
            ("default_option", text(&self.default_option)),
            ("integration", integration),
        ])
    }
}
