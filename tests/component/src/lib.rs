//! The real components behind the real WIT interface, with an in-memory server.
//!
//! Only Mattermost's API is replaced. The images, the sandbox, and the capabilities are the shipped code. A fresh
//! instance takes tens of microseconds, so thousands of cases run in a second.
#![deny(missing_docs)]

pub mod faults;
pub mod leaks;
pub mod memory;
mod replica;
pub mod scene;

use std::sync::{Arc, OnceLock};

use plugin_host::manifest::{Manifest, ManifestError};
use plugin_host::{Component, ComponentPlugin, LoadError};
use tokio::runtime::Handle;

/// The image of the plugin's own component.
pub static GUEST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guest.cwasm"));
/// The image of `tests/guests/hello`.
pub static HELLO: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hello.cwasm"));

/// The image of `tests/guests/hostile`.
pub static HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hostile.cwasm"));
/// Images with an interface that the host does not offer: the feature's name, the interface, the image.
pub static FORBIDDEN: [(&str, &str, &[u8]); 3] = [
    (
        "files",
        "wasi:filesystem/",
        include_bytes!(concat!(env!("OUT_DIR"), "/hostile-files.cwasm")),
    ),
    (
        "sockets",
        "wasi:sockets/",
        include_bytes!(concat!(env!("OUT_DIR"), "/hostile-sockets.cwasm")),
    ),
    (
        "invented",
        "attacker:tools/door",
        include_bytes!(concat!(env!("OUT_DIR"), "/hostile-invented.cwasm")),
    ),
];

/// The target of the images.
pub const TARGET: &str = env!("TARGET_TRIPLE");

/// More than the concurrent events of all tests of a program, which share a component.
const EVENTS: usize = 2000;

/// Loads an image. [`component`] is faster, because it loads each image once.
///
/// # Errors
///
/// If the image does not fit the host.
pub fn load(image: &[u8]) -> Result<Component, LoadError> {
    Component::load(image, TARGET, EVENTS)
}

/// Loads an image once per process.
///
/// # Errors
///
/// If the image does not fit the host.
pub fn component(image: &'static [u8]) -> Result<Arc<Component>, Arc<LoadError>> {
    type Loaded = Result<Arc<Component>, Arc<LoadError>>;
    static GUEST_COMPONENT: OnceLock<Loaded> = OnceLock::new();
    static HELLO_COMPONENT: OnceLock<Loaded> = OnceLock::new();
    static HOSTILE_COMPONENT: OnceLock<Loaded> = OnceLock::new();
    let cell = if image == GUEST {
        &GUEST_COMPONENT
    } else if image == HELLO {
        &HELLO_COMPONENT
    } else {
        &HOSTILE_COMPONENT
    };
    cell.get_or_init(|| load(image).map(Arc::new).map_err(Arc::new))
        .clone()
}

/// A plugin with a component and a manifest. Its events run on the current runtime.
///
/// # Errors
///
/// If the manifest is invalid.
pub fn plugin(component: Arc<Component>, manifest: &str) -> Result<ComponentPlugin, ManifestError> {
    plugin_on(component, manifest, Handle::current())
}

/// Like [`plugin`], on the given runtime.
///
/// # Errors
///
/// If the manifest is invalid.
pub fn plugin_on(
    component: Arc<Component>,
    manifest: &str,
    events: Handle,
) -> Result<ComponentPlugin, ManifestError> {
    let manifest = Manifest::parse(manifest)?;
    Ok(ComponentPlugin::new(component, manifest, events))
}
