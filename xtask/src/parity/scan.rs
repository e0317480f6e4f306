//! Finds the tests in the sources.
//!
//! It knows three forms: functions below `#[test]` or `#[tokio::test…]`, the names in the `CHECKS` of the suite on a real
//! server, and the titles in `it(…)` and `test(…)` of the webapp's suites. Ignored and skipped tests do not count.

use std::array::from_fn;
use std::path::Path;

use anyhow::Result;
use fs_err as fs;
use regex_lite::{Captures, Regex};

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
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        let names: fn(&str) -> Vec<String> = match &*extension {
            "rs" => rust,
            "ts" | "tsx" | "js" | "mjs" => script,
            _ => continue,
        };
        let text = fs::read_to_string(&path)?;
        let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        for name in names(&text) {
            let (numbers, file) = (numbers(&name), file.clone().into_owned());
            if !numbers.is_empty() {
                found.push(Test {
                    file,
                    name,
                    numbers,
                });
            }
        }
    }
    Ok(())
}

fn numbers(name: &str) -> Vec<Number> {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let mut numbers: Vec<Number> = words.filter_map(Number::parse).collect();
    numbers.sort();
    numbers.dedup();
    numbers
}

fn rust(text: &str) -> Vec<String> {
    let test = r"(?m)^\s*#\[(?:tokio::)?test\b.*\]((?:\s*#\[.*\])*)\s*(?:pub )?(?:async )?fn (\w+)";
    let tests = matches(test, text).into_iter();
    let tests = tests.filter(|[attributes, _]| !attributes.contains("#[ignore"));
    let lists = matches(r"(?s)\n\s*pub const CHECKS\b[^=]*=(.*?)\];", text);
    let checks = lists
        .into_iter()
        .flat_map(|[list]| matches(r#"\(\s*"(\w+)""#, list));
    let names = tests.map(|[_, name]| name).chain(checks.map(|[name]| name));
    names.map(str::to_owned).collect()
}

fn script(text: &str) -> Vec<String> {
    // The title of a table of cases follows the end of the table.
    let call = r"(?sm)^\s*(?:it|test|it\.each\(.*?\))\(\s*";
    let title = r#"(?:"([^"]*)"|'([^']*)'|`([^`]*)`)"#;
    let titles = matches(&format!("{call}{title}"), text).into_iter();
    titles.map(|quotes: [&str; 3]| quotes.concat()).collect()
}

/// The groups of each match. A group without a part in a match is empty. The tests match every pattern.
fn matches<'a, const N: usize>(pattern: &str, text: &'a str) -> Vec<[&'a str; N]> {
    let Ok(pattern) = Regex::new(pattern) else {
        return Vec::new();
    };
    let group = |found: &Captures<'a>, at| found.get(at + 1).map_or("", |one| one.as_str());
    let found = pattern.captures_iter(text);
    found.map(|found| from_fn(|at| group(&found, at))).collect()
}

#[cfg(test)]
#[path = "../../tests/unit/parity_scan.rs"]
mod tests;
