//! `cargo xtask advisories`: looks for known vulnerabilities in the dependencies.
//!
//! The result depends on the day and the network, so `test` does not run it.

use crate::error::Error;
use crate::run::{cargo, read, run};
use crate::toolchain;

/// Updates the advisory database and checks `Cargo.lock` against it.
///
/// # Errors
///
/// When the database cannot be reached or an advisory applies.
pub fn check() -> Result<(), Error> {
    if read(cargo().args(["deny", "--version"])).is_none() {
        let text = format!(
            "cargo-deny is not installed, so nothing was checked. Install it: {}",
            toolchain::installs("cargo-deny")
        );
        return Err(Error::Needed(text));
    }
    run(cargo().args(["deny", "--locked", "fetch", "db"])).map_err(|_| {
        let text = "the advisory database cannot be reached, so nothing was checked. Run this again with access to \
                    https://github.com/rustsec/advisory-db";
        Error::Needed(text.to_owned())
    })?;
    let mut deny = cargo();
    deny.args(["deny", "--frozen", "--log-level", "error"]);
    run(deny.args(["check", "advisories"]))
}
