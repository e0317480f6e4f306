//! The plugin's settings, as the manifest's `settings_schema` describes them: the form to enter them, what a form's
//! answers mean, and what is saved then. Who may open a form is decided in `capability::settings`, who may
//! send one in [`route`].
//!
//! The server masks secrets in the settings that it reads out as stored (`GetPluginConfig`), and does not in the settings that
//! it loads for the plugin (`LoadPluginConfiguration`), which have the manifest's defaults filled in. So the first
//! says which settings are stored, and the second what they are. A masked value must never be saved.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mattermost_plugin_rpc::mattermost::Any;
use mattermost_plugin_rpc::mattermost::{Api, ApiError, DialogElement, PostActionOptions};
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest label and the longest help of a field that the server accepts, and the longest text, in bytes.
const LABEL_LIMIT: usize = 24;
const HELP_LIMIT: usize = 150;
const TEXT_LIMIT: usize = 1_000;
/// Random bytes of a generated value: 32 characters, like those of the System Console.
const GENERATED_BYTES: usize = 24;

/// The settings of a manifest.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Schema {
    #[serde(default)]
    settings: Vec<Setting>,
    /// The keys that a component may ask for, in lower case.
    #[serde(skip)]
    asked: BTreeSet<String>,
}

/// One setting.
#[derive(Debug, Deserialize)]
pub(crate) struct Setting {
    pub(crate) key: String,
    #[serde(default)]
    display_name: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    help_text: String,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    options: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    display_name: String,
    value: String,
}

impl Schema {
    /// Whether there is a setting with exactly this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.settings.iter().any(|setting| setting.key == key)
    }

    fn find(&self, key: &str) -> Option<&Setting> {
        let mut settings = self.settings.iter();
        settings.find(|setting| setting.lower_key() == key.to_lowercase())
    }

    /// Lets the component ask for these settings. Answers with the first one that no form can have.
    pub(crate) fn allow(&mut self, keys: Vec<String>) -> Result<(), String> {
        let askable = |key: &String| self.find(key).is_some_and(Setting::is_askable);
        if let Some(key) = keys.iter().find(|key| !askable(key)) {
            return Err(key.clone());
        }
        self.asked = keys.iter().map(|key| key.to_lowercase()).collect();
        Ok(())
    }

    /// A setting that the component may ask for.
    pub(crate) fn asked(&self, key: &str) -> Option<&Setting> {
        let setting = self.find(key)?;
        self.asked.contains(&setting.lower_key()).then_some(setting)
    }

    /// The keys that the component may ask for, as the manifest spells them.
    pub(crate) fn asked_keys(&self) -> impl Iterator<Item = &str> {
        let settings = self.settings.iter();
        let asked = settings.filter(|setting| self.asked.contains(&setting.lower_key()));
        asked.map(|setting| setting.key.as_str())
    }

    /// All settings to save when these change. Keys are in lower case.
    ///
    /// # Errors
    ///
    /// The label of a secret that is masked where it must not be.
    fn merged(
        &self,
        stored: BTreeMap<String, Any>,
        mut loaded: Map<String, Value>,
        changes: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Any>, String> {
        let mut merged = BTreeMap::new();
        for (key, value) in stored {
            let Some(setting) = self.find(&key) else {
                // Nothing of this manifest's; left as it is.
                merged.insert(key, value);
                continue;
            };
            let lower = setting.lower_key();
            // The other spellings of a key are left out.
            let Some(value) = loaded.remove(&lower).filter(|value| !value.is_null()) else {
                continue;
            };
            if changes.contains_key(&lower) {
                continue;
            }
            if value.as_str().is_some_and(is_mask) {
                return Err(setting.label().to_owned());
            }
            merged.insert(lower, Any::from_json(value));
        }
        let changes = changes.into_iter();
        merged.extend(changes.map(|(key, value)| (key, Any::from_json(value))));
        Ok(merged)
    }
}

