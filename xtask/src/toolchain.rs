//! The Rust toolchain of `rust-toolchain.toml` and cargo tools in pinned versions.
//!
//! rustup installs everything with the toolchain, but adds nothing to an installed toolchain if `RUSTUP_AUTO_INSTALL=0`.
//! Releases are built only with the pinned compiler version, because another version gives other bytes.

use anyhow::{Context as _, Result, ensure};

use crate::packages::GUEST_TARGET;
use crate::run::{command, output, run, sysroot};

/// The pinned toolchain.
const FILE: &str = include_str!("../../rust-toolchain.toml");

/// Other tools, with their versions.
const TOOLS: &str = include_str!("tools.txt");

/// Installs the standard library for components.
pub fn complete() -> Result<()> {
    add_target(GUEST_TARGET)
}

/// Installs the lints and the formatter for `cargo xtask test`.
pub fn add_tools() -> Result<()> {
    let programs = sysroot()?.join("bin");
    for (program, component) in [("cargo-clippy", "clippy"), ("cargo-fmt", "rustfmt")] {
        if !programs.join(program).exists() {
            run(&mut command(&format!("rustup component add {component}")))?;
        }
    }
    Ok(())
}

/// The command that installs a cargo tool in its pinned version.
pub fn installs(tool: &str) -> String {
    let is_it = |line: &&str| line.split('@').next() == Some(tool);
    let pinned = TOOLS.lines().find(is_it).unwrap_or(tool);
    format!("cargo install --locked {pinned}")
}

/// Installs the standard library for a target.
pub fn add_target(triple: &str) -> Result<()> {
    let library = sysroot()?.join("lib/rustlib").join(triple);
    if !library.join("lib").exists() {
        run(&mut command(&format!("rustup target add {triple}")))?;
    }
    Ok(())
}

/// The version of the compiler, and so of the standard library.
pub fn version() -> Result<String> {
    let text = output(&mut command("rustc --version"))?;
    let version = text.split_whitespace().nth(1);
    Ok(version.context("rustc --version")?.to_owned())
}

/// Fails if the compiler is not the pinned version.
pub fn check_version() -> Result<()> {
    compare(&version()?, FILE)
}

fn compare(version: &str, file: &str) -> Result<()> {
    let mut lines = file.lines().filter_map(|line| line.split_once('='));
    let channel = lines.find(|(key, _)| key.trim() == "channel");
    let channel = channel.map_or("", |(_, value)| value.trim().trim_matches('"'));
    ensure!(
        version == channel,
        "rustc is {version}, but releases are built with {channel} (rust-toolchain.toml): unset RUSTUP_TOOLCHAIN, put \
         rustup's rustc and cargo first in PATH, and build again"
    );
    Ok(())
}

#[cfg(test)]
#[path = "../tests/unit/toolchain.rs"]
mod tests;
