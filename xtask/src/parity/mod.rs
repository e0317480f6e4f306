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

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, at};
use crate::run::root;
use catalog::Catalog;

fn table_path() -> PathBuf {
    root().join("tests").join("PARITY.md")
}

fn catalog() -> Result<Catalog, Error> {
    let path = root().join("tests").join("parity.json");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    Catalog::parse(&text).map_err(|problem| Error::Content { path, problem })
}

/// Writes the table. Fails if a number lacks a test.
pub fn write() -> Result<(), Error> {
    let (catalog, tests) = (catalog()?, scan::tests(&root())?);
    let path = table_path();
    fs::write(&path, table::render(&catalog, &tests)).map_err(at(&path))?;
    complete(&catalog, &tests)
}

/// Fails if a number lacks a test or the committed table is out of date.
pub fn check() -> Result<(), Error> {
    let (catalog, tests) = (catalog()?, scan::tests(&root())?);
    complete(&catalog, &tests)?;
    let path = table_path();
    let committed = fs::read_to_string(&path).map_err(at(&path))?;
    if committed == table::render(&catalog, &tests) {
        return Ok(());
    }
    let problem = "names of tests have changed: run cargo xtask parity".to_owned();
    Err(Error::Content { path, problem })
}

fn complete(catalog: &Catalog, tests: &[scan::Test]) -> Result<(), Error> {
    let problems = table::problems(catalog, tests);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!("parity\n{}", problems.join("\n"))))
}
