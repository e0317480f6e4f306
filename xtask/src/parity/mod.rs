//! Test coverage by number: `tests/PARITY.md`, generated from the names of the tests.
//!
//! The plugin replaces an existing one. The behaviors of that plugin are numbered ZM-001 …, its defects, which must not
//! return, D1 …, and situations in real installations F01 …. The name of a test contains the numbers that it covers:
//! `zm092_d24_the_end_is_announced`. The titles are in `tests/parity.json`. A number without a test there has an `area`
//! (another part of the project covers it) or a `reason` (no test can cover it). A number with a `suite` needs a test in
//! that folder, such as the suite on a real server. Every other number without a test is an error, and so is an unknown
//! number.

mod catalog;
mod scan;
mod table;

use std::path::PathBuf;

use crate::run::root;
use anyhow::{Result, ensure};
use catalog::Catalog;
use fs_err as fs;

fn table_path() -> PathBuf {
    root().join("tests/PARITY.md")
}

/// The current table. Fails if a number lacks a test.
fn table() -> Result<String> {
    let text = fs::read_to_string(root().join("tests/parity.json"))?;
    let (catalog, tests) = (Catalog::parse(&text)?, scan::tests(&root())?);
    let problems = table::problems(&catalog, &tests);
    ensure!(problems.is_empty(), "parity\n{}", problems.join("\n"));
    Ok(table::render(&catalog, &tests))
}

/// Writes the table. Fails if a number lacks a test.
pub fn write() -> Result<()> {
    Ok(fs::write(table_path(), table()?)?)
}

/// Fails if a number lacks a test or the committed table is out of date.
pub fn check() -> Result<()> {
    let same = fs::read_to_string(table_path())? == table()?;
    ensure!(same, "names of tests have changed: run cargo xtask parity");
    Ok(())
}
