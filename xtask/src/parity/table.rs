//! The table, and what is missing in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::parity::catalog::{Catalog, Entry, Number};
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
pub fn render(catalog: &Catalog, tests: &[Test]) -> String {
    let tests = by_number(tests);
    let mut text = HEAD.to_owned();
    let (mut behaviors, mut defects, mut situations) = (Vec::new(), Vec::new(), Vec::new());
    for entry in &catalog.0 {
        match entry.0 {
            Number::Behavior(_) => behaviors.push(entry),
            Number::Defect(_) => defects.push(entry),
            Number::Situation(_) => situations.push(entry),
        }
    }
    for (title, entries) in [
        ("Behaviors of the existing plugin", behaviors),
        ("Its defects, which this one does not have", defects),
        ("Situations in real installations", situations),
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
pub fn problems(catalog: &Catalog, tests: &[Test]) -> Vec<String> {
    let numbers = by_number(tests);
    let unknown = numbers
        .iter()
        .filter(|(number, _)| !catalog.0.contains_key(number));
    let mut problems: Vec<String> = unknown
        .flat_map(|(number, tests)| {
            tests
                .iter()
                .map(move |test| format!("{number} does not exist: {}::{}", test.file, test.name))
        })
        .collect();
    for (number, entry) in &catalog.0 {
        let proved = numbers.contains_key(number);
        if !proved && entry.area.is_none() && entry.reason.is_none() {
            problems.push(format!("{number} has no test: {}", entry.title));
        }
        if let Some(suite) = &entry.suite {
            let tests = numbers.get(number).into_iter().flatten();
            if !tests.clone().any(|test| test.file.starts_with(suite)) {
                problems.push(format!("{number} has no test in {suite}: {}", entry.title));
            }
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
            suite: None,
        }
    }

    fn in_suite(suite: &str) -> Entry {
        Entry {
            suite: Some(suite.to_owned()),
            ..entry(None, None)
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
        let catalog = Catalog(BTreeMap::from([
            (Number::Behavior(1), entry(None, None)),
            (Number::Behavior(2), entry(Some("webapp"), None)),
            (Number::Defect(1), entry(None, Some("because"))),
        ]));
        let table = render(
            &catalog,
            &[
                test("x", &[Number::Behavior(1)]),
                test("y", &[Number::Behavior(1)]),
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
        let catalog = Catalog(BTreeMap::from([
            (Number::Behavior(1), entry(None, None)),
            (Number::Behavior(2), entry(Some("webapp"), None)),
            (Number::Defect(1), entry(None, Some("because"))),
        ]));
        let tests = [test("x", &[Number::Defect(1), Number::Defect(99)])];
        let problems = problems(&catalog, &tests).join("\n");
        for part in [
            "ZM-001 has no test",
            "D99 does not exist: a.rs::x",
            "D1 has a test",
        ] {
            assert!(problems.contains(part), "{problems}");
        }
        assert!(!problems.contains("ZM-002"), "{problems}");
    }

    #[test]
    fn a_situation_has_a_row_and_needs_a_test() {
        let number = Number::Situation(1);
        let catalog = Catalog(BTreeMap::from([(number, entry(None, None))]));
        assert_eq!(problems(&catalog, &[]), ["F01 has no test: title"]);
        let tests = [test("f01_x", &[number])];
        assert_eq!(problems(&catalog, &tests), [""; 0]);
        let table = render(&catalog, &tests);
        let section = "## Situations in real installations\n";
        assert!(table.contains(section), "{table}");
        assert!(
            table.contains("| F01 | title | `a.rs::f01_x` |\n"),
            "{table}"
        );
    }

    #[test]
    fn a_number_with_a_suite_needs_a_test_there() {
        let number = Number::Situation(1);
        let catalog = Catalog(BTreeMap::from([(number, in_suite("tests/tests/e2e/"))]));
        let elsewhere = test("f01_x", &[number]);
        let missing = ["F01 has no test in tests/tests/e2e/: title"];
        assert_eq!(
            problems(&catalog, std::slice::from_ref(&elsewhere)),
            missing
        );
        let there = Test {
            file: "tests/tests/e2e/a.rs".to_owned(),
            ..test("f01_y", &[number])
        };
        assert_eq!(problems(&catalog, &[elsewhere, there]), [""; 0]);
    }

    #[test]
    fn the_situations_that_need_tests_are_in_the_catalog() {
        let text = include_str!("../../../tests/parity.json");
        let catalog = Catalog::parse(text).unwrap();
        let of = |number| catalog.0.get(&Number::Situation(number)).unwrap();
        for number in 1..=46 {
            let entry = of(number);
            assert_eq!((&entry.area, &entry.reason), (&None, &None), "F{number:02}");
        }
        let server = [1, 2, 5, 6, 13, 14, 25, 29, 31, 32, 33, 34, 38];
        for number in server {
            let suite = of(number).suite.as_deref();
            assert_eq!(suite, Some("tests/tests/e2e/"), "F{number:02}");
        }
        assert_eq!(of(9).suite.as_deref(), Some("webapp/e2e/"));
    }
}
