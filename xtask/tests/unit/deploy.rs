use super::option;

/// The suite on a real server tests the rest (`tests/tests/e2e/make_targets.rs`).
#[test]
fn an_option_cannot_end_its_own_quotes() {
    let line = option("data", r#"{"password":"a\b"}"#);
    assert_eq!(line, r#"data = "{\"password\":\"a\\b\"}""#);
}
