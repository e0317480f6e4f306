//! The structs that travel inside interfaces: those that the server's plugin library registers.

use serde_json::{Map, Value};

use crate::gob::Any;

crate::gob_struct! {
    /// A message attachment, `model.MessageAttachment`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct Attachment = "SlackAttachment" {
        /// A number of the sender's choice.
        pub id: i64 = "Id",
        /// Plain text for notifications and clients that draw no attachments.
        pub fallback: String = "Fallback",
        /// Colour of the left edge, such as `#2D8CFF`.
        pub color: String = "Color",
        /// Text before the attachment.
        pub pretext: String = "Pretext",
        /// Name of the author.
        pub author_name: String = "AuthorName",
        /// Where the author's name leads.
        pub author_link: String = "AuthorLink",
        /// Picture of the author.
        pub author_icon: String = "AuthorIcon",
        /// Title.
        pub title: String = "Title",
        /// Where the title leads.
        pub title_link: String = "TitleLink",
        /// Text, in Markdown.
        pub text: String = "Text",
        /// Table of short values.
        pub fields: Vec<AttachmentField> = "Fields",
        /// A large picture.
        pub image_url: String = "ImageURL",
        /// A small picture.
        pub thumb_url: String = "ThumbURL",
        /// Text below.
        pub footer: String = "Footer",
        /// Picture beside the footer.
        pub footer_icon: String = "FooterIcon",
        /// A string or a number.
        pub timestamp: Any = "Timestamp",
        /// Buttons and menus.
        pub actions: Vec<PostAction> = "Actions",
    }
}

crate::gob_struct! {
    /// A field of an attachment, `model.MessageAttachmentField`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AttachmentField = "SlackAttachmentField" {
        /// Name.
        pub title: String = "Title",
        /// Value, mostly a string.
        pub value: Any = "Value",
        /// Whether two fit in a row.
        pub short: bool = "Short",
    }
}

crate::gob_struct! {
    /// A button or menu, `model.PostAction`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PostAction = "PostAction" {
        /// Name in the address of a click: letters and digits only.
        pub id: String = "Id",
        /// `button` or `select`.
        pub kind: String = "Type",
        /// Label.
        pub name: String = "Name",
        /// Whether it cannot be used.
        pub disabled: bool = "Disabled",
        /// `default`, `primary`, `danger` and others, or a colour.
        pub style: String = "Style",
        /// `users` or `channels` for a menu of these.
        pub data_source: String = "DataSource",
        /// What a menu offers.
        pub options: Vec<PostActionOptions> = "Options",
        /// What a menu shows first.
        pub default_option: String = "DefaultOption",
        /// What is called on a click. The server tells clients nothing of it.
        pub integration: Option<Box<PostActionIntegration>> = "Integration",
        /// The server's own.
        pub cookie: String = "Cookie",
    }
}

crate::gob_struct! {
    /// An entry of a menu, `model.PostActionOptions`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PostActionOptions = "PostActionOptions" {
        /// Label.
        pub text: String = "Text",
        /// Value.
        pub value: String = "Value",
    }
}

crate::gob_struct! {
    /// What a click calls, `model.PostActionIntegration`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PostActionIntegration = "PostActionIntegration" {
        /// Absolute, or from the site's root.
        pub url: String = "URL",
        /// Comes back with the click.
        pub context: std::collections::BTreeMap<String, Any> = "Context",
    }
}

crate::gob_struct! {
    /// An error with an HTTP status, `model.AppError`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct AppError = "AppError" {
        /// Name of the message.
        pub id: String = "Id",
        /// The message.
        pub message: String = "Message",
        /// More for whoever reads logs.
        pub detailed_error: String = "DetailedError",
        /// The request it belongs to.
        pub request_id: String = "RequestId",
        /// HTTP status.
        pub status_code: i64 = "StatusCode",
        /// The function that failed.
        pub where_: String = "Where",
    }
}

crate::gob_struct! {
    /// A plain error, `plugin.ErrorString`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct ErrorString = "ErrorString" {
        /// 0 for plain text; others stand for well-known errors of Go.
        pub code: i64 = "Code",
        /// The text.
        pub err: String = "Err",
    }
}

crate::gob_struct! {
    /// An error of the database, `pq.Error`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct PqError = "Error" {
        /// `ERROR`, `FATAL` and others.
        pub severity: String = "Severity",
        /// Five characters, as PostgreSQL lists them.
        pub code: String = "Code",
        /// The message.
        pub message: String = "Message",
    }
}

crate::gob_struct! {
    /// Autocomplete: free text, `model.AutocompleteTextArg`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct TextArg = "AutocompleteTextArg" {
        /// What to type.
        pub hint: String = "Hint",
        /// A regular expression it must match, or empty.
        pub pattern: String = "Pattern",
    }
}

crate::gob_struct! {
    /// Autocomplete: one of a list, `model.AutocompleteStaticListArg`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct StaticListArg = "AutocompleteStaticListArg" {
        /// The list.
        pub possible_arguments: Vec<ListItem> = "PossibleArguments",
    }
}

crate::gob_struct! {
    /// An entry of a list, `model.AutocompleteListItem`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct ListItem = "AutocompleteListItem" {
        /// What is inserted; not empty.
        pub item: String = "Item",
        /// What may follow.
        pub hint: String = "Hint",
        /// What it means.
        pub help_text: String = "HelpText",
    }
}

crate::gob_struct! {
    /// Autocomplete: one of a list that is fetched, `model.AutocompleteDynamicListArg`.
    #[derive(Clone, Debug, Default, PartialEq)]
    pub struct DynamicListArg = "AutocompleteDynamicListArg" {
        /// Where from; relative addresses are the plugin's.
        pub fetch_url: String = "FetchURL",
    }
}

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
        // A value of zero or false is one all the same.
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
