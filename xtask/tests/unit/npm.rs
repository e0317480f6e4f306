use super::{chosen, package_path};
use serde_json::json;
use std::path::Path;

#[test]
fn a_file_belongs_to_the_innermost_package() {
    let path = |module| package_path(module).unwrap();
    assert_eq!(path("/x/node_modules/a/lib/b.js"), "node_modules/a");
    assert_eq!(path("/x/node_modules/@s/a/b.js"), "node_modules/@s/a");
    let nested = "/x/node_modules/@s/a/node_modules/b/c.js?d";
    assert_eq!(path(nested), "node_modules/@s/a/node_modules/b");
    assert_eq!(path("\0rolldown/runtime.js"), "node_modules/rolldown");
    assert_eq!(package_path("/x/src/index.ts"), None);
}

#[test]
fn the_lock_file_gives_the_real_name_and_checksum_of_a_bundled_package() {
    let lock = json!({"packages": {"node_modules/alias": {
        "name": "real", "version": "1.2.3", "license": "MIT", "integrity": "sha512-q80="
    }}});
    let modules = json!([
        "/x/src/a.ts",
        "/x/node_modules/alias/a.js",
        "/x/node_modules/alias/b.js"
    ]);
    let found = chosen(&modules, &lock, Path::new("/w")).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].name.as_str(), found[0].version.as_str()),
        ("real", "1.2.3")
    );
    assert_eq!(found[0].checksum, "abcd");
    let error = chosen(&modules, &json!({}), Path::new("/w"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("alias"), "{error}");
}
