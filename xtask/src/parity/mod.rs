//! Which test proves what: the table of `tests/PARITY.md`, made from the names of the tests.
//!
//! The plugin takes the place of an existing one, whose behaviors are numbered ZM-001 … and whose
//! defects, not to be repeated, D1 …. Situations in real installations that it must handle are numbered F01 …. A test
//! carries the numbers of what it proves in its name: `zm092_d24_the_end_is_told`. The titles are in
//! `tests/parity.json`, where a number that no test of Rust can prove has an `area` (it is proved elsewhere) or a
//! `reason` (it cannot be proved by a test). A number with a `suite` needs a test in that folder, such as the suite on a
//! real server. Every other number without a test is an error, and so is a number that does not exist.

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

/// Writes the table, and says which numbers lack a test.
pub fn write() -> Result<(), Error> {
    let (catalog, tests) = (catalog()?, scan::tests(&root())?);
    let path = table_path();
    fs::write(&path, table::render(&catalog, &tests)).map_err(at(&path))?;
    complete(&catalog, &tests)
}

/// Fails when a number lacks a test, or when the committed table is not that of the tests.
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
