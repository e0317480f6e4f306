//! Finds the tests in the sources.
//!
//! It knows three forms: functions below `#[test]` or `#[tokio::test…]`, the names in the `CHECKS` of the suite on a real
//! server, and the titles in `it(…)` and `test(…)` of the webapp's suites. Ignored and skipped tests do not count.

use std::path::Path;

use anyhow::Result;
use fs_err as fs;

use crate::parity::catalog::Number;

/// A test with numbers in its name.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Test {
    /// Its file, relative to the project's folder.
    pub file: String,
    /// Its name or title.
    pub name: String,
    /// The numbers in its name.
    pub numbers: Vec<Number>,
}

const FOLDERS: [&str; 5] = ["guest", "host", "tests", "webapp", "xtask"];
const BUILT: [&str; 3] = ["target", "node_modules", "dist"];

/// All tests with numbers, sorted.
pub fn tests(root: &Path) -> Result<Vec<Test>> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        walk(root, &root.join(folder), &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Test>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || BUILT.contains(&name.as_ref()) {
            continue;
        }
        if path.is_dir() {
            walk(root, &path, found)?;
            continue;
        }
        let Some(names) = names_in(&name) else {
            continue;
        };
        let text = fs::read_to_string(&path)?;
        let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        found.extend(names(&text).into_iter().filter_map(|name| {
            let numbers = numbers(&name);
            (!numbers.is_empty()).then(|| Test {
                file: file.replace('\\', "/"),
                name,
                numbers,
            })
        }));
    }
    Ok(())
}

/// The function that finds tests in a file of this name.
fn names_in(file: &str) -> Option<fn(&str) -> Vec<String>> {
    let extension = file.rsplit_once('.')?.1;
    match extension {
        "rs" => Some(rust),
        "ts" | "tsx" | "js" | "mjs" => Some(script),
        _ => None,
    }
}

fn numbers(name: &str) -> Vec<Number> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let mut numbers: Vec<Number> = words.filter_map(Number::parse).collect();
    numbers.sort();
    numbers.dedup();
    numbers
}

fn rust(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut is_test, mut ignored, mut checks) = (false, false, false);
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            ignored = true;
        } else if let Some(name) = function(line) {
            if is_test && !ignored {
                found.push(name.to_owned());
            }
            (is_test, ignored) = (false, false);
        }
        if line.starts_with("pub const CHECKS") {
            checks = true;
        } else if matches!(line, "];" | ")];") {
            checks = false;
        } else if checks && let Some(name) = quoted(line.trim_start_matches('(')) {
            found.push(name.to_owned());
        }
    }
    found
}

/// The name of the function that starts in a line.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub ").unwrap_or(line);
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let rest = rest.strip_prefix("fn ")?;
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    rest.get(..end)
}

/// The quoted text at the start of a line.
fn quoted(line: &str) -> Option<&str> {
    let mark = line
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\'' | '`'))?;
    line.get(1..)?.split(mark).next()
}

fn script(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut table, mut continued) = (false, false);
    for line in text.lines().map(str::trim) {
        table |= line.starts_with("it.each(");
        // The title follows the end of the table of cases.
        let opened = if table {
            after_table(line)
        } else {
            line.strip_prefix("it(")
                .or_else(|| line.strip_prefix("test("))
        };
        let title = if continued { Some(line) } else { opened };
        found.extend(title.and_then(quoted).map(str::to_owned));
        continued = opened.is_some_and(str::is_empty);
        table &= opened.is_none();
    }
    found
}

/// The title after a table of cases that ends in this line. It is empty if the title is in the next line.
fn after_table(line: &str) -> Option<&str> {
    let mut parts = line
        .match_indices(")(")
        .filter_map(|(at, mark)| line.get(at + mark.len()..));
    parts.find(|rest| rest.is_empty() || quoted(rest).is_some())
}

#[cfg(test)]
#[path = "../../tests/unit/parity_scan.rs"]
mod tests;
