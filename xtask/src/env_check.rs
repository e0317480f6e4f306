//! Checks that nothing on the machine changes the published bytes.
//!
//! A release is built from the sources alone, so environment variables and cargo configuration that affect compiling or
//! linking are errors. `FINE` lists the harmless configuration keys: a new cargo key is refused until it is listed.
//! The compiler must have the version of `rust-toolchain.toml`, see `toolchain`.

use std::io::ErrorKind::{NotADirectory, NotFound};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use fs_err as fs;

use crate::run::root;
use crate::toolchain;

/// Variables of cargo, rustc, and C compilers that change what is compiled or linked.
const NAMES: &str =
    "AR CC CPATH C_INCLUDE_PATH RUSTC RUSTC_WORKSPACE_WRAPPER RUSTC_WRAPPER SDKROOT";

/// The prefixes of more such variables.
const BEGINNINGS: &str = "AR_ CARGO_BUILD_ CARGO_ENCODED_RUSTFLAGS CARGO_HOST_ CARGO_PROFILE_ CARGO_TARGET_ \
    CARGO_UNSTABLE_ CARGO_ZIGBUILD_ CC_ CFLAGS CRATE_CC_NO_DEFAULTS RANLIB_ RUSTC_BOOTSTRAP \
    RUSTFLAGS TARGET_ ZIG";

/// Harmless variables with such a prefix.
const HARMLESS: &str = "CARGO_BUILD_JOBS CARGO_TARGET_DIR CARGO_TARGET_TMPDIR";

/// Variables that replace `.cargo/rustc-without-paths`, even if they are empty.
const WRAPPERS: [&str; 2] = ["RUSTC_WRAPPER", "CARGO_BUILD_RUSTC_WRAPPER"];

/// The names of cargo's configuration file.
pub const FILES: [&str; 2] = ["config.toml", "config"];

/// Keys that may be set in it: package sources, network, and output.
const FINE: &str = "alias cargo-new credential-alias doc future-incompat-report http install net registries registry \
    source term";

/// Fails if a variable replaces the compiler wrapper, without which nothing links.
pub fn check_wrapper() -> Result<()> {
    for name in WRAPPERS {
        ensure!(
            std::env::var_os(name).is_none(),
            "{name} replaces .cargo/rustc-without-paths, without which the executable cannot be linked: unset it, run \
             `cargo clean`, and build again"
        );
    }
    Ok(())
}

/// Fails if something would change the published bytes.
pub fn check() -> Result<()> {
    for (name, value) in std::env::vars_os() {
        let [name, value] = [&name, &value].map(|text| text.to_string_lossy());
        let harmless = !is_flag(&name, &value);
        ensure!(
            harmless,
            "{name} changes the published bytes: unset it and build again"
        );
    }
    let root = root();
    let own = fs::read(root.join(".cargo/config.toml")).unwrap_or_default();
    let above = root.ancestors().skip(1);
    let mut folders: Vec<_> = above.map(|folder| folder.join(".cargo")).collect();
    folders.push(home_of_cargo()?);
    for folder in folders {
        check_configuration(&folder, &own)?;
    }
    toolchain::check_version()
}

/// Whether a variable changes the published bytes.
fn is_flag(name: &str, value: &str) -> bool {
    // Releases are not built incrementally, and 0 says the same.
    if name == "CARGO_INCREMENTAL" {
        return value != "0";
    }
    let is_in = |words: &str| words.split(' ').any(|word| word == name);
    let begins = BEGINNINGS.split(' ').any(|start| name.starts_with(start));
    is_in(NAMES) || (begins && !is_in(HARMLESS))
}

/// Cargo's home folder.
pub fn home_of_cargo() -> Result<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = set("CARGO_HOME").map(PathBuf::from);
    let usual = || set("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    let home = home.or_else(usual);
    home.context("neither CARGO_HOME nor HOME is set: set one of them")
}

/// Fails if cargo's configuration in a folder changes the published bytes. A copy of the checkout's own file is fine,
/// because `reproduce` builds a clone below the checkout.
pub fn check_configuration(folder: &Path, own: &[u8]) -> Result<()> {
    for name in FILES {
        let path = folder.join(name);
        let content = match fs::read(&path) {
            Ok(content) if content != own => content,
            Err(error) if ![NotFound, NotADirectory].contains(&error.kind()) => bail!(error),
            _ => continue,
        };
        if let Some(key) = foreign(&String::from_utf8_lossy(&content)) {
            bail!(
                "{}: {key} may change the published bytes: move that file away while you build, or keep only these \
                 keys: {}",
                path.display(),
                FINE.replace(' ', ", ")
            );
        }
    }
    Ok(())
}

/// The first key of a configuration that is not known to be harmless.
fn foreign(text: &str) -> Option<String> {
    let Ok(table) = text.parse::<toml::Table>() else {
        return Some("a line that is not TOML".to_owned());
    };
    let mut keys = table.keys();
    let key = keys.find(|key| !FINE.split(' ').any(|fine| fine == *key))?;
    Some(format!("`{key}`"))
}

#[cfg(test)]
#[path = "../tests/unit/env_check.rs"]
mod tests;
