//! A copy of the sources in which something may be wrong on purpose.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::bundle::write_if_changed;
use crate::error::{Error, at};
use crate::run::{read, root};

/// Copies what git knows of. Files that are the same keep their times, so that nothing is built for them.
pub fn mirror(copy: &Path) -> Result<(), Error> {
    let listed = read(
        Command::new("git")
            .args(["ls-files", "-z"])
            .current_dir(root()),
    );
    let listed = listed.ok_or_else(|| Error::Needed("this needs a checkout by git".to_owned()))?;
    for name in listed.split('\0').filter(|name| !name.is_empty()) {
        // What was removed and not yet committed is listed, too.
        let (from, to) = (root().join(name), copy.join(name));
        if let Ok(content) = fs::read(&from) {
            write_if_changed(&to, &content)?;
            // The compiler's wrapper is executed.
            let modes = fs::metadata(&from).map_err(at(&from))?.permissions();
            fs::set_permissions(&to, modes).map_err(at(&to))?;
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
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "1")
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .env("RUSTFLAGS", "--cap-lints=warn");
    cargo
}
