//! Builds the component and embeds its image and its manifest.
//!
//! `PLUGIN_COMPONENT` names the component's crate (default: `guest` of this workspace) and
//! `PLUGIN_MANIFEST` the manifest whose `props.sandbox` is the policy (default: the workspace's
//! `plugin.json`). Both are relative to the workspace. Everything else of the host is the same
//! whatever it runs. `PLUGIN_PACKAGES` names the list of packages to embed; without it there is none.

use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let workspace = PathBuf::from(variable("CARGO_MANIFEST_DIR")?).join("..");
    let out = PathBuf::from(variable("OUT_DIR")?);
    let target = variable("TARGET")?;

    println!("cargo:rerun-if-env-changed=PLUGIN_COMPONENT");
    println!("cargo:rerun-if-env-changed=PLUGIN_MANIFEST");
    println!("cargo:rerun-if-env-changed=PLUGIN_PACKAGES");
    let component = std::env::var("PLUGIN_COMPONENT").unwrap_or_else(|_| "guest".to_owned());
    let manifest = std::env::var("PLUGIN_MANIFEST").unwrap_or_else(|_| "plugin.json".to_owned());
    let component = workspace.join(component);
    let manifest = workspace.join(manifest);

    let watched = ["wit", "assets", "Cargo.lock", "Cargo.toml"].map(|name| workspace.join(name));
    for path in watched.iter().chain([&component, &manifest]) {
        watch(path);
    }

    let wasm = mattermost_plugin_aot::build_component(&component)?;
    let image = out.join("component.cwasm");
    mattermost_plugin_aot::compile(&wasm, &target, &image)?;
    let packed = miniz_oxide::deflate::compress_to_vec_zlib(&std::fs::read(&image)?, 10);
    std::fs::write(out.join("component.z"), packed)?;
    let packages = match std::env::var_os("PLUGIN_PACKAGES") {
        Some(list) => {
            let list = workspace.join(list);
            watch(&list);
            miniz_oxide::deflate::compress_to_vec_zlib(&std::fs::read(list)?, 10)
        }
        None => Vec::new(),
    };
    std::fs::write(out.join("packages.z"), packages)?;
    std::fs::copy(&manifest, out.join("plugin.json"))?;
    println!("cargo:rustc-env=TARGET_TRIPLE={target}");
    Ok(())
}

fn watch(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}
