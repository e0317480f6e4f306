//! The embedded `plugin.json`: who the plugin is and what it may do.

use serde::Deserialize;
use thiserror::Error;

use crate::policy::{Policy, PolicyError};

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
}

#[derive(Deserialize)]
struct Props {
    sandbox: serde_json::Value,
}

impl Manifest {
    /// Reads the text of a `plugin.json`.
    ///
    /// # Errors
    ///
    /// When it is not a manifest, or its policy has a key or value that is not known.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let raw: Raw = serde_json::from_str(text)?;
        Ok(Self {
            id: raw.id,
            version: raw.version,
            policy: Policy::parse(raw.props.sandbox)?,
        })
    }
}
