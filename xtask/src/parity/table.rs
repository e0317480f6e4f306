//! The table, and what is missing in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::parity::catalogue::{Catalogue, Entry, Number};
use crate::parity::scan::Test;

const HEAD: &str = "# Which test proves what

Made by `cargo xtask parity` from the names of the tests and from `parity.json`; not to be edited.
";

fn by_number(tests: &[Test]) -> BTreeMap<Number, Vec<&Test>> {
    let mut numbers: BTreeMap<Number, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        for number in &test.numbers {
            numbers.entry(*number).or_default().push(test);
        }
    }
    numbers
}

/// The file.
pub fn render(catalogue: &Catalogue, tests: &[Test]) -> String {
    let tests = by_number(tests);
    let mut text = HEAD.to_owned();
    let (behaviours, defects): (Vec<_>, Vec<_>) = catalogue
        .0
        .iter()
        .partition(|(number, _)| matches!(number, Number::Behaviour(_)));
    for (title, entries) in [
        ("Behaviours of the existing plugin", behaviours),
        ("Its defects, which this one does not have", defects),
    ] {
        let _ = write!(
            text,
            "\n## {title}\n\n| number | what | tests |\n|---|---|---|\n"
        );
        for (number, entry) in entries {
            let tests = tests.get(number).map(Vec::as_slice).unwrap_or_default();
            let _ = writeln!(
                text,
                "| {number} | {} | {} |",
                entry.title,
                cell(entry, tests)
            );
        }
    }
    text
}

fn cell(entry: &Entry, tests: &[&Test]) -> String {
    if tests.is_empty() {
        return match (&entry.area, &entry.reason) {
            (_, Some(reason)) => reason.clone(),
            (Some(area), None) => format!("({area})"),
            (None, None) => "**none**".to_owned(),
        };
    }
    let names: Vec<String> = tests
        .iter()
        .map(|test| format!("`{}::{}`", test.file, test.name))
        .collect();
    names.join("<br>")
}

/// What is wrong, one line each.
pub fn problems(catalogue: &Catalogue, tests: &[Test]) -> Vec<String> {
    let numbers = by_number(tests);
    let unknown = numbers
        .iter()
        .filter(|(number, _)| !catalogue.0.contains_key(number));
    let mut problems: Vec<String> = unknown
        .flat_map(|(number, tests)| {
            tests
                .iter()
                .map(move |test| format!("{number} does not exist: {}::{}", test.file, test.name))
        })
        .collect();
    for (number, entry) in &catalogue.0 {
        let proved = numbers.contains_key(number);
        if !proved && entry.area.is_none() && entry.reason.is_none() {
            problems.push(format!("{number} has no test: {}", entry.title));
        }
        if proved && entry.reason.is_some() {
            problems.push(format!(
                "{number} has a test and needs no reason for having none"
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(area: Option<&str>, reason: Option<&str>) -> Entry {
        Entry {
            title: "title".to_owned(),
            area: area.map(str::to_owned),
            reason: reason.map(str::to_owned),
        }
    }

    fn test(name: &str, numbers: &[Number]) -> Test {
        Test {
            file: "a.rs".to_owned(),
            name: name.to_owned(),
            numbers: numbers.to_vec(),
        }
    }

    #[test]
    fn every_number_has_a_row_and_every_test_a_place() {
        let catalogue = Catalogue(BTreeMap::from([
            (Number::Behaviour(1), entry(None, None)),
            (Number::Behaviour(2), entry(Some("webapp"), None)),
            (Number::Defect(1), entry(None, Some("because"))),
        ]));
        let table = render(
            &catalogue,
            &[
                test("x", &[Number::Behaviour(1)]),
                test("y", &[Number::Behaviour(1)]),
            ],
        );
        assert!(
            table.contains("| ZM-001 | title | `a.rs::x`<br>`a.rs::y` |\n"),
            "{table}"
        );
        assert!(table.contains("| ZM-002 | title | (webapp) |\n"), "{table}");
        assert!(table.contains("| D1 | title | because |\n"), "{table}");
    }

    #[test]
    fn d30_what_is_missing_unknown_or_needless_is_a_problem() {
        let catalogue = Catalogue(BTreeMap::from([
            (Number::Behaviour(1), entry(None, None)),
            (Number::Behaviour(2), entry(Some("webapp"), None)),
            (Number::Defect(1), entry(None, Some("because"))),
        ]));
        let tests = [test("x", &[Number::Defect(1), Number::Defect(99)])];
        let problems = problems(&catalogue, &tests).join("\n");
        for part in [
            "ZM-001 has no test",
            "D99 does not exist: a.rs::x",
            "D1 has a test",
        ] {
            assert!(problems.contains(part), "{problems}");
        }
        assert!(!problems.contains("ZM-002"), "{problems}");
    }
}
