//! Loads the embedded image of the component.

use memmap2::MmapMut;
use ring::digest::{SHA256, digest};
use tokio::sync::oneshot;
use zlib_rs::{InflateConfig, ReturnCode, decompress_slice};

use crate::policy::Policy;
use crate::sandbox::{Component, max_concurrent_events};
use crate::signing::encoding::hex;

/// The largest decompressed image, in bytes.
const IMAGE_LIMIT: usize = 64 * 1024 * 1024;

/// Decompresses and loads the embedded image, which is its length followed by zlib data. Compression saves two thirds of the
/// file. The engine copies the decompressed image, so it is in a separate mapping that is returned to the system as a
/// whole.
pub(super) fn load(
    embedded: &'static [u8],
    target: &str,
    policy: &Policy,
) -> Result<Component, String> {
    let damaged = || "the embedded image is damaged".to_owned();
    let (length, compressed) = embedded.split_first_chunk().ok_or_else(damaged)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| damaged())?;
    if length > IMAGE_LIMIT {
        return Err(damaged());
    }
    let mut image = MmapMut::map_anon(length)
        .map_err(|error| format!("no memory for the embedded image: {error}"))?;
    let (filled, result) = decompress_slice(&mut image, compressed, InflateConfig::default());
    if result != ReturnCode::Ok || filled.len() != length {
        return Err(damaged());
    }
    release_pages(compressed);
    Component::load(&image, target, max_concurrent_events(policy))
        .map_err(|error| error.to_string())
}

/// The SHA-256 of the embedded image, in hexadecimal digits. It identifies the component, its compiler, and the target.
pub(super) fn checksum(embedded: &'static [u8]) -> String {
    let sum = hex(digest(&SHA256, embedded).as_ref());
    release_pages(embedded);
    sum
}

/// Returns the pages of the compressed image, about a megabyte, to the system. If they are read again, the system loads
/// them from the executable.
///
/// Exception to `deny(unsafe_code)`: the call changes which pages are in memory, but not their contents.
///
/// Safety: the pages are read-only data of the executable, so the file has the same contents.
#[allow(unsafe_code)]
fn release_pages(bytes: &'static [u8]) {
    #[cfg(target_os = "linux")]
    {
        // If pages are larger than this, the system refuses the call, and they stay in memory.
        const PAGE: usize = 4096;
        let skipped = bytes.as_ptr().align_offset(PAGE);
        let whole = bytes.get(skipped..).unwrap_or_default();
        let length = whole.len() / PAGE * PAGE;
        let start = whole.as_ptr().cast_mut().cast();
        let _ = unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = bytes;
}

/// Loads on a separate thread, while the server connects and makes its first calls.
pub(super) fn start_loading(
    image: &'static [u8],
    target: &str,
    policy: &Policy,
) -> Result<oneshot::Receiver<Result<Component, String>>, String> {
    let (loaded, loading) = oneshot::channel();
    let (target, policy) = (target.to_owned(), policy.clone());
    let thread = std::thread::Builder::new().name("load".to_owned());
    let started = thread.spawn(move || {
        // Nothing waits for the result if the server has disconnected.
        let _ = loaded.send(load(image, &target, &policy));
    });
    started.map_err(|error| format!("no thread to load the component on: {error}"))?;
    Ok(loading)
}
