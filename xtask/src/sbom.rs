//! The bill of materials, in CycloneDX's JSON.
//!
//! Its time is that of the commit, and it has no serial number: the same sources give the same bytes, as with the
//! bundle. Packages of the registry have the name under which databases of known weaknesses have them (a purl). Our own
//! parts have none: nothing can be fetched under their names, and somebody else may come to own these on the registry.
//!
//! What no registry has is listed too: the linker's parts, Rust's standard library, and below it in the component
//! the C library for WASI. The last comes compiled with the compiler, whose version is the only one it has here. The C
//! library of Linux has its own version, where zig says it, and the name (a CPE) under which its weaknesses are known.

use serde_json::{Value, json};

use crate::npm;
use crate::packages::{GUEST, HOST, Id, Package};
use crate::zig::Part;

/// What of the bill is the same whatever is in the bundle.
const NAME: &str = "zoom";

/// Who supplies it: the project, by the title of its README.
const SUPPLIER: &str = "Zoom for Mattermost, as a sandboxed component";

/// The licences of wasi-libc, and of what is in it: musl, cloudlibc, libpreopen and dlmalloc.
const WASI_LIBC_LICENCE: &str =
    "(Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT) AND MIT AND BSD-2-Clause AND CC0-1.0";

/// What a bill is of.
pub struct About<'a> {
    /// The bundle's version, and that of the tool that makes it and comes with the same sources.
    pub version: &'a str,
    /// When the commit was made, in UTC, where there is one.
    pub time: Option<&'a str>,
    /// The version of the compiler, whose libraries are linked too.
    pub rust: &'a str,
}

/// The bill of one platform's bundle.
pub fn sbom(
    about: &About,
    packages: &[Package],
    scripts: &[npm::Package],
    linked: &[Part],
) -> String {
    let (library, c_library) = (standard_library(about.rust), wasi_libc(about.rust));
    let mut components: Vec<Value> = packages.iter().map(component).collect();
    components.extend(scripts.iter().map(script));
    components.extend(linked.iter().map(part));
    components.extend([library.clone(), c_library.clone()]);

    let parts = packages
        .iter()
        .filter(|package| [HOST, GUEST].contains(&package.name.as_str()))
        .map(reference);
    let parts = parts.chain(scripts.iter().map(purl));
    let parts: Vec<String> = parts.chain(linked.iter().map(part_reference)).collect();
    let mut dependencies = vec![json!({"ref": NAME, "dependsOn": parts})];
    dependencies.extend(packages.iter().map(|package| {
        let needs = package.needs.iter().filter_map(|id| find(packages, id));
        let mut needs: Vec<Value> = needs.map(|needed| reference(needed).into()).collect();
        let below: &[&Value] = match package.name.as_str() {
            HOST => &[&library],
            GUEST => &[&library, &c_library],
            _ => &[],
        };
        needs.extend(below.iter().map(|one| one["bom-ref"].clone()));
        json!({"ref": reference(package), "dependsOn": needs})
    }));
    // What needs nothing is to be said, or it counts as not known.
    let bare = scripts.iter().map(purl);
    let bare = bare
        .chain(linked.iter().map(part_reference))
        .map(Value::from);
    let below = [&library, &c_library].map(|one| one["bom-ref"].clone());
    dependencies.extend(bare.chain(below).map(|one| json!({"ref": one})));

    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": metadata(about),
        "components": components,
        "dependencies": dependencies,
    });
    format!("{document:#}\n")
}

fn metadata(about: &About) -> Value {
    let mut metadata = json!({
        "tools": {"components": [{
            "type": "application",
            "name": "xtask",
            "version": about.version,
            "description": "The build tool in the sources of the bundle",
        }]},
        "component": {
            "type": "application",
            "bom-ref": NAME,
            "name": NAME,
            "version": about.version,
            "licenses": [{"expression": "Apache-2.0"}],
        },
        "supplier": {"name": SUPPLIER},
    });
    if let (Some(time), Some(fields)) = (about.time, metadata.as_object_mut()) {
        fields.insert("timestamp".to_owned(), time.into());
    }
    metadata
}

fn standard_library(rust: &str) -> Value {
    let reference = format!("pkg:github/rust-lang/rust@{rust}");
    json!({
        "type": "library",
        "bom-ref": reference,
        "name": "rust-std",
        "version": rust,
        "description": "The standard library of Rust, linked into the executable and into the component",
        "scope": "required",
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "purl": reference,
    })
}

fn wasi_libc(rust: &str) -> Value {
    json!({
        "type": "library",
        "bom-ref": format!("own/rust-{rust}/wasi-libc"),
        "name": "wasi-libc",
        "version": format!("rust-{rust}"),
        "description": "The C library for WASI, as Rust brings it, linked into the component",
        "scope": "required",
        "licenses": [{"expression": WASI_LIBC_LICENCE}],
    })
}

fn find<'a>(packages: &'a [Package], id: &Id) -> Option<&'a Package> {
    packages.iter().find(|package| package.id() == *id)
}

fn reference(package: &Package) -> String {
    let version = package.version.replace('+', "%2B");
    let origin = if package.own { "own" } else { "pkg:cargo" };
    format!("{origin}/{}@{version}", package.name)
}

fn component(package: &Package) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": reference(package),
        "name": package.name,
        "version": package.version,
        // A macro ran while the program was compiled, and is not in it.
        "scope": if package.linked { "required" } else { "excluded" },
        "licenses": [{"expression": package.licence}],
    });
    if let Some(fields) = component.as_object_mut() {
        if let Some(checksum) = &package.checksum {
            let hashes = json!([{"alg": "SHA-256", "content": checksum}]);
            fields.insert("hashes".to_owned(), hashes);
        }
        if !package.own {
            fields.insert("purl".to_owned(), reference(package).into());
        }
    }
    component
}

