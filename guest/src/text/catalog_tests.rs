//! Tests of generating code from catalogs, and of the errors for invalid ones.

use super::catalog::*;

fn problems(catalogs: &[(&str, &str)]) -> String {
    generate(catalogs).unwrap_err().join("\n")
}

#[test]
fn f38_a_catalog_becomes_an_enum_and_a_table_per_language() {
    let en = r#"{"zoom_not_connected": "Run \"it\".", "wait": "{minutes, plural, one {# minute} other {# minutes}} for {who}"}"#;
    let ja = r#"{"wait": "{who}: {minutes, plural, other {#分}}", "zoom_not_connected": "実行"}"#;
    let code = generate(&[("en", en), ("ja", ja)]).unwrap();
    for part in [
        "ZoomNotConnected,",
        "pub const ALL: [Message; 2] = [Message::ZoomNotConnected, Message::Wait];",
        r#"Message::ZoomNotConnected => &Template::Text("Run \"it\"."),"#,
        r#"Message::Wait => &Template::Plural { count: "minutes", one: "{minutes} minute for {who}", other: "{minutes} minutes for {who}" },"#,
        r#"Message::Wait => &Template::Text("{who}: {minutes}分"),"#,
    ] {
        assert!(code.contains(part), "{part} is not in:\n{code}");
    }
}

#[test]
fn f38_a_key_that_a_language_lacks_or_has_more_is_named_with_its_file() {
    let en = r#"{"a": "A", "b": "B"}"#;
    let told = problems(&[
        ("en", en),
        ("de", r#"{"a": "A", "c": "C"}"#),
        ("fr", r#"{"a": "A"}"#),
    ]);
    assert_eq!(
        told.lines().collect::<Vec<_>>(),
        [
            "de.json: `b`: the key is missing",
            "de.json: `c`: the key is not in en.json",
            "fr.json: `b`: the key is missing",
        ]
    );
}

#[test]
fn f38_a_placeholder_that_differs_from_english_is_an_error() {
    let en = r#"{"a": "{name} and {other}"}"#;
    for de in [
        "{name}",
        "{name} {other} {more}",
        "{nmae} {other}",
        "name other",
    ] {
        let told = problems(&[("en", en), ("de", &format!(r#"{{"a": "{de}"}}"#))]);
        assert!(
            told.starts_with("de.json: `a`: the placeholders are"),
            "{de}: {told}"
        );
    }
    let same = r#"{"a": "{other}, {name}, and {name} again"}"#;
    assert!(generate(&[("en", en), ("de", same)]).is_ok());
}

#[test]
fn f38_a_malformed_text_is_an_error() {
    for (text, why) in [
        ("", "is empty"),
        ("a {name", "do not match"),
        ("a } b", "do not match"),
        ("{a{b}}", "not the name"),
        ("{}", "not the name"),
        ("{Name}", "not the name"),
        ("it''s", "not supported"),
        ("'{name}'", "not supported"),
        ("{n, number, integer}", "unsupported type `number`"),
        ("{n, plural}", "malformed"),
        ("{n, plural, other {#}}", "no category `one`"),
        ("{n, plural, one {#}}", "no category `other`"),
        ("{n, plural, one {#} few {#} other {#}}", "category `few`"),
        ("{n, plural, =0 {none} one {#} other {#}}", "category `=0`"),
        ("{n, plural, one {#} one {#} other {#}}", "malformed"),
        ("{n, plural, one {#} other {#} more}", "malformed"),
        ("{n, plural, one {{Bad}} other {#}}", "not the name"),
        (
            "{n, plural, one {#} other {#}} {m, plural, one {#} other {#}}",
            "more than one plural",
        ),
    ] {
        let told = problems(&[("en", &format!(r#"{{"some_key": "{text}"}}"#))]);
        assert!(told.starts_with("en.json: `some_key`: "), "{text}: {told}");
        assert!(told.contains(why), "{text}: {told}");
    }
    let told = problems(&[("ja", r#"{"a": "{n, plural, one {#} other {#}}"}"#)]);
    assert!(
        told.contains("category `one`, which ja does not have"),
        "{told}"
    );
}

#[test]
fn f38_a_file_that_is_no_flat_object_is_an_error() {
    for (json, why) in [
        (r#"{"a": "A", "a": "B"}"#, "`a`: the key is there twice"),
        (r#"{"Bad": "A"}"#, "`Bad`: the key is not in snake case"),
        (r#"{"a_": "A"}"#, "`a_`: the key is not in snake case"),
        (r#"{"a": {"b": "A"}}"#, "line 1"),
        (r#"["a"]"#, "line 1"),
        (r#"{"a": "A"} x"#, "line 1"),
        ("{\n\"a\": \"A\",\n}", "line 3"),
    ] {
        let told = problems(&[("en", json)]);
        assert!(
            told.starts_with("en.json: ") && told.contains(why),
            "{json}: {told}"
        );
    }
}
