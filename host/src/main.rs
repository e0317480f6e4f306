//! What Mattermost executes: the host with its embedded component and manifest.

#[cfg(target_env = "musl")]
mod allocator;

use std::process::ExitCode;

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.z"));
static MANIFEST: &str = include_str!(concat!(env!("OUT_DIR"), "/plugin.json"));

/// The packages that all this was built from, in the section where scanners of executables look for them, in
/// the format of `cargo auditable`. Nothing when it was not built with `make dist`.
///
/// Exception to `deny(unsafe_code)`: a section's name could give data a meaning for the loader. This one has
/// none for it.
#[allow(unsafe_code)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".dep-v0"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,.dep-v0"))]
static PACKAGES: [u8; include_bytes!(concat!(env!("OUT_DIR"), "/packages.z")).len()] =
    *include_bytes!(concat!(env!("OUT_DIR"), "/packages.z"));

fn main() -> ExitCode {
    plugin_host::run(IMAGE, MANIFEST, env!("TARGET_TRIPLE"), &PACKAGES)
}
