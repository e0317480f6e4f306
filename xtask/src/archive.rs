//! The archive of a bundle. The same files give the same bytes: entries are sorted and have no owner and no time.

use std::path::Path;

use anyhow::{Result, ensure};
use fs_err as fs;
use libdeflater::{CompressionLvl, Compressor};

/// One file of the bundle.
#[derive(Clone)]
pub struct Entry {
    name: String,
    mode: u32,
    content: Vec<u8>,
}

impl Entry {
    /// A program.
    pub fn program(name: &str, content: Vec<u8>) -> Self {
        Self {
            mode: 0o755,
            ..Self::file(name, content)
        }
    }

    /// A file that is not a program.
    pub fn file(name: &str, content: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            mode: 0o644,
            content,
        }
    }

    /// A file on disk.
    pub fn read(name: &str, path: &Path) -> Result<Self> {
        Ok(Self::file(name, fs::read(path)?))
    }

    /// The files in a folder on disk.
    pub fn read_folder(name: &str, path: &Path) -> Result<Vec<Self>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(path)?.flatten() {
            let path = entry.path();
            ensure!(
                !path.is_dir(),
                "{}: this is a folder, and only files are packed from the one above: move what is in it there, or \
                 remove it",
                path.display()
            );
            let name = format!("{name}/{}", entry.file_name().to_string_lossy());
            entries.push(Self::read(&name, &path)?);
        }
        Ok(entries)
    }
}

/// Packs files below a folder of that name. The same files give the same bytes.
pub fn pack(prefix: &str, mut entries: Vec<Entry>) -> Result<Vec<u8>> {
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let mut archive = tar::Builder::new(Vec::new());
    for entry in entries {
        let mut header = tar::Header::new_gnu();
        header.set_mode(entry.mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(entry.content.len() as u64);
        let name = format!("{prefix}{}", entry.name);
        archive.append_data(&mut header, name, entry.content.as_slice())?;
    }
    // The gzip data has no name and no time.
    let archive = archive.into_inner()?;
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut packed = vec![0; compressor.gzip_compress_bound(archive.len())];
    let length = compressor.gzip_compress(&archive, &mut packed)?;
    packed.truncate(length);
    Ok(packed)
}

#[cfg(test)]
#[path = "../tests/unit/archive.rs"]
mod tests;
