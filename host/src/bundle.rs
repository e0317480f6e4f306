//! Files of the bundle, in the folder where the server unpacked it.
#![expect(
    clippy::disallowed_types,
    reason = "reads the bot's picture from the bundle"
)]

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a file of the bundle. `file` is relative to `folder`.
///
/// # Errors
///
/// When it cannot be read, or is larger than `limit` bytes.
pub(crate) fn read(folder: &str, file: &str, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let opened = File::open(Path::new(folder).join(file))?;
    opened.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = env!("CARGO_MANIFEST_DIR");
        let content = read(folder, "Cargo.toml", 1 << 20).unwrap();
        let size = content.len() as u64;
        assert!(content.starts_with(b"["));
        assert_eq!(read(folder, "Cargo.toml", size).unwrap(), content);
        assert!(read(folder, "Cargo.toml", size - 1).is_err());
        assert!(read(folder, "no such file", size).is_err());
    }
}
