//! The embedded `plugin.json`: the identity of the plugin, its settings, and its policy.

use serde::Deserialize;
use thiserror::Error;

use crate::policy::{Policy, PolicyError, RawPolicy};
use crate::settings::Schema;

/// The parts of the manifest that the host uses. The server uses the rest.
#[derive(Debug)]
pub struct Manifest {
    /// The plugin's ID, such as `zoom`.
    pub id: String,
    /// The bundle's version, or empty in a development build.
    pub version: String,
    /// `props.sandbox`.
    pub policy: Policy,
    /// `settings_schema`, and which of its settings a component may ask for.
    pub(crate) settings: Schema,
}

/// The manifest is invalid.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is not JSON, or not a manifest.
    #[error("plugin.json cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A host rule names a setting that does not exist.
    #[error(
        "plugin.json, props.sandbox: `setting:{0}` is not among the settings of settings_schema"
    )]
    UnknownSetting(String),
    /// The policy lists earlier values of a setting that does not exist.
    #[error(
        "plugin.json, props.sandbox, previous_settings: `{0}` is not among the settings of settings_schema"
    )]
    UnknownPreviousSetting(String),
    /// The policy lets the component ask for a setting that does not exist, that no form can contain, or that a host rule names.
    #[error(
        "plugin.json, props.sandbox: a component cannot ask for the setting `{0}`: it is not in settings_schema, no form \
         can contain it, or a host rule names it"
    )]
    NotAskable(String),
    /// `props.sandbox` is invalid.
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

#[derive(Deserialize)]
struct Props {
    sandbox: RawPolicy,
}

impl Manifest {
    /// Parses the text of a `plugin.json`.
    ///
    /// # Errors
    ///
    /// When it is not a manifest, or its policy has an unknown key or an invalid value.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut raw: Raw = serde_json::from_str(text)?;
        let asked = std::mem::take(&mut raw.props.sandbox.settings);
        let policy = Policy::validate(raw.props.sandbox)?;
        policy.check_kinds(&raw.id)?;
        let mut settings = raw.settings_schema;
        let mut previous = policy.previous_settings().iter();
        if let Some(name) = previous.find(|name| !settings.has(name)) {
            return Err(ManifestError::UnknownPreviousSetting(name.clone()));
        }
        if let Some(name) = policy.settings().find(|name| !settings.has(name)) {
            return Err(ManifestError::UnknownSetting(name.to_owned()));
        }
        // Such a setting decides which hosts may be reached, so the component must not ask for it.
        let named = |key: &&String| policy.settings().any(|name| name.eq_ignore_ascii_case(key));
        if let Some(key) = asked.iter().find(named) {
            return Err(ManifestError::NotAskable(key.clone()));
        }
        settings.allow(asked).map_err(ManifestError::NotAskable)?;
        Ok(Self {
            id: raw.id,
            version: raw.version,
            policy,
            settings,
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
    fn duplicate_keys_are_rejected() {
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
    fn a_component_cannot_ask_for_a_setting_that_decides_what_it_may_reach() {
        let manifest = |asked: &str| {
            let limits = r#"{"memory_mib": 1, "seconds": 1, "host_calls": 1}"#;
            Manifest::parse(&format!(
                r#"{{"id": "x", "settings_schema": {{"settings": [{{"key": "Home", "type": "text"}},
                    {{"key": "Token", "type": "text"}}, {{"key": "Own", "type": "custom"}}]}},
                    "props": {{"sandbox": {{"http": {{"hosts": ["setting:Home"]}}, "concurrent_events": 1,
                    "settings": ["{asked}"],
                    "limits": {{"request": {limits}, "command": {limits}, "lifecycle": {limits}}}}}}}}}"#
            ))
        };
        let parsed = manifest("Token").unwrap();
        assert_eq!(
            parsed.settings.askable_keys().collect::<Vec<_>>(),
            ["Token"]
        );
        for key in ["Home", "home", "Own", "Nothing"] {
            let error = manifest(key).unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")), "{error}");
        }
    }

    #[test]
    fn kinds_of_posts_belong_to_this_plugin() {
        let limits = r#"{"memory_mib": 1, "seconds": 1, "host_calls": 1}"#;
        let parse = |posts: &str| {
            Manifest::parse(&format!(
                r#"{{"id": "x", "props": {{"sandbox": {{"http": {{"hosts": []}}, "concurrent_events": 1,
                "posts": {posts},
                "limits": {{"request": {limits}, "command": {limits}, "lifecycle": {limits}}}}}}}}}"#
            ))
        };
        let adopt = |kind: &str| {
            format!(r#"{{"adopt": [{{"kind": "{kind}", "record": "a_{{b}}", "holds": "id"}}]}}"#)
        };
        assert!(parse(r#"{"kinds": ["custom_x", "custom_x_poll"]}"#).is_ok());
        assert!(parse(&adopt("custom_x")).is_ok());
        for posts in [r#"{"kinds": ["custom_other"]}"#, &adopt("custom_other")] {
            let error = parse(posts).unwrap_err().to_string();
            assert!(error.contains("custom_other"), "{error}");
        }
    }

    #[test]
    fn a_host_rule_names_an_existing_setting() {
        assert!(manifest("setting:Home").is_ok());
        let error = manifest("setting:Hmoe").unwrap_err().to_string();
        assert!(error.contains("setting:Hmoe"), "{error}");
    }

    #[test]
    fn earlier_values_are_those_of_existing_settings() {
        let limits = r#"{"memory_mib": 1, "seconds": 1, "host_calls": 1}"#;
        let parse = |key: &str| {
            Manifest::parse(&format!(
                r#"{{"id": "x", "settings_schema": {{"settings": [{{"key": "Seal", "type": "generated"}}]}},
                "props": {{"sandbox": {{"http": {{"hosts": []}}, "concurrent_events": 1, "previous_settings": ["{key}"],
                "limits": {{"request": {limits}, "command": {limits}, "lifecycle": {limits}}}}}}}}}"#
            ))
        };
        assert!(parse("Seal").is_ok());
        let error = parse("Saal").unwrap_err().to_string();
        assert!(error.contains("`Saal`"), "{error}");
    }
}
