//! Saves settings.
//!
//! The server masks secrets in the stored settings (`GetPluginConfig`), but not in the settings that it loads for the plugin
//! (`LoadPluginConfiguration`), which also contain the manifest's defaults. The first says which settings are stored, the
//! second says their values. A masked value must never be saved.

use std::collections::BTreeMap;

use mattermost_plugin_rpc::mattermost::{Any, Api, ApiError};
use serde_json::{Map, Value};

use super::form::{is_mask, random_value};
use super::schema::{Schema, Setting};

/// Settings were not saved.
#[derive(Debug)]
pub(crate) enum SaveError {
    /// The configuration of the server is read-only.
    ReadOnly,
    /// The secret with this label is stored as asterisks.
    Masked(String),
    /// The setting already has a value.
    HasValue,
    /// The server's error.
    Api(String),
}

impl From<ApiError> for SaveError {
    fn from(error: ApiError) -> Self {
        match error.status() {
            Some(403) => Self::ReadOnly,
            _ => Self::Api(error.to_string()),
        }
    }
}

/// Loads the settings for the plugin: not masked, keys in lower case.
async fn load(api: &dyn Api) -> Result<Map<String, Value>, SaveError> {
    let loaded = api.load_plugin_configuration().await;
    let loaded = loaded.map_err(|error| SaveError::Api(error.to_string()))?;
    if loaded.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&loaded).map_err(|error| SaveError::Api(error.to_string()))
}

/// Changes these settings, by keys in lower case, and keeps all others.
///
/// # Errors
///
/// When the server does not save them, or a secret would be lost.
pub(crate) async fn save(
    api: &dyn Api,
    schema: &Schema,
    changes: BTreeMap<String, Value>,
) -> Result<(), SaveError> {
    let stored = api.get_plugin_config().await;
    let stored = stored.map_err(|error| SaveError::Api(error.to_string()))?;
    let merged = schema
        .merged(stored, load(api).await?, changes)
        .map_err(SaveError::Masked)?;
    api.save_plugin_config(merged)
        .await
        .map_err(SaveError::from)
}

/// Generates a value for an empty setting of the type `generated`.
///
/// # Errors
///
/// When the setting has a value, or the value cannot be saved.
pub(crate) async fn fill_generated(
    api: &dyn Api,
    schema: &Schema,
    setting: &Setting,
) -> Result<(), SaveError> {
    let loaded = load(api).await?;
    let is_empty = match loaded.get(&setting.lower_key()) {
        None | Some(Value::Null) => true,
        Some(value) => value.as_str().is_some_and(str::is_empty),
    };
    if !is_empty {
        return Err(SaveError::HasValue);
    }
    let value = Value::String(random_value().map_err(SaveError::Api)?);
    save(api, schema, BTreeMap::from([(setting.lower_key(), value)])).await
}

impl Schema {
    /// All settings to save when these change. Keys are in lower case.
    ///
    /// # Errors
    ///
    /// The label of a secret whose value is masked.
    fn merged(
        &self,
        stored: BTreeMap<String, Any>,
        mut loaded: Map<String, Value>,
        changes: BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, Any>, String> {
        let mut merged = BTreeMap::new();
        for (key, value) in stored {
            let Some(setting) = self.find(&key) else {
                // Not in this manifest: keep it.
                merged.insert(key, value);
                continue;
            };
            let lower = setting.lower_key();
            // Drop other spellings of the key.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::schema::example as schema;
    use serde_json::json;

    #[test]
    fn a_change_keeps_other_settings_and_one_spelling_of_each_key() {
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
