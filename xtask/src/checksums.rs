//! `SHA256SUMS`: the checksums of the published files, for `sha256sum -c`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::run::output;

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// Writes the checksums of files in one folder into that folder, sorted by name.
pub fn write(folder: &Path, files: &[PathBuf]) -> Result<PathBuf> {
    let mut names: Vec<_> = files.iter().filter_map(|file| file.file_name()).collect();
    names.sort();
    let mut sha256sum = Command::new("sha256sum");
    let sums = output(sha256sum.arg("--binary").args(names).current_dir(folder))?;
    let path = folder.join(NAME);
    fs_err::write(&path, sums + "\n")?;
    Ok(path)
}
