//! Builds the component and embeds its image and its manifest.
//!
//! `PLUGIN_COMPONENT` names the component's crate (default: `guest` of this workspace), or a component that is built
//! already, in a file that ends in `.wasm`, and
//! `PLUGIN_MANIFEST` the manifest whose `props.sandbox` is the policy (default: the workspace's
//! `plugin.json`). Both are relative to the workspace. Everything else of the host is the same
//! whatever it runs. `PLUGIN_PACKAGES` names the list of packages to embed; without it there is none.

use std::error::Error;
use std::path::{Path, PathBuf};

use libdeflater::{CompressionError, CompressionLvl, Compressor};

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

    let is_built = component.extension().is_some_and(|end| end == "wasm");
    let wasm = match is_built {
        true => component,
        false => mattermost_plugin_aot::build_component(&component)?,
    };
    let image = out.join("component.cwasm");
    mattermost_plugin_aot::compile(&wasm, &target, &image)?;
    let image = std::fs::read(&image)?;
    // How long it is comes first.
    let mut embedded = u64::try_from(image.len())?.to_le_bytes().to_vec();
    embedded.append(&mut packed(&image)?);
    std::fs::write(out.join("component.z"), embedded)?;
    let packages = match std::env::var_os("PLUGIN_PACKAGES") {
        Some(list) => {
            let list = workspace.join(list);
            watch(&list);
            packed(&std::fs::read(list)?)?
        }
        None => Vec::new(),
    };
    std::fs::write(out.join("packages.z"), packages)?;
    std::fs::copy(&manifest, out.join("plugin.json"))?;
    println!("cargo:rustc-env=TARGET_TRIPLE={target}");
    Ok(())
}

/// In zlib's format, as tightly as it allows.
fn packed(content: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut packed = vec![0; compressor.zlib_compress_bound(content.len())];
    let length = compressor.zlib_compress(content, &mut packed)?;
    packed.truncate(length);
    Ok(packed)
}

fn watch(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}
