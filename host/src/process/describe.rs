//! What `--describe` prints: what the executable is, what its component imports, what it may do.

use std::fmt::Write as _;

use serde::Deserialize;
use zlib_rs::{InflateConfig, ReturnCode};

use crate::manifest::Manifest;
use crate::sandbox::{Component, events_at_once};

/// Says what a component and its manifest amount to, for an administrator to read before installing.
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
        // Writing into a string does not fail.
        let _ = writeln!(text, "  {import}");
    }
    let _ = write!(text, "\npolicy:\n{}", manifest.policy);
    let asked: Vec<_> = manifest.settings.asked_keys().collect();
    if !asked.is_empty() {
        let _ = writeln!(text, "  settings it may ask for: {}", asked.join(", "));
    }
    let all = events_at_once(&manifest.policy);
    let _ = writeln!(
        text,
        "  events at once, with commands, jobs and changes of settings: {all}"
    );
    text
}

/// The list of packages, as `make dist` packed it, in the format of `cargo auditable`.
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
    /// It ran while the executable was built and is not in it.
    Build,
}

/// More than any list has.
const LIST_LIMIT: usize = 1 << 20;

/// Says which packages are in the executable, from the list that is embedded in it.
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
    let inside = list.packages.iter().filter(|one| one.kind != Kind::Build);
    for package in inside {
        let _ = write!(text, "\n  {} {}", package.name, package.version);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::packages;
    use zlib_rs::{DeflateConfig, compress_slice};

    #[test]
    fn the_packages_inside_are_listed_without_those_that_only_build() {
        let list = r#"{"packages":[{"name":"a","version":"1.0.0","source":"crates.io"},
            {"name":"b","version":"2.0.0","source":"crates.io","kind":"build"}]}"#;
        let mut packed = [0; 1024];
        let (packed, _) = compress_slice(&mut packed, list.as_bytes(), DeflateConfig::default());
        let text = packages(packed);
        assert_eq!(text, "packages inside, with their versions:\n  a 1.0.0");
    }

    #[test]
    fn an_executable_without_a_list_says_so() {
        assert!(packages(&[]).contains("make dist"));
    }
}