impl Setting {
    /// As the System Console stores it.
    pub(crate) fn lower_key(&self) -> String {
        self.key.to_lowercase()
    }

    pub(crate) fn is_generated(&self) -> bool {
        self.kind == "generated"
    }

    fn is_askable(&self) -> bool {
        let kinds = [
            "text",
            "longtext",
            "username",
            "number",
            "bool",
            "dropdown",
            "radio",
            "generated",
        ];
        kinds.contains(&self.kind.as_str())
    }

    fn label(&self) -> &str {
        let label = self.display_name.trim_end_matches(':');
        if label.is_empty() { &self.key } else { label }
    }

    /// The field of a form for this setting. It is empty.
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
        let generated = if self.is_generated() {
            "Generate a new value"
        } else {
            ""
        };
        DialogElement {
            display_name: shortened(label, LABEL_LIMIT),
            name: self.key.clone(),
            kind: kind.to_owned(),
            sub_type: sub_type.to_owned(),
            placeholder: generated.to_owned(),
            help_text: shortened(&help, HELP_LIMIT),
            optional: true,
            max_length: if kind == "text" { TEXT_LIMIT as i64 } else { 0 },
            options: choices,
            ..DialogElement::default()
        }
    }

    /// The value that an answer means; none if the setting stays as it is.
    ///
    /// # Errors
    ///
    /// The sentence to show at the field.
    pub(crate) fn value(&self, answer: &Value) -> Result<Option<Value>, String> {
        if self.is_generated() {
            return match answer {
                Value::Bool(true) => Ok(Some(Value::String(generated()?))),
                _ => Ok(None),
            };
        }
        let text = match answer {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(answer) => answer.to_string(),
            _ => String::new(),
        };
        if text.is_empty() {
            return Ok(None);
        }
        if text.len() > TEXT_LIMIT {
            return Err(format!("Enter at most {TEXT_LIMIT} characters."));
        }
        if is_mask(&text) {
            return Err("Enter the value itself. The asterisks only stand for it.".to_owned());
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

/// A text that is not longer than so many bytes.
fn shortened(text: &str, limit: usize) -> String {
    const MORE: &str = "…";
    if text.len() <= limit {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(limit.saturating_sub(MORE.len()));
    format!("{}{MORE}", text.get(..end).unwrap_or_default())
}

/// Whether a text is what the server shows instead of a secret.
fn is_mask(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte == b'*')
}

/// A new random value.
fn generated() -> Result<String, String> {
    let mut bytes = [0; GENERATED_BYTES];
    getrandom::fill(&mut bytes)
        .map_err(|error| format!("There are no random numbers: {error}."))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Why settings are not saved.
#[derive(Debug)]
pub(crate) enum NotSaved {
    /// The administrator of the machine does not let the server change its configuration.
    ReadOnly,
    /// This secret is stored as asterisks.
    Masked(String),
    /// The setting has a value.
    Full,
    /// The server's answer.
    Api(String),
}

impl From<ApiError> for NotSaved {
    fn from(error: ApiError) -> Self {
        match error.status() {
            Some(403) => Self::ReadOnly,
            _ => Self::Api(error.to_string()),
        }
    }
}

/// The settings as the server loads them for the plugin: not masked, keys in lower case.
async fn loaded(api: &dyn Api) -> Result<Map<String, Value>, NotSaved> {
    let loaded = api.load_plugin_configuration().await;
    let loaded = loaded.map_err(|error| NotSaved::Api(error.to_string()))?;
    if loaded.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&loaded).map_err(|error| NotSaved::Api(error.to_string()))
}

/// Changes these settings, by keys in lower case, and leaves all others as they are.
///
/// # Errors
///
/// When the server does not save them, or a secret would be lost.
pub(crate) async fn save(
    api: &dyn Api,
    schema: &Schema,
    changes: BTreeMap<String, Value>,
) -> Result<(), NotSaved> {
    let stored = api.get_plugin_config().await;
    let stored = stored.map_err(|error| NotSaved::Api(error.to_string()))?;
    let merged = schema
        .merged(stored, loaded(api).await?, changes)
        .map_err(NotSaved::Masked)?;
    api.save_plugin_config(merged).await.map_err(NotSaved::from)
}

/// Fills a generated setting that is empty.
///
/// # Errors
///
/// When it is not empty, or is not saved.
pub(crate) async fn fill(
    api: &dyn Api,
    schema: &Schema,
    setting: &Setting,
) -> Result<(), NotSaved> {
    let loaded = loaded(api).await?;
    let is_empty = match loaded.get(&setting.lower_key()) {
        None | Some(Value::Null) => true,
        Some(value) => value.as_str().is_some_and(str::is_empty),
    };
    if !is_empty {
        return Err(NotSaved::Full);
    }
    let value = Value::String(generated().map_err(NotSaved::Api)?);
    save(api, schema, BTreeMap::from([(setting.lower_key(), value)])).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema() -> Schema {
        let mut schema: Schema = serde_json::from_value(json!({"settings": [
            {"key": "Home", "display_name": "The address of the home page:", "type": "text", "help_text": "x".repeat(200)},
            {"key": "Token", "display_name": "Token:", "type": "text", "secret": true},
            {"key": "EncryptionKey", "type": "generated", "secret": true},
            {"key": "Many", "type": "number"},
            {"key": "On", "type": "bool"},
            {"key": "Color", "type": "dropdown", "options": [{"display_name": "Red", "value": "red"}]},
            {"key": "Own", "type": "custom"},
        ]}))
        .unwrap();
        schema
            .allow(vec!["Token".to_owned(), "home".to_owned()])
            .unwrap();
        schema
    }

    #[test]
    fn only_listed_settings_are_asked_for_in_any_spelling() {
        let schema = schema();
        for key in ["Token", "TOKEN", "Home"] {
            assert!(schema.asked(key).is_some(), "{key}");
        }
        for key in ["Many", "", "Nothing", "Own"] {
            assert!(schema.asked(key).is_none(), "{key}");
        }
        assert_eq!(schema.asked_keys().collect::<Vec<_>>(), ["Home", "Token"]);
        for key in ["Nothing", "Own"] {
            assert!(self::schema().allow(vec![key.to_owned()]).is_err(), "{key}");
        }
    }

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
    fn answers_have_the_type_of_their_setting() {
        let schema = schema();
        let value = |key: &str, answer: Value| schema.find(key).unwrap().value(&answer);
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

    #[test]
    fn a_change_keeps_all_other_settings_and_one_spelling_of_each_key() {
        let mask = "********************************";
        let stored = json!({"Token": mask, "HOME": "old", "home": "older", "Other": 1, "encryptionkey": mask});
        let Any::Map(stored) = Any::from_json(stored) else {
            panic!()
        };
        let loaded =
            json!({"token": "t", "home": "old", "encryptionkey": "k", "many": null, "on": false});
        let loaded = loaded.as_object().unwrap().clone();
        let changes = BTreeMap::from([("home".to_owned(), json!("new"))]);
        let merged = schema()
            .merged(stored.clone(), loaded.clone(), changes)
            .unwrap();
        let merged = Any::Map(merged).to_json();
        // `on` is only the manifest's default.
        assert_eq!(
            merged,
            json!({"token": "t", "home": "new", "Other": 1, "encryptionkey": "k"})
        );
        let mut masked = loaded;
        masked.insert("token".to_owned(), json!(mask));
        let refused = schema().merged(stored.clone(), masked.clone(), BTreeMap::new());
        assert_eq!(refused.unwrap_err(), "Token");
        let repaired = BTreeMap::from([("token".to_owned(), json!("t"))]);
        assert!(schema().merged(stored, masked, repaired).is_ok());
    }
}
