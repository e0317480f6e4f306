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
fn every_number_has_a_row_with_its_tests() {
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
fn d30_missing_tests_unknown_numbers_and_needless_reasons_are_problems() {
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
