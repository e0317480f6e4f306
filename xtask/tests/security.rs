//! Checks that the tests named in the security model and the list of threats exist, and that each sentence of the
//! promise names a test.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;

use sources::{root, sources};

mod sources;

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_file_and_every_test_that_the_tables_name_is_there() {
    let read = |name| fs::read_to_string(root().join("docs/security").join(name)).unwrap();
    let text = read("model.md") + &read("threats.md");
    let mut files = Vec::new();
    sources(root(), &mut files);
    let (mut named, mut wrong) = (0, Vec::new());
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let proof = row
            .trim_end_matches([' ', '|'])
            .rsplit(" | ")
            .next()
            .unwrap();
        let mut file = String::new();
        for word in quoted(proof) {
            named += 1;
            if word.ends_with(".rs") {
                let found = files.iter().find(|path| path.ends_with(word));
                match found {
                    Some(path) => file = fs::read_to_string(path).unwrap(),
                    None => wrong.push(format!("no file {word}")),
                }
            } else if word.contains('_') && !word.contains(['/', '.']) {
                let function = format!("fn {}", word.trim_end_matches('…'));
                if !file.contains(&function) {
                    wrong.push(format!("no test {word}"));
                }
            } else if word.contains('/') && !root().join(word).exists() {
                wrong.push(format!("nothing at {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(named > 40, "{named} names: the table is not read");
}

#[test]
fn each_sentence_of_the_promise_names_a_test() {
    let text = fs::read_to_string(root().join("docs/security/model.md")).unwrap();
    let (_, promise) = text.split_once("\n## The promise\n").unwrap();
    let (promise, _) = promise.split_once("\n## ").unwrap();
    let rows = promise
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1);
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 5, "the table is not read");
    for row in rows {
        let (_, tests) = row.rsplit_once(" | ").unwrap();
        // The words are a file and an item in it.
        assert!(quoted(tests).count() >= 2, "{row}");
    }
}
