//! From a crate to an image, at build time.
//!
//! The shipped host contains no compiler. What it runs is built here: a component crate becomes a
//! `wasm32-wasip2` component by a nested cargo, and the component becomes machine code for the target.
//! Cargo holds a lock on the target folder it works in, so the nested one gets a folder of its own, one for all
//! components and for whatever platforms they are then compiled, and is shielded from the settings of the
//! outer one, which are meant for another target.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::build::elf::{Builder, SectionData};
use thiserror::Error;
use wasmtime::Engine;

/// Why there is no image.
#[derive(Debug, Error)]
pub enum Error {
    /// The nested build could not be started.
    #[error("cannot run cargo for the component in {folder}: {source}")]
    Spawn {
        /// The component's crate.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The nested build failed; its own messages say why.
    #[error("the component in {0} does not build: see the messages above")]
    Build(PathBuf),
    /// The crate's manifest has no readable package name.
    #[error("{0} has no line `name = \"…\"` under [package]")]
    Name(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The component is not valid, or the target is not supported.
    #[error("cannot compile {path} for {target}: {source:?}")]
    Compile {
        /// The component.
        path: PathBuf,
        /// The target triple.
        target: String,
        /// What wasmtime said.
        source: wasmtime::Error,
    },
}

/// Builds the component crate in `folder` and answers with the component's path. Call it from a build
/// script: it takes `CARGO` and `OUT_DIR` from there.
///
/// # Errors
///
/// When the crate does not build.
pub fn build_component(folder: &Path) -> Result<PathBuf, Error> {
    build_component_with(folder, &[])
}

/// The same with some of the crate's features. The next call for the same crate may overwrite it.
///
/// # Errors
///
/// When the crate does not build.
pub fn build_component_with(folder: &Path, features: &[&str]) -> Result<PathBuf, Error> {
    let name = package_name(folder)?;
    let out = components_folder();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command
        .current_dir(folder)
        .args(["build", "--locked", "--profile", "guest"])
        .args(["--target", "wasm32-wasip2"])
        .arg("--target-dir")
        .arg(&out);
    if !features.is_empty() {
        command.arg("--features").arg(features.join(","));
    }
    for (variable, _) in std::env::vars_os() {
        let text = variable.to_string_lossy();
        let meant_for_the_outer_build = matches!(
            text.as_ref(),
            "CARGO_ENCODED_RUSTFLAGS"
                | "RUSTFLAGS"
                | "RUSTC_WRAPPER"
                | "RUSTC_WORKSPACE_WRAPPER"
                | "CARGO_BUILD_TARGET"
                | "CARGO_TARGET_DIR"
        ) || text.starts_with("CARGO_PROFILE_");
        if meant_for_the_outer_build {
            command.env_remove(&variable);
        }
    }
    let status = command.status().map_err(|source| Error::Spawn {
        folder: folder.to_owned(),
        source,
    })?;
    if !status.success() {
        return Err(Error::Build(folder.to_owned()));
    }
    let file = format!("{}.wasm", name.replace('-', "_"));
    Ok(out.join("wasm32-wasip2").join("guest").join(file))
}

/// `components` in the outer cargo's target folder, or the folder that `COMPONENTS_FOLDER` names, for builds whose target
/// folder lies within that of others. Cargo marks its own, and the folder for a named target within it, as not to be
/// backed up.
fn components_folder() -> PathBuf {
    if let Some(named) = std::env::var_os("COMPONENTS_FOLDER") {
        return PathBuf::from(named);
    }
    let out = std::env::var_os("OUT_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let marked = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    let target = out.ancestors().filter(marked).last().unwrap_or(&out);
    target.join("components")
}

fn package_name(folder: &Path) -> Result<String, Error> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| Error::File {
        path: path.clone(),
        source,
    })?;
    text.lines()
        .find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
        .map(str::to_owned)
        .ok_or(Error::Name(path))
}

/// Compiles the component at `component` for `target` and writes the image to `image`, and beside it the component
/// that it was made of. Where both are there from an earlier run of this program, there is nothing to do.
///
/// # Errors
///
/// When the component is not valid or a file cannot be read or written.
pub fn compile(component: &Path, target: &str, image: &Path) -> Result<(), Error> {
    let bytes = std::fs::read(component).map_err(|source| Error::File {
        path: component.to_owned(),
        source,
    })?;
    let origin = image.with_extension("wasm");
    if is_newer_than_this_program(image) && std::fs::read(&origin).is_ok_and(|made| made == bytes) {
        return Ok(());
    }
    let failed = |source| Error::Compile {
        path: component.to_owned(),
        target: target.to_owned(),
        source,
    };
    let config = mattermost_plugin_engine::config(target).map_err(failed)?;
    let engine = Engine::new(&config).map_err(failed)?;
    let compiled = engine.precompile_component(&bytes).map_err(failed)?;
    let compiled = without_symbols(&compiled).map_err(|error| failed(error.into()))?;
    // The origin last, and none meanwhile: an image that is cut short is made again.
    let write = |path: &Path, bytes: &[u8]| {
        std::fs::write(path, bytes).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    };
    write(&origin, &[])?;
    write(image, &compiled)?;
    write(&origin, &bytes)
}

/// Whether this program, with the compiler in it and what it is told, was there already when the file was written.
fn is_newer_than_this_program(file: &Path) -> bool {
    let written = |path: &Path| std::fs::metadata(path)?.modified();
    let program = std::env::current_exe().and_then(|program| written(&program));
    matches!((program, written(file)), (Ok(program), Ok(file)) if file > program)
}

/// The image without its symbol table. That is for debuggers that look at the file; backtraces take the
/// component's own names, which lie elsewhere. A third of a megabyte of memory in every process.
fn without_symbols(image: &[u8]) -> Result<Vec<u8>, object::build::Error> {
    let mut image = Builder::read(image)?;
    for symbol in &mut image.symbols {
        symbol.delete = true;
    }
    for section in &mut image.sections {
        section.delete = matches!(section.data, SectionData::Symbol | SectionData::String);
    }
    let mut written = Vec::new();
    image.write(&mut written)?;
    Ok(written)
}
