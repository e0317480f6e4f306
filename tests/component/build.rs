//! Builds the images that the tests run: the plugin's own component and the one of `hello`.

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("../..");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let target = variable("TARGET")?;
    for name in ["wit", "assets", "Cargo.lock", "Cargo.toml"] {
        println!("cargo:rerun-if-changed={}", workspace.join(name).display());
    }
    for (name, folder) in [("guest", "guest"), ("hello", "tests/guests/hello")] {
        let folder = workspace.join(folder);
        println!("cargo:rerun-if-changed={}", folder.display());
        let wasm = mattermost_plugin_aot::build_component(&folder, &out.join("guest"))?;
        mattermost_plugin_aot::compile(&wasm, &target, &out.join(format!("{name}.cwasm")))?;
    }
    println!("cargo:rustc-env=TARGET_TRIPLE={target}");
    Ok(())
}
