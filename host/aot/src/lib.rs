//! Builds a component and compiles it ahead of time, at build time.
//!
//! The released host contains no compiler. Here, a nested cargo builds a component crate for `wasm32-wasip2`, and wasmtime compiles
//! the component to machine code for the target. Cargo locks its target folder, so the nested cargo uses another one, the same
//! for all components and platforms. Settings of the outer cargo, which apply to another target, are removed.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use object::build::elf::{Builder, SectionData};
use thiserror::Error;
use wasmtime::Engine;

/// The image could not be built.
#[derive(Debug, Error)]
pub enum Error {
    /// The nested build could not be started.
    #[error("cannot run cargo for the component in {folder}: {source}")]
    Spawn {
        /// The component's crate.
        folder: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The nested build failed; its messages say why.
    #[error("the component in {0} does not build: see the messages above")]
    Build(PathBuf),
    /// The package name in the crate's manifest was not found.
    #[error("{0} has no line `name = \"…\"` under [package]")]
    Name(PathBuf),
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The component is not valid, or the target is not supported.
    #[error("cannot compile {path} for {target}: {source:?}")]
    Compile {
        /// The component.
        path: PathBuf,
        /// The target triple.
        target: String,
        /// The error of wasmtime.
        source: wasmtime::Error,
    },
}

/// Builds the component crate in `folder` and returns the path of the component. Call this from a build script: it uses `CARGO` and
/// `OUT_DIR`.
///
/// # Errors
///
/// When the crate does not build.
pub fn build_component(folder: &Path) -> Result<PathBuf, Error> {
    build_component_with(folder, &[])
}

/// The same with features of the crate. The next call for the same crate may overwrite the component.
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
        let is_for_outer_build = matches!(
            text.as_ref(),
            "CARGO_ENCODED_RUSTFLAGS"
                | "RUSTFLAGS"
                | "RUSTC_WRAPPER"
                | "RUSTC_WORKSPACE_WRAPPER"
                | "CARGO_BUILD_TARGET"
                | "CARGO_TARGET_DIR"
        ) || text.starts_with("CARGO_PROFILE_");
        if is_for_outer_build {
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

/// `components` in the outer cargo's target folder, or the folder in `COMPONENTS_FOLDER`, for builds whose target folder is inside
/// another one. Cargo puts `CACHEDIR.TAG` into its target folder, and into the folder of a named target inside it.
fn components_folder() -> PathBuf {
    if let Some(named) = std::env::var_os("COMPONENTS_FOLDER") {
        return PathBuf::from(named);
    }
    let out = std::env::var_os("OUT_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let is_tagged = |folder: &&Path| folder.join("CACHEDIR.TAG").exists();
    let target = out.ancestors().filter(is_tagged).last().unwrap_or(&out);
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

/// Compiles `component` for `target` and writes the image to `image`, and a copy of the component next to it. Does nothing if
/// both exist from an earlier run of this program.
///
/// # Errors
///
/// When the component is not valid or a file cannot be read or written.
pub fn compile(component: &Path, target: &str, image: &Path) -> Result<(), Error> {
    let bytes = std::fs::read(component).map_err(|source| Error::File {
        path: component.to_owned(),
        source,
    })?;
    let source_copy = image.with_extension("wasm");
    if is_newer_than_this_program(image)
        && std::fs::read(&source_copy).is_ok_and(|copy| copy == bytes)
    {
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
    // The copy is written last and is empty meanwhile, so that a truncated image is compiled again.
    let write = |path: &Path, bytes: &[u8]| {
        std::fs::write(path, bytes).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })
    };
    write(&source_copy, &[])?;
    write(image, &compiled)?;
    write(&source_copy, &bytes)
}

/// Whether the file was written after this program, which contains the compiler and its configuration, was built.
fn is_newer_than_this_program(file: &Path) -> bool {
    let written = |path: &Path| std::fs::metadata(path)?.modified();
    let program = std::env::current_exe().and_then(|program| written(&program));
    matches!((program, written(file)), (Ok(program), Ok(file)) if file > program)
}

/// Removes the symbol table from the image. Only debuggers use it; backtraces use the component's name section. It would cost a
/// third of a megabyte of memory in every process.
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
