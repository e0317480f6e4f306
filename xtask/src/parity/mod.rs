//! Which test proves what: the table of `tests/PARITY.md`, made from the names of the tests.
//!
//! The plugin takes the place of an existing one, whose behaviours are numbered ZM-001 … and whose
//! defects, not to be repeated, D1 …. Situations in real installations that it must handle are numbered F01 …. A test
//! carries the numbers of what it proves in its name: `zm092_d24_the_end_is_told`. The titles are in
//! `tests/parity.json`, where a number that no test of Rust can prove has an `area` (it is proved elsewhere) or a
//! `reason` (it cannot be proved by a test). A number with a `suite` needs a test in that folder, such as the suite on a
//! real server. Every other number without a test is an error, and so is a number that does not exist.

mod catalogue;
mod scan;
mod table;

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, at};
use crate::run::root;
use catalogue::Catalogue;

fn table_path() -> PathBuf {
    root().join("tests").join("PARITY.md")
}

fn catalogue() -> Result<Catalogue, Error> {
    let path = root().join("tests").join("parity.json");
    let text = fs::read_to_string(&path).map_err(at(&path))?;
    Catalogue::parse(&text).map_err(|problem| Error::Content { path, problem })
}

/// Writes the table, and says which numbers lack a test.
pub fn write() -> Result<(), Error> {
    let (catalogue, tests) = (catalogue()?, scan::tests(&root())?);
    let path = table_path();
    fs::write(&path, table::render(&catalogue, &tests)).map_err(at(&path))?;
    complete(&catalogue, &tests)
}

/// Fails when a number lacks a test, or when the committed table is not that of the tests.
pub fn check() -> Result<(), Error> {
    let (catalogue, tests) = (catalogue()?, scan::tests(&root())?);
    complete(&catalogue, &tests)?;
    let path = table_path();
    let committed = fs::read_to_string(&path).map_err(at(&path))?;
    if committed == table::render(&catalogue, &tests) {
        return Ok(());
    }
    let problem = "names of tests have changed: run cargo xtask parity".to_owned();
    Err(Error::Content { path, problem })
}

fn complete(catalogue: &Catalogue, tests: &[scan::Test]) -> Result<(), Error> {
    let problems = table::problems(catalogue, tests);
    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::Failed(format!("parity\n{}", problems.join("\n"))))
}
