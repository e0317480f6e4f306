//! Forms for settings: the field of a setting, and the value of an input.
//!
//! The form's state is signed for one user, for its keys, and for ten minutes, and can be submitted once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mattermost_plugin_rpc::mattermost::{DialogElement, PostActionOptions};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::schema::Setting;

/// The longest label and help text that the server accepts, and the longest text input, in bytes.
const LABEL_LIMIT: usize = 24;
const HELP_LIMIT: usize = 150;
const TEXT_LIMIT: usize = 1_000;
/// Random bytes of a generated value: 32 characters, as in the System Console.
const GENERATED_BYTES: usize = 24;

/// The route that forms are submitted to, below the plugin's root.
pub(crate) const FORM_ROUTE: &str = "/_host/settings";
/// The permission that a user needs to open and submit a form.
pub(crate) const FORM_PERMISSION: &str = "manage_system";
/// How long a form is valid, in milliseconds.
pub(crate) const FORM_LIFETIME_MS: i64 = 10 * 60 * 1000;

/// The content of a form's state.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Form {
    /// A random ID, so that the form can be submitted only once.
    pub(crate) id: String,
    /// The settings that the form has fields for.
    pub(crate) keys: Vec<String>,
}

impl Setting {
    /// An empty field for this setting.
    pub(crate) fn field(&self) -> DialogElement {
        let label = self.label();
        let (kind, sub_type) = match self.kind.as_str() {
            "generated" => ("bool", ""),
            "bool" | "dropdown" | "radio" => ("select", ""),
            "number" => ("text", "number"),
            _ if self.secret => ("text", "password"),
            "longtext" => ("textarea", ""),
            _ => ("text", ""),
        };
        let choices = match self.kind.as_str() {
            "bool" => vec![choice("True", "true"), choice("False", "false")],
            _ => self
                .options
                .iter()
                .map(|one| choice(&one.display_name, &one.value))
                .collect(),
        };
        let help = if label.len() > LABEL_LIMIT {
            format!("{label}. {}", self.help_text)
        } else {
            self.help_text.clone()
        };
        let placeholder = if self.is_generated() {
            "Generate a new value"
        } else {
            ""
        };
        DialogElement {
            display_name: truncated(label, LABEL_LIMIT),
            name: self.key.clone(),
            kind: kind.to_owned(),
            sub_type: sub_type.to_owned(),
            placeholder: placeholder.to_owned(),
            help_text: truncated(&help, HELP_LIMIT),
            optional: true,
            max_length: if kind == "text" { TEXT_LIMIT as i64 } else { 0 },
            options: choices,
            ..DialogElement::default()
        }
    }

    /// The value of an input; `None` if the setting stays unchanged.
    ///
    /// # Errors
    ///
    /// The sentence to show at the field.
    pub(crate) fn value(&self, input: &Value) -> Result<Option<Value>, String> {
        if self.is_generated() {
            return match input {
                Value::Bool(true) => Ok(Some(Value::String(random_value()?))),
                _ => Ok(None),
            };
        }
        let text = match input {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(input) => input.to_string(),
            _ => String::new(),
        };
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > TEXT_LIMIT {
            return Err(format!("Enter at most {TEXT_LIMIT} characters."));
        }
        if is_mask(&text) {
            return Err("Enter the value itself, not the asterisks.".to_owned());
        }
        match self.kind.as_str() {
            "bool" => match text.as_str() {
                "true" => Ok(Some(Value::Bool(true))),
                "false" => Ok(Some(Value::Bool(false))),
                _ => Err("Select one of the options.".to_owned()),
            },
            "number" => match text.parse::<i64>() {
                Ok(number) => Ok(Some(Value::from(number))),
                Err(_) => Err("Enter a whole number.".to_owned()),
            },
            "dropdown" | "radio" if !self.options.iter().any(|one| one.value == text) => {
                Err("Select one of the options.".to_owned())
            }
            _ => Ok(Some(Value::String(text))),
        }
    }
}

fn choice(text: &str, value: &str) -> PostActionOptions {
    PostActionOptions {
        text: text.to_owned(),
        value: value.to_owned(),
    }
}

/// Truncates a text to a number of bytes.
fn truncated(text: &str, limit: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit.saturating_sub(ELLIPSIS.len()));
    format!("{}{ELLIPSIS}", text.get(..end).unwrap_or_default())
}

/// Whether a text is the mask that the server shows instead of a secret.
pub(super) fn is_mask(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// A new random value.
pub(super) fn random_value() -> Result<String, String> {
    let mut bytes = [0; GENERATED_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("Random numbers are not available: {error}."))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::schema::example as schema;
    use serde_json::json;

    #[test]
    fn a_field_is_empty_and_hides_a_secret() {
        let schema = schema();
        for setting in &schema.settings {
            let field = setting.field();
            assert!(field.default.is_empty() && field.optional, "{field:?}");
            assert!(field.display_name.len() <= LABEL_LIMIT && field.help_text.len() <= HELP_LIMIT);
            assert!(!field.display_name.is_empty());
        }
        let field = |key| schema.find(key).unwrap().field();
        assert_eq!(field("Token").sub_type, "password");
        assert_eq!(field("Token").display_name, "Token");
        assert!(
            field("Home")
                .help_text
                .starts_with("The address of the home page. x")
        );
        assert_eq!(field("EncryptionKey").placeholder, "Generate a new value");
        assert_eq!(field("EncryptionKey").kind, "bool");
        assert_eq!(field("On").options.len(), 2);
    }

    #[test]
    fn inputs_have_the_type_of_their_setting() {
        let schema = schema();
        let value = |key: &str, input: Value| schema.find(key).unwrap().value(&input);
        assert_eq!(value("Token", json!(" t ")), Ok(Some(json!("t"))));
        assert_eq!(value("Many", json!("7")), Ok(Some(json!(7))));
        assert_eq!(value("On", json!("false")), Ok(Some(json!(false))));
        assert_eq!(value("Color", json!("red")), Ok(Some(json!("red"))));
        for empty in [json!(null), json!(""), json!("  "), json!([1])] {
            assert_eq!(value("Token", empty), Ok(None));
        }
        assert_eq!(value("EncryptionKey", json!(false)), Ok(None));
        assert_eq!(value("EncryptionKey", json!("chosen")), Ok(None));
        let [one, two] = [(), ()].map(|()| value("EncryptionKey", json!(true)).unwrap().unwrap());
        assert!(one != two && one.as_str().unwrap().len() == 32);
        for (key, wrong) in [
            ("Token", json!("********************************")),
            ("Token", json!("*")),
            ("Token", json!("t".repeat(TEXT_LIMIT + 1))),
            ("Many", json!("seven")),
            ("On", json!("maybe")),
            ("Color", json!("blue")),
        ] {
            assert!(value(key, wrong).is_err(), "{key}");
        }
    }
}