fn purl(script: &npm::Package) -> String {
    let name = script.name.replace('@', "%40");
    format!("pkg:npm/{name}@{}", script.version)
}

fn script(script: &npm::Package) -> Value {
    json!({
        "type": "library",
        "bom-ref": purl(script),
        "name": script.name,
        "version": script.version,
        "scope": "required",
        "licenses": [{"expression": script.licence}],
        "hashes": [{"alg": "SHA-512", "content": script.checksum}],
        "purl": purl(script),
    })
}

fn part_reference(part: &Part) -> String {
    let name = part.name.replace(' ', "-");
    format!("own/{}/{name}", part.from)
}

/// What the linker adds.
fn part(part: &Part) -> Value {
    let mut component = json!({
        "type": "library",
        "bom-ref": part_reference(part),
        "name": part.name,
        "version": part.version(),
        "scope": "required",
        "licenses": [{"expression": part.licence}],
    });
    if let Some(fields) = component.as_object_mut() {
        if part.own_version.is_some() {
            let description = format!("As {} brings it", part.from);
            fields.insert("description".to_owned(), description.into());
        }
        if let Some(cpe) = part.cpe() {
            fields.insert("cpe".to_owned(), cpe.into());
        }
    }
    component
}

#[cfg(test)]
mod tests {
    use super::{About, SUPPLIER, sbom};
    use crate::notice::{RULE, notice};
    use crate::npm;
    use crate::packages::tests::{TARGET, plain_tree, sample};
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
            licence: "MIT",
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
    fn it_lists_the_packages_of_both_trees_and_the_libraries_below_them() {
        let bill = parsed(&packages(TARGET).unwrap(), &[]);
        let components = bill["components"].as_array().unwrap();
        let seen: BTreeSet<String> = components
            .iter()
            .map(|component| {
                format!(
                    "{} {}",
                    field(component, "name"),
                    field(component, "version")
                )
            })
            .collect();
        let mut expected = plain_tree(HOST, TARGET, "normal");
        expected.append(&mut plain_tree(GUEST, "wasm32-wasip2", "normal"));
        expected.insert("rust-std 1.95.0".to_owned());
        expected.insert("wasi-libc rust-1.95.0".to_owned());
        expected.insert("part of it zig-0.1.0".to_owned());
        assert_eq!(seen, expected);
        assert_eq!(seen.len(), components.len(), "nothing twice");
    }

    #[test]
    fn what_is_fetched_has_a_purl_a_checksum_and_a_licence_and_what_is_ours_claims_no_name() {
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
    fn what_notice_has_a_section_for_is_in_the_bill() {
        let text = notice(&[], &[], &[]).unwrap();
        let pieces = text.split(RULE).map(str::trim);
        let sections = pieces.filter(|piece| piece.starts_with("The ") && !piece.contains('\n'));
        let expected = [
            ("The standard library of Rust", "rust-std"),
            ("The C library for WASI", "wasi-libc"),
        ];
        let names = expected.map(|(section, _)| section);
        assert_eq!(sections.collect::<Vec<_>>(), names);
        let bill = parsed(&[], &[]);
        let components = bill["components"].as_array().unwrap();
        for (_, name) in expected {
            assert!(components.iter().any(|one| one["name"] == name), "{name}");
        }
    }

    #[test]
    fn every_component_has_its_needs_said_once_and_every_reference_leads_to_one() {
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
            licence: "MIT".to_owned(),
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
    fn a_part_of_a_known_version_has_the_name_under_which_its_weaknesses_are_known() {
        let musl = Part {
            own_version: Some("1.2.5".to_owned()),
            ..linked("musl")
        };
        let text = sbom(&ABOUT, &[], &[], &[musl, linked("other")]);
        let bill: Value = serde_json::from_str(&text).unwrap();
        let (musl, other) = (&bill["components"][0], &bill["components"][1]);
        assert_eq!(musl["version"], "1.2.5");
        assert_eq!(musl["description"], "As zig-0.1.0 brings it");
        let cpe = "cpe:2.3:a:musl-libc:musl:1.2.5:*:*:*:*:*:*:*";
        assert_eq!(musl["cpe"], cpe);
        assert_eq!(other["version"], "zig-0.1.0");
        assert!(other["cpe"].is_null() && other["description"].is_null());
    }

    #[test]
    fn it_says_who_supplies_what_was_built_with_which_tool_and_of_what_time_the_sources_are() {
        let metadata = |time| {
            let text = sbom(&About { time, ..ABOUT }, &[], &[], &[]);
            let bill: Value = serde_json::from_str(&text).unwrap();
            bill["metadata"].clone()
        };
        let said = metadata(ABOUT.time);
        assert_eq!(said["timestamp"], "2026-01-02T03:04:05Z");
        assert_eq!(said["supplier"]["name"], SUPPLIER);
        let tool = &said["tools"]["components"][0];
        assert_eq!(
            (&tool["name"], &tool["version"]),
            (&"xtask".into(), &"1.2.3".into())
        );
        assert!(metadata(None).get("timestamp").is_none(), "without git");
        let readme = std::fs::read_to_string(crate::run::root().join("README.md")).unwrap();
        assert!(readme.starts_with(&format!("# {SUPPLIER}\n")));
    }

    #[test]
    fn it_says_nothing_of_when_and_where_it_was_made() {
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
}
