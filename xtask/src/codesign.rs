//! Checks the ad hoc signature in an executable for macOS.
//!
//! macOS kills a process whose signature does not match ("killed: 9"), and on Apple silicon one without a signature. The
//! linker signs, but a later change to the file, such as stripping it, breaks the signature. So this compares the hash of
//! each page with the signature, as the system does. The layout is that of Apple's `cs_blobs.h`, with big-endian numbers.

use anyhow::{Context as _, Result, ensure};
use sha2::{Digest as _, Sha256};

/// The magic numbers of the outer blob and of the code directory in it.
const SIGNATURE: u32 = 0xfade_0cc0;
const CODE_DIRECTORY: u32 = 0xfade_0c02;
/// The slot type of the code directory.
const CODE_DIRECTORY_SLOT: u32 = 0;
/// The flag of an ad hoc signature.
const AD_HOC: u32 = 2;
/// Length and type of a SHA-256 hash.
const HASH: [u8; 2] = [32, 2];
/// Pages of 4 and 16 KiB, as powers of two.
const PAGES: [u8; 2] = [12, 14];

/// Checks the signature at `place`.
pub fn check(file: &[u8], place: usize, length: usize) -> Result<()> {
    let end = place.checked_add(length).filter(|end| *end == file.len());
    let signature = end.and_then(|end| file.get(place..end));
    let signature = signature.context("its signature is not at the end of it")?;
    let directory = directory(signature).context("its signature has no code directory")?;
    let field = |place| number(directory, place).context("its code directory is cut off");
    let [hashes, pages, limit] = [size(field(16)?), size(field(28)?), size(field(32)?)];
    let [hash_size, hash_kind, _, page] = field(36)?.to_be_bytes();
    ensure!(field(12)? & AD_HOC != 0, "its signature is not ad hoc");
    let known_kind = [hash_size, hash_kind] == HASH && PAGES.contains(&page);
    ensure!(
        known_kind,
        "its signature has hashes of kind {hash_kind}, pages of 2^{page}"
    );
    ensure!(
        limit == place,
        "its signature is for {limit} bytes, and {place} are before it"
    );
    let chunks = file.get(..limit).unwrap_or_default().chunks(1 << page);
    let hashes = directory.get(hashes..).unwrap_or_default();
    let known = hashes.chunks_exact(usize::from(hash_size)).take(pages);
    let (signed, pages) = (known.len(), chunks.len());
    ensure!(
        signed == pages,
        "its signature has {signed} pages of {pages}"
    );
    for (number, (page, hash)) in chunks.zip(known).enumerate() {
        let same = Sha256::digest(page).as_slice() == hash;
        ensure!(same, "its page {number} is not the one that was signed");
    }
    Ok(())
}

/// The code directory of a signature.
fn directory(signature: &[u8]) -> Option<&[u8]> {
    let signature = blob(signature, SIGNATURE)?;
    let count = size(number(signature, 8)?);
    let entries = signature.get(12..)?.chunks_exact(8).take(count);
    let mut wanted = entries.filter(|entry| number(entry, 0) == Some(CODE_DIRECTORY_SLOT));
    let place = size(number(wanted.next()?, 4)?);
    blob(signature.get(place..)?, CODE_DIRECTORY)
}

/// The blob of this kind at the start of `bytes`.
fn blob(bytes: &[u8], kind: u32) -> Option<&[u8]> {
    let length = size(number(bytes, 4)?);
    let is = number(bytes, 0)? == kind;
    is.then(|| bytes.get(..length)).flatten()
}

fn number(bytes: &[u8], place: usize) -> Option<u32> {
    let bytes = bytes.get(place..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes))
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "../tests/unit/codesign.rs"]
mod tests;
