use super::{GUEST, HOST, Package, grow, merged, packages};
use crate::platforms::LINUX;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// The platform whose packages the tests look at.
pub const TARGET: &str = LINUX.triple;

/// A package that exists only here.
pub fn sample(name: &str, needs: &[&str]) -> Package {
    Package {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        license: "MIT".to_owned(),
        folder: PathBuf::new(),
        checksum: Some("ab".repeat(32)),
        own: false,
        linked: true,
        needs: needs
            .iter()
            .map(|name| ((*name).to_owned(), "1.0.0".to_owned()))
            .collect(),
    }
}

/// Name and version of all lines of a plain `cargo tree`, without this module's options.
pub fn plain_tree(package: &str, target: &str, edges: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["tree", "--locked", "-p", package, "--target", target]);
    command.args(["-e", edges, "--prefix", "none", "--no-dedupe"]);
    let output = command.current_dir(crate::run::root()).output().unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| {
        let mut words = line.split_whitespace();
        format!("{} {}", words.next().unwrap(), &words.next().unwrap()[1..])
    });
    lines.collect()
}

fn named(packages: &[Package], wanted: impl Fn(&Package) -> bool) -> BTreeSet<String> {
    let chosen = packages.iter().filter(|package| wanted(package));
    chosen
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

#[test]
fn the_packages_are_those_of_the_two_trees_and_no_others() {
    let found = packages(TARGET).unwrap();
    for (edges, seen) in [
        ("normal", named(&found, |_| true)),
        (
            "normal,no-proc-macro",
            named(&found, |package| package.linked),
        ),
    ] {
        let mut expected = plain_tree(HOST, TARGET, edges);
        expected.append(&mut plain_tree(GUEST, "wasm32-wasip2", edges));
        assert_eq!(seen, expected, "{edges}");
    }
    let has = |name: &str| found.iter().any(|package| package.name == name);
    assert!(has("wasmtime") && has("aes-gcm") && has("landlock"));
    assert!(!has("cranelift-codegen"), "it only builds");
    assert!(!has("proptest"), "it only tests");
}

#[test]
fn a_package_of_two_platforms_is_one_and_linked_if_it_is_in_either() {
    let macros = Package {
        linked: false,
        ..sample("a", &["b"])
    };
    let all = merged(vec![
        vec![macros],
        vec![sample("a", &["c"]), sample("d", &[])],
    ]);
    assert_eq!(all.len(), 2);
    assert!(all[0].linked);
    assert_eq!(all[0].needs.len(), 2);
}

#[test]
fn a_tree_is_read_by_depth_and_a_repeated_package_keeps_its_dependencies() {
    let mut needs = BTreeMap::new();
    let text =
        "0 a v1.0.0 (/x)\n1 b v2.0.0\n2 c v3.0.0+d (proc-macro)\n1 c v3.0.0+d (*)\n1 b v2.0.0 (*)";
    grow(&mut needs, text);
    let id = |name: &str, version: &str| (name.to_owned(), version.to_owned());
    let (b, c) = (id("b", "2.0.0"), id("c", "3.0.0+d"));
    assert_eq!(needs[&id("a", "1.0.0")], [b.clone(), c.clone()].into());
    assert_eq!(needs[&b], [c.clone()].into());
    assert!(needs[&c].is_empty());
}
