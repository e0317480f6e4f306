//! Loads the embedded image of the component.

use memmap2::MmapMut;
use tokio::sync::oneshot;
use zlib_rs::{InflateConfig, ReturnCode, decompress_slice};

use crate::policy::Policy;
use crate::sandbox::{Component, max_concurrent_events};

/// The largest decompressed image, in bytes.
const IMAGE_LIMIT: usize = 64 * 1024 * 1024;

/// Decompresses and loads the embedded image, which is its length followed by zlib data. Compression saves two thirds of the
/// file. The engine copies the decompressed image, so it is in a mapping of its own that is returned to the system as a
/// whole.
pub(super) fn load(embedded: &[u8], target: &str, policy: &Policy) -> Result<Component, String> {
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
    Component::load(&image, target, max_concurrent_events(policy))
        .map_err(|error| error.to_string())
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
