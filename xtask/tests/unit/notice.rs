use super::{Work, compose, notice, texts};
use crate::packages::packages;
use crate::packages::tests::{TARGET, sample};
use crate::run::scratch;
use std::fs;

#[test]
fn every_linked_package_is_listed_with_its_license_and_a_text() {
    let packages = packages(TARGET).unwrap();
    let text = notice(&packages, &[], &[]).unwrap();
    for package in &packages {
        let line = format!(
            "\n{} {}: {} [",
            package.name, package.version, package.license
        );
        let listed = text.contains(&line);
        assert_eq!(listed, package.linked && !package.own, "{}", package.name);
    }
    for part in [
        "Rich Felker",
        "The Rust Project Developers",
        "Alex Crichton",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("</"), "markup");
    assert_eq!(text, notice(&packages, &[], &[]).unwrap());
}

#[test]
fn a_package_without_a_license_text_is_an_error_that_names_it() {
    let mut package = sample("silent", &[]);
    package.folder = scratch("notice");
    let error = notice(&[package.clone()], &[], &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("silent 1.0.0"), "{error}");
    fs::remove_dir_all(package.folder).unwrap();
}

#[test]
fn texts_that_differ_only_in_blanks_are_given_once() {
    let folder = scratch("texts");
    for (name, content) in [
        ("LICENSE-MIT", "\nfree  \r\nfor all\n"),
        ("license.txt", "free\nfor all"),
        ("license.rs", "fn main() {}"),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    let found = texts(&folder).unwrap();
    fs::remove_dir_all(folder).unwrap();
    assert_eq!(found, ["free\nfor all\n"]);
    let work = |title: &str, texts: Vec<String>| Work {
        title: title.to_owned(),
        license: "MIT".to_owned(),
        texts,
    };
    let both = [found.clone(), vec!["two\n".to_owned()]].concat();
    let text = compose(&[work("a 1", found), work("b 2", both)]);
    assert!(text.contains("a 1: MIT [1]\nb 2: MIT [1, 2]\n"), "{text}");
    assert_eq!(text.matches("\nfree\n").count(), 1);
}
