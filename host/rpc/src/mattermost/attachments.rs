//! Attachments as the server's JSON.

use serde_json::{Map, Value};

use super::{Attachment, AttachmentField, PostAction};
use crate::gob::Any;

/// A JSON object without its empty members.
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
    /// As the server's JSON, empty members left out.
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
        // Zero and false are values too; only null is left out.
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
