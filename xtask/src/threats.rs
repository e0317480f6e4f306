//! Whether the tests that SECURITY.md names for each threat are there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::run::root;

/// Where short names of files begin, besides the folder of the one named before.
const BEGINNINGS: [&str; 2] = ["", "tests/component/tests"];

/// The last cells of the table: where the tests are.
fn cells(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    rows.skip(1)
        .map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap())
        .collect()
}

/// What is wrong with a cell: names in backquotes are files, or tests in the file before them, which may be cut short
/// with `…`.
fn problem(cell: &str, root: &Path) -> Option<String> {
    let mut file: Option<PathBuf> = None;
    for name in cell.split('`').skip(1).step_by(2) {
        if name.starts_with("cargo ") {
            continue;
        }
        let Some(test) = name.strip_suffix('…') else {
            let beside = file.as_deref().and_then(Path::parent).map(Path::to_owned);
            let folders = BEGINNINGS.iter().map(|folder| root.join(folder));
            let mut places = folders.chain(beside).map(|folder| folder.join(name));
            file = places.find(|place| place.exists());
            if file.is_none() {
                return Some(format!("there is no {name}"));
            }
            continue;
        };
        let text = file.as_deref().map(fs::read_to_string);
        let text = text.and_then(Result::ok).unwrap_or_default();
        if !text.contains(&format!("fn {test}")) {
            return Some(format!("no test begins with {test} in {file:?}"));
        }
    }
    file.is_none().then(|| format!("no file is named: {cell}"))
}

#[test]
fn every_threat_has_tests_that_exist() {
    let root = root();
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let cells = cells(&text);
    assert!(cells.len() > 20, "{}", cells.len());
    let problems: Vec<_> = cells
        .iter()
        .filter_map(|cell| problem(cell, &root))
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_test_or_a_file_that_is_gone_is_named() {
    let root = root();
    let here = "`xtask/src/threats.rs`: `every_threat_…`, `run.rs`";
    assert_eq!(problem(here, &root), None);
    for (cell, word) in [
        ("`xtask/src/threats.rs`: `no_threat_…`", "no_threat_"),
        ("`xtask/src/threat.rs`", "threat.rs"),
        ("by eye", "no file"),
    ] {
        let told = problem(cell, &root).unwrap();
        assert!(told.contains(word), "{told}");
    }
}
