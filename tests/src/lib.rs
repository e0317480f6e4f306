//! The real servers that the plugin is tested with.
//!
//! The plugin runs on a Mattermost server that is built from its sources ([`server`]), with a real database
//! ([`postgres`]), and is uploaded and configured as by an administrator ([`client`], [`websocket`]). Tests cannot
//! reach Zoom, so a mock Zoom server implements its documented API over TLS ([`zoom`]). A [`site::Site`] is all of
//! these servers together. [`scenario`] is the main use of the plugin: the [`demo`] prints it, and the tests check it.
//! [`bench`] compares bundles on a site.
//!
//! All servers listen on loopback only, use a temporary folder, and end with the process that started them, however
//! that process ends ([`process`]). Tests wait for conditions with a generous timeout, and never for a fixed time.

pub mod bench;
pub mod client;
pub mod conformance;
pub mod demo;
pub mod postgres;
pub mod process;
pub mod scenario;
pub mod server;
pub mod site;
pub mod websocket;
pub mod write_pause;
pub mod zoom;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Reports the progress of a long step, one line at a time.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// The folder that holds `Cargo.toml` and `plugin.json`.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = here.canonicalize().unwrap_or_else(|_| here.to_path_buf());
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// The folder for files that are slow to build, such as the server's executable.
pub fn cache_folder() -> PathBuf {
    workspace_root().join(".cache")
}

/// Cargo's target folder.
pub fn target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    workspace_root().join(named.unwrap_or_else(|| PathBuf::from("target")))
}

/// There is no bundle to test.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// `PLUGIN_BUNDLE` names a missing file.
    #[error("PLUGIN_BUNDLE names {0}, which does not exist")]
    Named(PathBuf),
    /// The target folder contains no bundle.
    #[error("no bundle in {0}: run `cargo xtask dist --here` first, or set PLUGIN_BUNDLE to one")]
    None(PathBuf),
}

/// The bundle under test: the one `PLUGIN_BUNDLE` names, else the newest `target/bundle/zoom-*.tar.gz`.
pub fn bundle() -> Result<PathBuf, BundleError> {
    if let Some(named) = std::env::var_os("PLUGIN_BUNDLE") {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(BundleError::Named(named))
        };
    }
    let folder = target_folder().join("bundle");
    let newest = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("zoom-") && name.ends_with(".tar.gz")
        })
        .max_by_key(|entry| {
            let changed = entry.metadata().and_then(|data| data.modified());
            changed.unwrap_or(SystemTime::UNIX_EPOCH)
        });
    newest
        .map(|entry| entry.path())
        .ok_or(BundleError::None(folder))
}
