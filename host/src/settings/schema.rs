//! `settings_schema` of the manifest, and the settings that a component may ask for.
//!
//! A manifest may group its settings into sections. Older servers, such as 11.4, mask secrets and apply defaults only for `settings`,
//! so such a manifest lists every setting twice: in `settings` with its type, default, and `secret`, and in a section with
//! its texts. The two are read as one setting.

use std::collections::BTreeSet;

use serde::Deserialize;

/// The settings of a manifest.
#[derive(Debug, Default, Deserialize)]
#[serde(from = "Listed")]
pub(crate) struct Schema {
    pub(super) settings: Vec<Setting>,
    /// The keys that a component may ask for, in lower case.
    askable: BTreeSet<String>,
}

/// The settings as the manifest lists them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed {
    settings: Vec<Setting>,
    sections: Vec<Section>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Section {
    settings: Vec<Setting>,
}

impl From<Listed> for Schema {
    fn from(listed: Listed) -> Self {
        let mut settings = listed.settings;
        for shown in listed.sections.into_iter().flat_map(|one| one.settings) {
            match settings.iter_mut().find(|one| one.key == shown.key) {
                // A setting that is a secret in either place is a secret.
                Some(one) => {
                    let secret = one.secret || shown.secret;
                    *one = Setting { secret, ..shown };
                }
                None => settings.push(shown),
            }
        }
        Self {
            settings,
            askable: BTreeSet::new(),
        }
    }
}

/// One setting.
#[derive(Debug, Deserialize)]
pub(crate) struct Setting {
    pub(crate) key: String,
    #[serde(default)]
    pub(super) display_name: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) help_text: String,
    #[serde(default)]
    pub(super) secret: bool,
    #[serde(default)]
    pub(super) options: Vec<Choice>,
}

/// An option of a setting.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) display_name: String,
    pub(super) value: String,
}

impl Schema {
    /// Whether there is a setting with exactly this key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.settings.iter().any(|setting| setting.key == key)
    }

    /// The setting with this key in any case.
    pub(super) fn find(&self, key: &str) -> Option<&Setting> {
        let mut settings = self.settings.iter();
        settings.find(|setting| setting.lower_key() == key.to_lowercase())
    }

    /// Lets the component ask for these settings.
    ///
    /// # Errors
    ///
    /// The first key that no form can contain.
    pub(crate) fn allow(&mut self, keys: Vec<String>) -> Result<(), String> {
        let is_valid = |key: &String| self.find(key).is_some_and(Setting::is_askable);
        if let Some(key) = keys.iter().find(|key| !is_valid(key)) {
            return Err(key.clone());
        }
        self.askable = keys.iter().map(|key| key.to_lowercase()).collect();
        Ok(())
    }

    /// A setting that the component may ask for.
    pub(crate) fn askable(&self, key: &str) -> Option<&Setting> {
        let setting = self.find(key)?;
        let is_askable = self.askable.contains(&setting.lower_key());
        is_askable.then_some(setting)
    }

    /// The keys that the component may ask for, as the manifest spells them.
    pub(crate) fn askable_keys(&self) -> impl Iterator<Item = &str> {
        let settings = self.settings.iter();
        let askable = settings.filter(|setting| self.askable.contains(&setting.lower_key()));
        askable.map(|setting| setting.key.as_str())
    }
}

impl Setting {
    /// The key as the System Console stores it.
    pub(crate) fn lower_key(&self) -> String {
        self.key.to_lowercase()
    }

    pub(crate) fn is_generated(&self) -> bool {
        self.kind == "generated"
    }

    /// Whether a form can contain this setting.
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

    /// The label in the System Console.
    pub(super) fn label(&self) -> &str {
        let label = self.display_name.trim_end_matches(':');
        if label.is_empty() { &self.key } else { label }
    }
}

/// A schema for tests, with a setting of each type.
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(super) fn example() -> Schema {
    let schema: Schema = serde_json::from_value(serde_json::json!({"settings": [
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
            assert!(schema.askable(key).is_some(), "{key}");
        }
        for key in ["Many", "", "Nothing", "Own"] {
            assert!(schema.askable(key).is_none(), "{key}");
        }
        assert_eq!(schema.askable_keys().collect::<Vec<_>>(), ["Home", "Token"]);
        for key in ["Nothing", "Own"] {
            assert!(self::schema().allow(vec![key.to_owned()]).is_err(), "{key}");
        }
    }

    #[test]
    fn a_setting_that_is_also_in_a_section_is_one_setting_with_the_sections_texts() {
        let schema: Schema = serde_json::from_value(json!({
            "settings": [
                {"key": "Token", "type": "text", "secret": true},
                {"key": "Color", "type": "dropdown"},
            ],
            "sections": [
                {"key": "look", "settings": [{
                    "key": "Color", "type": "dropdown", "display_name": "Color:",
                    "options": [{"display_name": "Red", "value": "red"}],
                }]},
                {"key": "empty"},
                {"key": "login", "settings": [
                    {"key": "Token", "type": "text", "display_name": "Token:", "help_text": "Keep it."},
                    {"key": "New", "type": "bool"},
                ]},
            ],
        }))
        .unwrap();
        let keys: Vec<_> = schema.settings.iter().map(|one| &*one.key).collect();
        assert_eq!(keys, ["Token", "Color", "New"]);
        let token = schema.find("token").unwrap();
        assert!(token.secret);
        assert_eq!((token.label(), &*token.help_text), ("Token", "Keep it."));
        assert_eq!(schema.find("Color").unwrap().options.len(), 1);
    }
}
