//! The files of a crate do not import each other in a cycle, and neither do its folders. `sources::imports` says
//! what counts as an import.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
mod sources;

/// The two siblings, files or folders, that an import connects.
fn siblings((from, to): &(String, String)) -> (String, String) {
    let (mut a, mut b) = (String::new(), String::new());
    for (from, to) in from.split('/').zip(to.split('/')) {
        a = format!("{a}/{from}");
        b = format!("{b}/{to}");
        if from != to {
            break;
        }
    }
    (a, b)
}

/// The imports that are part of a cycle.
fn cyclic(imports: &BTreeSet<(String, String)>) -> Vec<String> {
    let edges: BTreeSet<_> = imports.iter().map(siblings).collect();
    let returns = |(from, to): &(String, String)| {
        let mut reached = BTreeSet::from([to]);
        loop {
            let next = edges.iter().filter(|(from, _)| reached.contains(from));
            let more: BTreeSet<_> = next
                .map(|(_, to)| to)
                .chain(reached.iter().copied())
                .collect();
            if more.len() == reached.len() {
                break reached.contains(from);
            }
            reached = more;
        }
    };
    let cyclic = imports.iter().filter(|import| returns(&siblings(import)));
    cyclic
        .map(|(from, to)| format!("{from} imports {to}"))
        .collect()
}

#[test]
fn no_crate_has_an_import_cycle() {
    let manifest = std::fs::read_to_string(sources::root().join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    for name in manifest["workspace"]["members"].as_array().unwrap() {
        let name = name.as_str().unwrap();
        let cycles = cyclic(&sources::imports(&sources::root().join(name).join("src")));
        assert!(cycles.is_empty(), "{name}: {cycles:#?}");
    }
}
