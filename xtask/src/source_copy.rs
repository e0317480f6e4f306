//! A copy of the sources in which something may be wrong on purpose.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bundle::write_if_changed;
use crate::error::{Error, at};
use crate::run::{read, root};

/// Copies what git knows of. Files that are the same keep their times, so that nothing is built for them.
pub fn copy_sources(copy: &Path) -> Result<(), Error> {
    let listed = read(
        Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(root()),
    );
    let listed = listed.ok_or_else(|| Error::Needed("this needs a checkout by git".to_owned()))?;
    let mut copied = BTreeSet::new();
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // What was removed and not yet committed is listed, too.
        let (from, to) = (root().join(name), copy.join(name));
        if let Ok(mut content) = fs::read(&from) {
            if name == "Cargo.toml" {
                content = quick(&String::from_utf8_lossy(&content))?.into_bytes();
            }
            write_if_changed(&to, &content)?;
            // The compiler's wrapper is executed.
            let modes = fs::metadata(&from).map_err(at(&from))?.permissions();
            fs::set_permissions(&to, modes).map_err(at(&to))?;
            copied.insert(to);
        }
    }
    // A test that is gone must not notice anything.
    remove_others(copy, &copied)
}

/// The manifest with a component that is built in a tenth of the time, because it is built again and again.
fn quick(manifest: &str) -> Result<String, Error> {
    const AS_SHIPPED: &str = "codegen-units = 1\nlto = true\n";
    const QUICK: &str = "codegen-units = 16\nlto = false\n";
    if manifest.matches(AS_SHIPPED).count() == 1 {
        return Ok(manifest.replace(AS_SHIPPED, QUICK));
    }
    let text = format!("Cargo.toml has no [profile.guest] with\n{AS_SHIPPED}");
    Err(Error::Failed(text))
}

fn remove_others(folder: &Path, kept: &BTreeSet<PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(at(folder))?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            remove_others(&path, kept)?;
        } else if !kept.contains(&path) {
            fs::remove_file(&path).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// Cargo in the copy, building in `build` with the profile that is built fastest and does not crawl.
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

#[cfg(test)]
mod tests {
    use super::{quick, remove_others};
    use crate::run::{root, scratch};
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn only_the_component_is_built_otherwise() {
        let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
        let quick = quick(&manifest).unwrap();
        let differ = manifest.lines().zip(quick.lines()).filter(|(a, b)| a != b);
        let differ: Vec<_> = differ.map(|(_, quick)| quick).collect();
        assert_eq!(differ, ["codegen-units = 16", "lto = false"]);
        assert!(super::quick(&quick).is_err());
    }

    #[test]
    fn what_is_gone_from_the_sources_is_gone_from_the_copy() {
        let copy = scratch("source_copy");
        fs::create_dir(copy.join("tests")).unwrap();
        for name in ["Cargo.toml", "tests/old.rs"] {
            fs::write(copy.join(name), "").unwrap();
        }
        let kept = BTreeSet::from([copy.join("Cargo.toml")]);
        remove_others(&copy, &kept).unwrap();
        assert!(copy.join("Cargo.toml").exists() && !copy.join("tests/old.rs").exists());
        fs::remove_dir_all(copy).unwrap();
    }
}
