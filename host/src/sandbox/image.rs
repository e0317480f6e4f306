//! Loads the compiled image of a component into an engine.

use thiserror::Error;
use wasmtime::component::Component;
use wasmtime::{Config, Engine};

/// A component could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The engine could not be created.
    #[error("the WebAssembly engine cannot start on this machine: {0:?}")]
    Engine(wasmtime::Error),
    /// The image is damaged, or was compiled for another target or version.
    #[error("the component image does not load; it was built for another host: {0:?}")]
    Image(wasmtime::Error),
    /// The system does not allow executable memory.
    #[error(
        "the system does not let this process make the component's code executable. If Mattermost runs as a \
         systemd service, remove MemoryDenyWriteExecute=yes from its unit; if SELinux is enforcing, grant Mattermost \
         execmem: {0:?}"
    )]
    Denied(wasmtime::Error),
    /// The component imports an unknown interface, or lacks an export.
    #[error(
        "the component does not fit this host. It may import only the interfaces of \
         mattermost:plugin and the inert part of WASI, and must export the handlers of the world \
         `plugin`: {0:?}"
    )]
    Interface(wasmtime::Error),
    /// The thread of the epoch clock could not be started.
    #[error("no thread for the epoch clock: {0}")]
    Ticker(#[from] std::io::Error),
}

/// Creates an engine with this configuration and loads the image into it.
pub(super) fn load_image(config: &Config, image: &[u8]) -> Result<(Engine, Component), LoadError> {
    let engine = Engine::new(config).map_err(LoadError::Engine)?;
    let component = deserialize(&engine, image).map_err(|error| match is_denied(&error) {
        true => LoadError::Denied(error),
        false => LoadError::Image(error),
    })?;
    Ok((engine, component))
}

/// Whether the system denied something: EPERM or EACCES, in an error whose type is not public.
fn is_denied(error: &wasmtime::Error) -> bool {
    let numbers = ["(os error 1)", "(os error 13)"];
    let mentions = |cause: String| numbers.iter().any(|number| cause.contains(number));
    error.chain().any(|cause| mentions(cause.to_string()))
}

/// Exception to `deny(unsafe_code)`: machine code must be trusted, because it cannot be checked. The bytes come from this
/// executable's own build script through `include_bytes!`.
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, image: &[u8]) -> wasmtime::Result<Component> {
    unsafe { Component::deserialize(engine, image) }
}
