//! The output of `--describe`: the plugin, the interfaces that its component imports, and its policy.

use std::fmt::Write as _;

use serde::Deserialize;
use zlib_rs::{InflateConfig, ReturnCode};

use crate::manifest::Manifest;
use crate::sandbox::{Component, max_concurrent_events};

/// Describes a component and its policy, for administrators to read before they install the plugin.
#[must_use]
pub fn describe(manifest: &Manifest, component: &Component, target: &str) -> String {
    let version = match manifest.version.as_str() {
        "" => "development build",
        version => version,
    };
    let mut text = format!(
        "plugin {} {version}, for {target}, host {}\n\ninterfaces the component imports:\n",
        manifest.id,
        env!("CARGO_PKG_VERSION"),
    );
    for import in component.imports() {
        // Writing to a string never fails.
        let _ = writeln!(text, "  {import}");
    }
    let _ = write!(text, "\npolicy:\n{}", manifest.policy);
    let asked: Vec<_> = manifest.settings.askable_keys().collect();
    if !asked.is_empty() {
        let _ = writeln!(
            text,
            "  settings that the component may ask for: {}",
            asked.join(", ")
        );
    }
    let all = max_concurrent_events(&manifest.policy);
    let _ = writeln!(
        text,
        "  concurrent events (requests, commands, jobs, and configuration changes): {all}"
    );
    text
}

/// The list of packages that `make dist` embeds, in the format of `cargo auditable`.
#[derive(Deserialize)]
struct Packages {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    kind: Kind,
}

#[derive(Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    #[default]
    Runtime,
    /// A build dependency, which is not in the executable.
    Build,
}

/// The largest decompressed list, in bytes.
const LIST_LIMIT: usize = 1 << 20;

/// Lists the packages in the executable.
#[must_use]
pub(crate) fn packages(packed: &[u8]) -> String {
    let mut text = vec![0; LIST_LIMIT];
    let (text, unpacked) = zlib_rs::decompress_slice(&mut text, packed, InflateConfig::default());
    let list = (unpacked == ReturnCode::Ok).then(|| serde_json::from_slice::<Packages>(text));
    let Some(Ok(list)) = list else {
        return "packages inside: not listed, because this was not built with `make dist`"
            .to_owned();
    };
    let mut text = "packages inside, with their versions:".to_owned();
    let embedded = list.packages.iter().filter(|one| one.kind != Kind::Build);
    for package in embedded {
        let _ = write!(text, "\n  {} {}", package.name, package.version);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::packages;
    use zlib_rs::{DeflateConfig, compress_slice};

    #[test]
    fn packages_are_listed_without_build_dependencies() {
        let list = r#"{"packages":[{"name":"a","version":"1.0.0","source":"crates.io"},
            {"name":"b","version":"2.0.0","source":"crates.io","kind":"build"}]}"#;
        let mut packed = [0; 1024];
        let (packed, _) = compress_slice(&mut packed, list.as_bytes(), DeflateConfig::default());
        let text = packages(packed);
        assert_eq!(text, "packages inside, with their versions:\n  a 1.0.0");
    }

    #[test]
    fn a_missing_list_is_reported() {
        assert!(packages(&[]).contains("make dist"));
    }
}
