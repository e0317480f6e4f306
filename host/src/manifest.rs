//! The embedded `plugin.json`: who the plugin is and what it may do.

use serde::Deserialize;
use thiserror::Error;

use crate::policy::{self, Policy, PolicyError};

/// What the host reads of the manifest. The rest is the server's business.
#[derive(Debug)]
pub struct Manifest {
    /// The plugin's id, such as `zoom`.
    pub id: String,
    /// The bundle's version, or empty in a development build.
    pub version: String,
    /// `props.sandbox`.
    pub policy: Policy,
}

/// Why a manifest is of no use.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// Not JSON, or not shaped like a manifest.
    #[error("plugin.json cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A host rule names a setting that nobody can enter.
    #[error(
        "plugin.json, props.sandbox: `setting:{0}` is not among the settings of settings_schema"
    )]
    Setting(String),
    /// `props.sandbox` is wrong.
    #[error("plugin.json, props.sandbox: {0}")]
    Policy(#[from] PolicyError),
}

#[derive(Deserialize)]
struct Raw {
    id: String,
    #[serde(default)]
    version: String,
    props: Props,
    #[serde(default)]
    settings_schema: Schema,
}

#[derive(Default, Deserialize)]
struct Schema {
    #[serde(default)]
    settings: Vec<Setting>,
}

#[derive(Deserialize)]
struct Setting {
    key: String,
}

#[derive(Deserialize)]
struct Props {
    sandbox: policy::Raw,
}

impl Manifest {
    /// Reads the text of a `plugin.json`.
    ///
    /// # Errors
    ///
    /// When it is not a manifest, or its policy has a key or value that is not known.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let raw: Raw = serde_json::from_str(text)?;
        let policy = Policy::checked(raw.props.sandbox)?;
        let known = raw.settings_schema.settings;
        let missing = policy
            .settings()
            .find(|name| !known.iter().any(|setting| setting.key == *name));
        if let Some(name) = missing {
            return Err(ManifestError::Setting(name.to_owned()));
        }
        Ok(Self {
            id: raw.id,
            version: raw.version,
            policy,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(rule: &str) -> Result<Manifest, ManifestError> {
        let limits = r#"{"memory_mib": 1, "seconds": 1, "host_calls": 1}"#;
        Manifest::parse(&format!(
            r#"{{"id": "x", "settings_schema": {{"settings": [{{"key": "Home", "type": "text"}}]}},
                "props": {{"sandbox": {{"http": {{"hosts": ["{rule}"]}}, "concurrent_events": 1,
                "limits": {{"request": {limits}, "command": {limits}, "lifecycle": {limits}}}}}}}}}"#
        ))
    }

    #[test]
    fn what_stands_there_twice_is_refused() {
        let text = |twice: &str| {
            let limits = r#"{"memory_mib": 1, "seconds": 1, "host_calls": 1}"#;
            format!(
                r#"{{"id": "x", "props": {{"sandbox": {{"http": {{"hosts": []{twice}}}, "concurrent_events": 1,
                "limits": {{"request": {limits}, "command": {limits}, "lifecycle": {limits}}}}}}}}}"#
            )
        };
        assert!(Manifest::parse(&text("")).is_ok());
        let error = Manifest::parse(&text(r#", "hosts": ["https://a.example"]"#)).unwrap_err();
        assert!(
            error.to_string().contains("duplicate field `hosts`"),
            "{error}"
        );
    }

    #[test]
    fn a_rule_names_only_a_setting_that_there_is() {
        assert!(manifest("setting:Home").is_ok());
        let error = manifest("setting:Hmoe").unwrap_err().to_string();
        assert!(error.contains("setting:Hmoe"), "{error}");
    }
}
