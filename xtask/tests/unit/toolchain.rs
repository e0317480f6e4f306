use super::installs;
use crate::run::root;

#[test]
fn tool_versions_are_pinned_in_one_place() {
    for tool in ["cargo-deny", "cargo-mutants"] {
        let command = installs(tool);
        let (_, version) = command.split_once(&format!(" {tool}@")).unwrap();
        assert!(semver::Version::parse(version).is_ok(), "{command}");
    }
    let script = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    let installing = script.lines().filter(|line| line.contains("cargo install"));
    let installing: Vec<_> = installing.collect();
    assert_eq!(installing.len(), 1, "{installing:?}");
    assert!(installing[0].contains("grep '^cargo-deny@' xtask/src/tools.txt"));
}
