//! `cargo xtask reproduce`: builds this commit twice and compares the published files.
//!
//! The second build is of a clone in another folder, with an empty target folder of another name and another cargo home that
//! shares only the downloaded packages. It takes as long as a first build.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fs_err as fs;

use crate::bundle;
use crate::env_check::{FILES, check_configuration, home_of_cargo};
use crate::run::{cargo_with, command, run, target};
use crate::version;

/// The folders that both cargo homes share: packages and their lock files. Programs are found in PATH.
const SHARED: [&str; 4] = ["registry", "git", ".package-cache", ".package-cache-mutate"];

/// Builds twice and compares.
pub fn reproduce() -> Result<()> {
    if version::has_changes() {
        bail!("a clone does not contain uncommitted changes: commit them first");
    }
    bundle::dist()?;
    let place = target().join("reproduce");
    if place.exists() {
        fs::remove_dir_all(&place)?;
    }
    fs::create_dir_all(&place)?;
    let clone = place.join("somewhere-else");
    run(command("git clone --quiet .").arg(&clone))?;

    let mut second = cargo_with("run --locked --release -p xtask -- dist");
    second.current_dir(&clone);
    second.env("CARGO_TARGET_DIR", place.join("built-elsewhere"));
    second.env("CARGO_HOME", other_home(&home_of_cargo()?, &place)?);
    second.env_remove("PLUGIN_SIGNING_KEY");
    run(&mut second)?;

    // Signatures contain the time.
    run(command("diff -rq --exclude=*.sig dist").arg(clone.join("dist")))?;
    println!("both builds gave the same bytes");
    Ok(fs::remove_dir_all(&place)?)
}

/// Creates another cargo home with the packages of the usual one. A harmless configuration is copied too, because it may
/// name another registry, and package folders are named after their registry.
fn other_home(home: &Path, place: &Path) -> Result<PathBuf> {
    check_configuration(home, &[])?;
    let other = place.join("home-of-cargo");
    fs::create_dir_all(&other)?;
    for name in SHARED.iter().chain(&FILES) {
        let (from, to) = (home.join(name), other.join(name));
        if from.exists() {
            link(&from, &to)?;
        }
    }
    Ok(other)
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// Releases are built only on Linux.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
