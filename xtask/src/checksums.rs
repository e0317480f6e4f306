//! `SHA256SUMS`: the checksums of the published files, for `sha256sum -c`.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::error::{Error, at};

/// The file's name.
pub const NAME: &str = "SHA256SUMS";

/// Writes the checksums of files in one folder into that folder, sorted by name.
pub fn write(folder: &Path, files: &[PathBuf]) -> Result<PathBuf, Error> {
    let mut lines = Vec::new();
    for file in files {
        let content = fs::read(file).map_err(at(file))?;
        let name = file.file_name().unwrap_or(file.as_os_str());
        lines.push((name.to_string_lossy().into_owned(), sum(&content)));
    }
    lines.sort();
    let text: String = lines
        .into_iter()
        // The asterisk says that the file is read as bytes.
        .map(|(name, sum)| format!("{sum} *{name}\n"))
        .collect();
    let path = folder.join(NAME);
    fs::write(&path, text).map_err(at(&path))?;
    Ok(path)
}

/// The SHA-256 of some bytes, in hexadecimal.
fn sum(content: &[u8]) -> String {
    hexadecimal(&Sha256::digest(content))
}

/// Two digits for each byte.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
