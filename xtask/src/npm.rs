//! The npm packages in the webapp's script.
//!
//! `npm sbom` lists what is installed, not what is bundled. The build of the webapp writes which files of node_modules the
//! script contains, and the lock file has the rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::checksums::hexadecimal;
use crate::error::Error;
use crate::run::json;
use crate::webapp;

/// One package.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub license: String,
    pub folder: PathBuf,
    /// The registry's SHA-512 in hexadecimal.
    pub checksum: String,
}

/// The packages in the script that was built last, sorted by the paths of their folders.
pub fn packages() -> Result<Vec<Package>, Error> {
    let folder = webapp::folder();
    let modules = json(&folder.join("dist").join("modules.json"))?;
    let lock = folder.join("package-lock.json");
    chosen(&modules, &json(&lock)?, &folder).map_err(|problem| Error::Content {
        path: lock,
        problem,
    })
}

fn chosen(modules: &Value, lock: &Value, folder: &Path) -> Result<Vec<Package>, String> {
    let modules = modules.as_array().into_iter().flatten();
    let paths: BTreeSet<String> = modules
        .filter_map(Value::as_str)
        .filter_map(package_path)
        .collect();
    let package = |path: String| {
        let entry = lock.get("packages").and_then(|all| all.get(&path));
        let field = |name: &str| {
            let value = entry
                .and_then(|entry| entry.get(name))
                .and_then(Value::as_str);
            value.ok_or_else(|| format!("{path} has no {name}"))
        };
        let named = path.rsplit_once("node_modules/").map(|(_, name)| name);
        // An alias is installed under another name than its own.
        let name = field("name").ok().or(named).unwrap_or_default().to_owned();
        let integrity = field("integrity")?;
        let checksum = integrity
            .strip_prefix("sha512-")
            .and_then(|sum| STANDARD.decode(sum).ok());
        Ok(Package {
            name,
            version: field("version")?.to_owned(),
            license: field("license")?.to_owned(),
            folder: folder.join(&path),
            checksum: hexadecimal(&checksum.ok_or_else(|| format!("{path}: {integrity}"))?),
        })
    };
    paths.into_iter().map(package).collect()
}

/// The folder of the innermost package of a file, from `node_modules` on. The bundler's own helpers come from no file.
fn package_path(module: &str) -> Option<String> {
    if module.starts_with("\0rolldown/") {
        return Some("node_modules/rolldown".to_owned());
    }
    let start = module.find("node_modules/")?;
    let path = module.get(start..)?;
    let (before, inside) = path.rsplit_once("node_modules/")?;
    let names = if inside.starts_with('@') { 2 } else { 1 };
    let name: Vec<&str> = inside.split('/').take(names).collect();
    Some(format!("{before}node_modules/{}", name.join("/")))
}

#[cfg(test)]
mod tests {
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
        let error = chosen(&modules, &json!({}), Path::new("/w")).unwrap_err();
        assert!(error.contains("alias"), "{error}");
    }
}
