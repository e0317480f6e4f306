//! The npm packages in the webapp's script.
//!
//! `npm sbom` lists what is installed, not what is bundled. The build of the webapp writes which files of node_modules the
//! script contains, and the lock file has the rest.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

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
pub fn packages() -> Result<Vec<Package>> {
    let folder = webapp::folder();
    let modules = json(&folder.join("dist").join("modules.json"))?;
    let lock = folder.join("package-lock.json");
    chosen(&modules, &json(&lock)?, &folder)
}

fn chosen(modules: &Value, lock: &Value, folder: &Path) -> Result<Vec<Package>> {
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
            value.with_context(|| format!("{path} has no {name}"))
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
            checksum: hexadecimal(&checksum.with_context(|| format!("{path}: {integrity}"))?),
        })
    };
    paths.into_iter().map(package).collect()
}

/// Two digits for each byte.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
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
#[path = "../tests/unit/npm.rs"]
mod tests;
