//! What Mattermost executes: the host with its embedded component and manifest.

use std::process::ExitCode;

static IMAGE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.z"));
static MANIFEST: &str = include_str!(concat!(env!("OUT_DIR"), "/plugin.json"));

fn main() -> ExitCode {
    plugin_host::run(IMAGE, MANIFEST, env!("TARGET_TRIPLE"))
}
