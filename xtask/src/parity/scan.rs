//! Finds the tests in the sources.
//!
//! It knows three forms: functions below `#[test]` or `#[tokio::test…]`, the names in the `CHECKS` of the suite on a real
//! server, and the titles in `it(…)` and `test(…)` of the webapp's suites. Ignored and skipped tests do not count.

use std::fs;
use std::path::Path;

use crate::error::{Error, at};
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
pub fn tests(root: &Path) -> Result<Vec<Test>, Error> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        walk(root, &root.join(folder), &mut found)?;
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Test>) -> Result<(), Error> {
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
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
        let text = fs::read_to_string(&path).map_err(at(&path))?;
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
mod tests {
    use super::*;

    /// `@` hides the samples from the scan of this file.
    fn sample(text: &str) -> String {
        text.replace('@', "")
    }

    #[test]
    fn functions_below_an_attribute_are_tests() {
        let text = "
            @#[test]
            fn zm001_a() {}
            @#[tokio::test(flavor = \"multi_thread\")]
            async fn zm002_b() {}
            fn zm003_helper() {}
            @#[test]
            @#[ignore = \"slow\"]
            fn zm004_left_out() {}
            proptest! {
                @#[test]
                fn d05_c(text in \".*\") {}
            }";
        assert_eq!(rust(&sample(text)), ["zm001_a", "zm002_b", "d05_c"]);
    }

    #[test]
    fn checks_are_tests_on_one_line_or_on_several() {
        let text = "
            @pub const CHECKS: &[Check] = &[
                (\"zm001_a\", a),
                (
                    \"zm002_b\",
                    b,
                ),
            ];
            (\"zm003_c\", 7);";
        assert_eq!(rust(&sample(text)), ["zm001_a", "zm002_b"]);
    }

    #[test]
    fn a_single_check_ends_its_list() {
        let text = "
            @pub const CHECKS: &[Check] = &[(
                \"zm001_a\",
                a,
            )];
            \"zm002_b\",";
        assert_eq!(rust(&sample(text)), ["zm001_a"]);
    }

    #[test]
    fn titles_are_read_in_all_quotes_and_skipped_ones_are_not() {
        let text = "
            it(\"zm121 a's\", () => {});
            test('d26 b', async () => {
            it(
                `zm122 c`,
            it.skip('zm123 d', () => {});
            submit('zm124');
            it.each(ERAS)('zm125 e', () => {});
            it.each([
                [a(1)(2), 'no title'],
            ])(
                'd27 f %s',
            it.each([
                ['x'],
            ])('d28 g', () => {});
            test('d29 h', () => {});";
        let expected = [
            "zm121 a's",
            "d26 b",
            "zm122 c",
            "zm125 e",
            "d27 f %s",
            "d28 g",
            "d29 h",
        ];
        assert_eq!(script(text), expected);
    }

    #[test]
    fn numbers_are_words_of_the_name() {
        let name = "d08_zm059_zm059_the_d1_and_zm60_are_none_d08";
        assert_eq!(numbers(name), [Number::Behavior(59), Number::Defect(8)]);
    }

    #[test]
    fn the_samples_of_this_file_are_not_tests() {
        let names = rust(include_str!("scan.rs"));
        assert!(names.iter().any(|name| name.starts_with("the_samples")));
        assert!(names.iter().all(|name| super::numbers(name).is_empty()));
    }
}
