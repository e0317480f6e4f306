//! What the toolchain of `rust-toolchain.toml` must have, and is given where it lacks it.
//!
//! rustup installs all of it together with the toolchain, but adds nothing to one that is there already where
//! `RUSTUP_AUTO_INSTALL=0` forbids it.

use std::process::Command;

use crate::error::Error;
use crate::packages::GUEST_TARGET;
use crate::run::{root, run, sysroot};

/// Has what builds need: the standard library for components.
///
/// # Errors
///
/// When rustup is missing or fails.
pub fn complete() -> Result<(), Error> {
    add_target(GUEST_TARGET)
}

/// Has what `cargo xtask test` needs beyond that: lints and formatting.
///
/// # Errors
///
/// When rustup is missing or fails.
pub fn add_tools() -> Result<(), Error> {
    let programs = sysroot()?.join("bin");
    for (program, component) in [("cargo-clippy", "clippy"), ("cargo-fmt", "rustfmt")] {
        if !programs.join(program).exists() {
            rustup(["component", "add", component])?;
        }
    }
    Ok(())
}

/// Has the standard library for a target installed.
///
/// # Errors
///
/// When rustup is missing or fails.
pub fn add_target(triple: &str) -> Result<(), Error> {
    let library = sysroot()?.join("lib/rustlib").join(triple);
    if library.join("lib").exists() {
        return Ok(());
    }
    rustup(["target", "add", triple])
}

fn rustup(words: [&str; 3]) -> Result<(), Error> {
    run(Command::new("rustup").args(words).current_dir(root()))
}
