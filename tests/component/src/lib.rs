//! The real components behind their real WIT boundary, on a server kept in memory.
//!
//! Everything above the API's seam is the shipped code: images compiled ahead of time, the sandbox, the
//! capabilities. A fresh instance costs tens of microseconds, so thousands of cases run in a second.
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
/// The same with an interface that the host does not offer: the feature's name, the interface, the image.
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

/// What the images are made for.
pub const TARGET: &str = env!("TARGET_TRIPLE");

/// More events than run at once in all the tests of a program, which share a component.
const EVENTS: usize = 2000;

/// Loads an image, which takes a moment; [`component`] does it once.
///
/// # Errors
///
/// When it does not fit the host.
pub fn load(image: &[u8]) -> Result<Component, LoadError> {
    Component::load(image, TARGET, EVENTS)
}

/// Loads an image once per process.
///
/// # Errors
///
/// When it does not fit the host.
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

/// A plugin process in miniature: a component with a manifest, whose events run on the current runtime.
///
/// # Errors
///
/// When the manifest is wrong.
pub fn plugin(component: Arc<Component>, manifest: &str) -> Result<ComponentPlugin, ManifestError> {
    plugin_on(component, manifest, Handle::current())
}

/// The same on a certain runtime.
///
/// # Errors
///
/// When the manifest is wrong.
pub fn plugin_on(
    component: Arc<Component>,
    manifest: &str,
    events: Handle,
) -> Result<ComponentPlugin, ManifestError> {
    let manifest = Manifest::parse(manifest)?;
    Ok(ComponentPlugin::new(component, manifest, events))
}
