//! The real peers of the plugin, and what drives them.
//!
//! A plugin is proved where it will live: on a Mattermost server built from its own sources
//! ([`server`]), over a real database ([`postgres`]), uploaded and configured as an administrator
//! would ([`client`], [`websocket`]). Only Zoom cannot be reached from a test, so a mock Zoom server
//! speaks its documented API over TLS ([`zoom`]). A [`site::Site`] is all of them together, and [`story`]
//! is what a person does with them: the demo prints it, the tests assert it. [`bench`] compares bundles on
//! one of them.
//!
//! Everything listens on loopback only, lives in a temporary folder, and ends with the process that
//! started it, however that process ends ([`process`]). Waiting is always for a condition, with a
//! generous cap; nothing sleeps for a guessed while.

pub mod bench;
pub mod client;
pub mod conformance;
pub mod parking;
pub mod postgres;
pub mod process;
pub mod server;
pub mod site;
pub mod story;
pub mod websocket;
pub mod zoom;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How a long step tells what it is doing, one line at a time.
pub type Progress<'a> = &'a mut dyn FnMut(&str);

/// The folder that holds `Cargo.toml` and `plugin.json`.
pub fn workspace_root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = here.canonicalize().unwrap_or_else(|_| here.to_path_buf());
    here.parent().map_or(here.clone(), Path::to_path_buf)
}

/// Where things are kept that are slow to make, such as the server's executable.
pub fn cache_folder() -> PathBuf {
    workspace_root().join(".cache")
}

/// Where cargo puts what it builds.
pub fn target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    workspace_root().join(named.unwrap_or_else(|| PathBuf::from("target")))
}

/// There is no bundle to test.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// `PLUGIN_BUNDLE` names a file that is not there.
    #[error("PLUGIN_BUNDLE names {0}, which does not exist")]
    Named(PathBuf),
    /// The target folder holds none.
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
