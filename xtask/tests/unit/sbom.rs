use super::{About, sbom};
use crate::npm;
use crate::packages::tests::{TARGET, sample};
use crate::packages::{GUEST, HOST, Package, packages};
use crate::zig::Part;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

const ABOUT: About = About {
    version: "1.2.3",
    time: Some("2026-01-02T03:04:05Z"),
    rust: "1.95.0",
};

fn linked(name: &'static str) -> Part {
    Part {
        name,
        own_version: None,
        from: "zig-0.1.0".to_owned(),
        license: "MIT",
        text: None,
    }
}

fn parsed(packages: &[Package], scripts: &[npm::Package]) -> Value {
    let parts = [linked("part of it")];
    serde_json::from_str(&sbom(&ABOUT, packages, scripts, &parts)).unwrap()
}

fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[test]
fn registry_packages_have_a_purl_a_checksum_and_a_license_and_our_crates_have_no_purl() {
    let bill = parsed(&packages(TARGET).unwrap(), &[]);
    for component in bill["components"].as_array().unwrap() {
        let name = field(component, "name");
        assert!(component["licenses"][0]["expression"].is_string(), "{name}");
        if field(component, "bom-ref").starts_with("own/") {
            assert!(component["purl"].is_null(), "{name}");
        } else {
            assert_eq!(component["purl"], component["bom-ref"], "{name}");
        }
        if field(component, "purl").starts_with("pkg:cargo/") {
            assert_eq!(
                field(&component["hashes"][0], "content").len(),
                64,
                "{name}"
            );
        }
    }
}

#[test]
fn every_component_lists_its_dependencies_once_and_every_reference_resolves() {
    let bill = parsed(&packages(TARGET).unwrap(), &[]);
    let components = bill["components"].as_array().unwrap();
    let references = components.iter().map(|one| field(one, "bom-ref"));
    let known: BTreeSet<&str> = references.chain(["zoom"]).collect();
    let dependencies = bill["dependencies"].as_array().unwrap();
    let said = dependencies.iter().map(|one| field(one, "ref"));
    assert_eq!(said.collect::<BTreeSet<_>>(), known);
    assert_eq!(dependencies.len(), known.len());
    let needed = |of: &str| {
        let mut found = dependencies
            .iter()
            .filter(|one| field(one, "ref").contains(of));
        let needed = found.next().unwrap()["dependsOn"].as_array().cloned();
        needed.unwrap_or_default()
    };
    for dependency in dependencies {
        for needed in needed(field(dependency, "ref")) {
            assert!(known.contains(needed.as_str().unwrap()), "{needed}");
        }
    }
    let library = Value::from("own/rust-1.95.0/wasi-libc");
    assert!(needed(GUEST).contains(&library) && !needed(HOST).contains(&library));
}

#[test]
fn macros_are_marked_and_scripts_are_listed_and_odd_characters_escaped() {
    let macros = Package {
        version: "1.0.0+wasi".to_owned(),
        linked: false,
        ..sample("derive", &[])
    };
    let script = npm::Package {
        name: "@s/x".to_owned(),
        version: "2.0.0".to_owned(),
        license: "MIT".to_owned(),
        folder: PathBuf::new(),
        checksum: "ab".repeat(64),
    };
    let bill = parsed(&[macros, sample("used", &[])], &[script]);
    let components = &bill["components"];
    assert_eq!(components[0]["scope"], "excluded");
    assert_eq!(components[0]["purl"], "pkg:cargo/derive@1.0.0%2Bwasi");
    assert_eq!(components[1]["scope"], "required");
    assert_eq!(components[2]["purl"], "pkg:npm/%40s/x@2.0.0");
}

#[test]
fn the_sbom_contains_no_build_time_or_path() {
    let packages = packages(TARGET).unwrap();
    let bare = About {
        time: None,
        ..ABOUT
    };
    let text = sbom(&bare, &packages, &[], &[]);
    assert_eq!(text, sbom(&bare, &packages, &[], &[]));
    let root = crate::run::root().display().to_string();
    for trace in ["timestamp", "serialNumber", root.as_str(), "/.cargo/"] {
        assert!(!text.contains(trace), "{trace}");
    }
}
