//! Which npm packages are inside of the webapp's script.
//!
//! The Mattermost client offers React and its companions, so that there is little more than a helper of the
//! bundler; but whoever adds a package must not have to think of the documents. The build of the webapp writes down from which files of
//! node_modules its script has code, and the lock file knows the rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::checksums::hexadecimal;
use crate::error::Error;
use crate::run::json;
use crate::webapp;

/// One package, with all that documents say of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub licence: String,
    /// Where it is installed.
    pub folder: PathBuf,
    /// The SHA-512 of what the registry delivers, in hexadecimal.
    pub checksum: String,
}

impl Package {
    /// Name and version, for people.
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
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
            licence: field("license")?.to_owned(),
            folder: folder.join(&path),
            checksum: hexadecimal(&checksum.ok_or_else(|| format!("{path}: {integrity}"))?),
        })
    };
    paths.into_iter().map(package).collect()
}

/// The folder of the package that a file belongs to, from `node_modules` on. A package can bring others in a
/// folder of its own, so that the last one counts.
///
/// The bundler's own helpers come from no file; they are its package's.
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
    fn a_bundled_package_has_the_name_licence_and_sum_that_the_lock_file_says() {
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
        assert_eq!(found[0].title(), "real 1.2.3");
        assert_eq!(found[0].checksum, "abcd");
        assert_eq!(found[0].folder, Path::new("/w/node_modules/alias"));
    }

    #[test]
    fn a_bundled_package_that_the_lock_file_does_not_know_is_an_error() {
        let modules = json!(["/x/node_modules/stranger/a.js"]);
        let error = chosen(&modules, &json!({}), Path::new("/w")).unwrap_err();
        assert!(error.contains("stranger"), "{error}");
    }
}
