//! Checks that a part of the bundle does not contain the folders it was built in.
//!
//! Such a part differs on every machine. `.cargo/rustc-without-paths` removes the folders; they return if a part is older
//! than that file, because cargo does not rebuild for it.

use std::fs;
use std::path::Path;

use crate::error::{Error, at};
use crate::run::{root, target};

/// Warns if a file contains this machine's paths; fails if the file is published.
pub fn check(part: &Path, published: bool) -> Result<(), Error> {
    let content = fs::read(part).map_err(at(part))?;
    let cargo = std::env::var("CARGO_HOME").ok();
    let home = std::env::var("HOME")
        .ok()
        .map(|home| format!("{home}/.cargo"));
    let own = [target(), root()].map(|folder| Some(folder.display().to_string()));
    let folders = [cargo, home].into_iter().chain(own).flatten();
    let folders: Vec<String> = folders.collect();
    let Some(folder) = named(&content, &folders) else {
        return Ok(());
    };
    let text = format!(
        "{} names {folder}, so other machines cannot build the same bytes: run `cargo clean` and build again",
        part.display()
    );
    if published {
        return Err(Error::Needed(text));
    }
    println!("warning: {text}");
    Ok(())
}

/// The first of the folders whose path the bytes contain.
fn named<'a>(content: &[u8], folders: &'a [String]) -> Option<&'a str> {
    let within = |folder: &&String| {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        prefix.len() > 1 && find(content, prefix.as_bytes())
    };
    folders.iter().find(within).map(String::as_str)
}

fn find(content: &[u8], wanted: &[u8]) -> bool {
    content.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
#[path = "../tests/unit/path_leaks.rs"]
mod tests;
