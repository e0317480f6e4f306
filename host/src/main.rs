//! The executable that Mattermost starts: the host with its embedded component and manifest.

#[cfg(target_env = "musl")]
mod allocator;

use std::process::ExitCode;

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.z"));
static MANIFEST: &str = include_str!(concat!(env!("OUT_DIR"), "/plugin.json"));

/// The list of packages in the executable, in the section and format of `cargo auditable`, where scanners look for it. Empty
/// unless built with `make dist`.
///
/// Exception to `deny(unsafe_code)`: the name of a section can have a meaning for the loader. This one has none.
#[allow(unsafe_code)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".dep-v0"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,.dep-v0"))]
static PACKAGES: [u8; include_bytes!(concat!(env!("OUT_DIR"), "/packages.z")).len()] =
    *include_bytes!(concat!(env!("OUT_DIR"), "/packages.z"));

fn main() -> ExitCode {
    plugin_host::run(IMAGE, MANIFEST, env!("TARGET_TRIPLE"), &PACKAGES)
}
