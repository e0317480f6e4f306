//! Validates the bundle's bills of materials against the CycloneDX schema.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;
use std::path::PathBuf;

use boon::{Compiler, SchemaIndex, Schemas};
use plugin_tests::{bundle, workspace_root};
use serde_json::{Value, json};

/// The schema. The schemas that it refers to are in the same folder.
const SCHEMA: &str = "bom-1.6.SNAPSHOT.schema.json";

/// The base of the schemas' `$id`s, which resolves their references without a network.
const BASE: &str = "http://cyclonedx.org/schema/";

fn json_in(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The compiled schema.
struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn read() -> Self {
        let folder = workspace_root().join("tests/fixtures/cyclonedx");
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "json") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let url = format!("{BASE}{name}");
                compiler.add_resource(&url, json_in(path)).unwrap();
            }
        }
        let mut schemas = Schemas::new();
        let index = compiler.compile(&format!("{BASE}{SCHEMA}"), &mut schemas);
        Self(schemas, index.unwrap())
    }

    fn problem(&self, bill: &Value) -> Option<String> {
        let Self(schemas, index) = self;
        let outcome = schemas.validate(bill, *index);
        outcome.err().map(|problem| format!("{problem:#}"))
    }
}

/// The file names and contents of the bundle's bills of materials.
fn bills() -> Vec<(String, Value)> {
    let bundle = bundle().unwrap();
    let entries = fs::read_dir(bundle.parent().unwrap()).unwrap().flatten();
    let bills = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().unwrap();
        name.ends_with(".cdx.json")
            .then(|| (name, json_in(entry.path())))
    });
    bills.collect()
}

#[test]
fn the_bills_of_materials_of_the_bundle_are_valid() {
    let schema = Schema::read();
    let bills = bills();
    assert!(!bills.is_empty(), "the bundle has no bill of materials");
    for (name, bill) in bills {
        assert_eq!(bill["specVersion"], "1.6", "{name}");
        assert_eq!(schema.problem(&bill), None, "{name}");
    }
}

#[test]
fn an_invalid_bill_of_materials_is_rejected() {
    let schema = Schema::read();
    let (_, good) = bills().pop().unwrap();
    assert_eq!(schema.problem(&good), None);
    for (place, wrong) in [
        ("/bomFormat", json!("SPDX")),
        ("/components/0/scope", json!("needed")),
        ("/components/0/name", Value::Null),
        ("/components/0/licenses/0", json!({"spdx": "MIT"})),
        ("/components/1", json!({"name": "of no type"})),
        ("/components/1", good["components"][0].clone()),
        ("/dependencies/0/dependsOn", json!("zoom")),
    ] {
        let mut bill = good.clone();
        *bill.pointer_mut(place).unwrap() = wrong;
        assert!(schema.problem(&bill).is_some(), "{place}");
    }
}
