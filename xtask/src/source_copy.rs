//! A copy of the sources that `guards` and `mutants` may break.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use fs_err as fs;

use crate::run::{command, output, root, write_if_changed};

/// Builds the guest in a tenth of the time, because it is built often. The nested cargo that builds it
/// ignores `CARGO_PROFILE_…` variables.
const QUICK_GUEST: &[u8] = b"\n[profile.guest]\ncodegen-units = 16\nlto = false\n";

/// Copies the files that git tracks. Unchanged files keep their times, so cargo does not build them again.
pub fn copy_sources(copy: &Path) -> Result<()> {
    let listed = output(&mut command("git ls-files -z"))?;
    let mut copied = BTreeSet::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // git also lists files that are deleted but not yet committed.
        let (from, to) = (root().join(name), copy.join(name));
        if let Ok(mut content) = fs::read(&from) {
            if name == ".cargo/config.toml" {
                content.extend_from_slice(QUICK_GUEST);
            }
            write_if_changed(&to, &content)?;
            // .cargo/rustc-without-paths is executable.
            let modes = fs::metadata(&from)?.permissions();
            fs::set_permissions(&to, modes)?;
            copied.insert(to);
        }
    }
    // A deleted test must not run.
    remove_others(copy, &copied)
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Cargo in the copy, building in `build` with settings that build fast and run acceptably.
pub fn cargo_in(copy: &Path, build: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", build)
        .env("COMPONENTS_FOLDER", build.join("components"))
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("CARGO_PROFILE_DEV_BUILD_OVERRIDE_OPT_LEVEL", "1")
        .env("RUSTFLAGS", "--cap-lints=warn");
    cargo
}
