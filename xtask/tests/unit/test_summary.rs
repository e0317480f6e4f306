use super::{Format, Reader, Summary};

fn read(format: Format, text: &str) -> Summary {
    let mut reader = Reader::new(format);
    for line in text.lines() {
        reader.line(line);
    }
    reader.summary
}

#[test]
fn the_results_of_each_runner_are_added() {
    let cargo = "running 3 tests\n\
        test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s\n\
        test result: FAILED. 2 passed; 12 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let tap = "TAP version 13\n1..4\nok 1 - a > b # time=1ms\nnot ok 2 - c\n    ---\n    at: x\n\
        ok 3 - d # SKIP\nnot ok 4 - e # TODO";
    let go = r#"{"Action":"pass","Test":"Test/a/one","Elapsed":1}
        {"Action":"fail","Test":"Test/a/two"}
        {"Action":"skip","Test":"Test/a/three"}
        {"Action":"fail","Test":"Test/a"}
        {"Action":"fail","Test":"Test"}
        {"Action":"fail"}"#;
    assert_eq!(read(Format::Cargo, cargo), Summary::new(5, 12, 1));
    assert_eq!(read(Format::Tap, tap), Summary::new(1, 1, 2));
    assert_eq!(read(Format::Go, go), Summary::new(1, 1, 1));
}

#[test]
fn a_go_test_that_fails_outside_its_subtests_is_counted() {
    let text = "{\"Action\":\"pass\",\"Test\":\"T/a\"}\n{\"Action\":\"fail\",\"Test\":\"T\"}";
    assert_eq!(read(Format::Go, text), Summary::new(1, 1, 0));
}

#[test]
fn a_runner_that_fails_without_a_failed_test_counts_as_one_failure() {
    assert_eq!(Summary::default().settled(false).failed, 1);
    assert_eq!(Summary::new(0, 2, 0).settled(false).failed, 2);
    assert_eq!(Summary::default().settled(true).failed, 0);
}
