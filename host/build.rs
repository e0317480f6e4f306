//! Builds the component and embeds its image and its manifest.
//!
//! `PLUGIN_COMPONENT` is the component's crate (default: `guest` of this workspace) or a prebuilt component, a file that ends in
//! `.wasm`. `PLUGIN_MANIFEST` is the manifest whose `props.sandbox` is the policy (default: `plugin.json` of the workspace).
//! Both paths are relative to the workspace. The rest of the host does not depend on the component. `PLUGIN_PACKAGES` is
//! the list of packages to embed; without it, none is embedded.

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

    let is_prebuilt = component.extension().is_some_and(|end| end == "wasm");
    let wasm = match is_prebuilt {
        true => component,
        false => mattermost_plugin_aot::build_component(&component)?,
    };
    let image = out.join("component.cwasm");
    mattermost_plugin_aot::compile(&wasm, &target, &image)?;
    let image = std::fs::read(&image)?;
    // The length of the image comes first.
    let mut embedded = u64::try_from(image.len())?.to_le_bytes().to_vec();
    embedded.append(&mut compressed(&image)?);
    std::fs::write(out.join("component.z"), embedded)?;
    let packages = match std::env::var_os("PLUGIN_PACKAGES") {
        Some(list) => {
            let list = workspace.join(list);
            watch(&list);
            compressed(&std::fs::read(list)?)?
        }
        None => Vec::new(),
    };
    std::fs::write(out.join("packages.z"), packages)?;
    std::fs::copy(&manifest, out.join("plugin.json"))?;
    println!("cargo:rustc-env=TARGET_TRIPLE={target}");
    let lock = std::fs::read_to_string(workspace.join("Cargo.lock"))?;
    println!(
        "cargo:rustc-env=WASMTIME_VERSION={}",
        wasmtime_version(&lock)?
    );
    Ok(())
}

/// The version of wasmtime in `Cargo.lock`.
fn wasmtime_version(lock: &str) -> Result<&str, Box<dyn Error>> {
    let mut lines = lock
        .lines()
        .skip_while(|line| *line != r#"name = "wasmtime""#);
    let version = lines
        .nth(1)
        .and_then(|line| line.strip_prefix("version = "));
    let version = version.ok_or("Cargo.lock has no version of wasmtime")?;
    Ok(version.trim_matches('"'))
}

/// Compresses in zlib format, at the highest level.
fn compressed(content: &[u8]) -> Result<Vec<u8>, CompressionError> {
    let mut compressor = Compressor::new(CompressionLvl::best());
    let mut compressed = vec![0; compressor.zlib_compress_bound(content.len())];
    let length = compressor.zlib_compress(content, &mut compressed)?;
    compressed.truncate(length);
    Ok(compressed)
}

fn watch(path: &Path) {
    println!("cargo:rerun-if-changed={}", path.display());
}
