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
    let names = rust(include_str!("parity_scan.rs"));
    assert!(names.iter().any(|name| name.starts_with("the_samples")));
    assert!(names.iter().all(|name| super::numbers(name).is_empty()));
}
