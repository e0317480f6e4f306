//! Checks that a part of the bundle does not contain the folders it was built in.
//!
//! Such a part differs on every machine. `.cargo/rustc-without-paths` removes the folders; they return if a part is older
//! than that file, because cargo does not rebuild for it.

use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;

use crate::run::{root, target, variable};

/// Warns if a file contains this machine's paths; fails if the file is published.
pub fn check(part: &Path, published: bool) -> Result<()> {
    let content = fs::read(part)?;
    let home = variable("HOME").map(|home| format!("{home}/.cargo"));
    let own = [target(), root()].map(|folder| Some(folder.display().to_string()));
    let folders = [variable("CARGO_HOME"), home].into_iter().chain(own);
    let Some(folder) = folders.flatten().find(|folder| names(&content, folder)) else {
        return Ok(());
    };
    let text = format!(
        "{} names {folder}, so other machines cannot build the same bytes: run `cargo clean` and build again",
        part.display()
    );
    ensure!(!published, text);
    println!("warning: {text}");
    Ok(())
}

/// Whether the bytes contain a path in a folder.
fn names(content: &[u8], folder: &str) -> bool {
    let prefix = format!("{}/", folder.trim_end_matches('/'));
    let mut windows = content.windows(prefix.len());
    prefix.len() > 1 && windows.any(|window| window == prefix.as_bytes())
}

#[cfg(test)]
#[path = "../tests/unit/path_leaks.rs"]
mod tests;
