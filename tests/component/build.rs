//! Builds the images that the tests run: the plugin's own component, the one of `hello`, and the hostile one,
//! plain and with each interface that must keep it from loading.

use std::error::Error;
use std::path::PathBuf;

const HOSTILE: &str = "tests/guests/hostile";

fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let target = variable("TARGET")?;
    for name in ["wit", "assets", "Cargo.lock", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={}", workspace.join(name).display());
    }
    let images: [(&str, &str, &[&str]); 6] = [
        ("guest", "guest", &[]),
        ("hello", "tests/guests/hello", &[]),
        ("hostile", HOSTILE, &[]),
        ("hostile-files", HOSTILE, &["files"]),
        ("hostile-sockets", HOSTILE, &["sockets"]),
        ("hostile-invented", HOSTILE, &["invented"]),
    ];
    for (name, folder, features) in images {
        let folder = workspace.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        let build = mattermost_plugin_aot::build_component_with;
        let wasm = build(&folder, features)?;
        mattermost_plugin_aot::compile(&wasm, &target, &out.join(format!("{name}.cwasm")))?;
    }
    println!("cargo:rustc-env=TARGET_TRIPLE={target}");
    Ok(())
}
