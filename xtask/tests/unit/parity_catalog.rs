use super::*;

#[test]
fn a_number_has_as_many_digits_as_its_kind() {
    assert_eq!(Number::parse("zm007"), Some(Number::Behavior(7)));
    assert_eq!(Number::parse("d07"), Some(Number::Defect(7)));
    assert_eq!(Number::parse("f07"), Some(Number::Situation(7)));
    assert_eq!(Number::parse("F07"), Some(Number::Situation(7)));
    for word in [
        "zm07", "zm0007", "d7", "d007", "zm", "d", "dxx", "zm00x", "+07", "zm+07", "f7", "f007",
        "f", "fxx",
    ] {
        assert_eq!(Number::parse(word), None, "{word}");
    }
}

#[test]
fn an_entry_needs_a_title() {
    let file = |entry: &str| {
        format!(
            r#"{{"behaviors": {{"001": {entry}}}, "defects": {{"02": {{"title": "b"}}}},
            "situations": {{"03": {{"title": "c", "suite": "tests/"}}}}}}"#
        )
    };
    let read = Catalog::parse(&file(r#"{"title": "a", "area": "webapp"}"#));
    let read = read.map(|catalog| catalog.0).unwrap_or_default();
    assert_eq!(read.len(), 3);
    assert_eq!(
        read.get(&Number::Situation(3))
            .and_then(|entry| entry.suite.as_deref()),
        Some("tests/")
    );
    assert_eq!(
        read.get(&Number::Behavior(1))
            .and_then(|entry| entry.area.as_deref()),
        Some("webapp")
    );
    assert!(Catalog::parse(&file("{}")).is_err());
}
