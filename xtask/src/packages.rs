//! The third-party packages in the bundle.
//!
//! `cargo tree` lists them, because it resolves features for one package and one target like a build. `cargo metadata`
//! merges the features of the whole workspace, tests included, and would list packages that nothing links; it gives
//! the license and folder of each package, and Cargo.lock gives the checksum.
//!
//! The bundle has two trees: the host for its platform, and the component for WebAssembly, whose machine code is embedded
//! in the host. Procedural macros and their dependencies are listed too, but as not linked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use cargo_lock::Lockfile;
use serde::Deserialize;

use crate::run::{cargo_with, output, root};

/// The package that becomes the executable.
pub const HOST: &str = "mattermost-plugin-host";
/// The package that becomes the component.
pub const GUEST: &str = "zoom-guest";
/// The target of the component.
pub const GUEST_TARGET: &str = "wasm32-wasip2";

/// Name and version.
pub type Id = (String, String);

/// One package.
#[derive(Clone, Debug)]
pub struct Package {
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub license: String,
    pub folder: PathBuf,
    /// The registry's SHA-256 in hexadecimal.
    pub checksum: Option<String>,
    /// Whether it belongs to this workspace.
    pub own: bool,
    /// Whether its code is in the program. Otherwise it ran while the program was compiled.
    pub linked: bool,
    /// Its direct dependencies.
    pub needs: BTreeSet<Id>,
}

impl Package {
    /// Name and version.
    pub fn id(&self) -> Id {
        (self.name.clone(), self.version.clone())
    }
}

/// The packages of the host for a target and of the component in it, sorted.
pub fn packages(target: &str) -> Result<Vec<Package>> {
    let mut needs = BTreeMap::new();
    let mut linked = BTreeSet::new();
    for (package, target) in [(HOST, target), (GUEST, GUEST_TARGET)] {
        grow(&mut needs, &tree(package, target, "normal")?);
        let mut program = BTreeMap::new();
        grow(
            &mut program,
            &tree(package, target, "normal,no-proc-macro")?,
        );
        linked.extend(program.into_keys());
    }
    let known = known(target)?;
    let locked = Lockfile::load(root().join("Cargo.lock"))?.packages;
    let package = |(id, needs): (Id, BTreeSet<Id>)| {
        let (name, version) = id.clone();
        let about = known.get(&id);
        let about = about.with_context(|| format!("{name} {version} is not in cargo metadata"))?;
        let license = about.license.as_deref();
        let license = license.with_context(|| format!("{name} {version} has no license"))?;
        let is_it = |one: &&cargo_lock::Package| {
            one.name.as_str() == name && one.version.to_string() == version
        };
        let checksum = locked
            .iter()
            .find(is_it)
            .and_then(|one| one.checksum.as_ref());
        Ok(Package {
            // The syntax of older packages.
            license: license.replace('/', " OR "),
            folder: about.manifest_path.with_file_name(""),
            checksum: checksum.map(ToString::to_string),
            own: about.source.is_none(),
            linked: linked.contains(&id),
            name,
            version,
            needs,
        })
    };
    needs.into_iter().map(package).collect()
}

/// The packages of several platforms together, sorted.
pub fn merged(lists: Vec<Vec<Package>>) -> Vec<Package> {
    let mut all: BTreeMap<Id, Package> = BTreeMap::new();
    for package in lists.into_iter().flatten() {
        let known = all.entry(package.id()).or_insert_with(|| package.clone());
        known.linked |= package.linked;
        known.needs.extend(package.needs);
    }
    all.into_values().collect()
}

fn tree(package: &str, target: &str, edges: &str) -> Result<String> {
    let words = format!("tree --locked -p {package} --target {target} -e {edges} --prefix depth");
    let mut tree = cargo_with(&words);
    output(
        tree.args(["--format", " {p}"])
            .env("CARGO_TERM_COLOR", "never"),
    )
}

/// Adds the lines of a tree, each with its depth before it. cargo shows the dependencies of a package only once.
fn grow(needs: &mut BTreeMap<Id, BTreeSet<Id>>, tree: &str) {
    let mut path: Vec<Id> = Vec::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        let depth = words.next().and_then(|word| word.parse::<usize>().ok());
        let (Some(depth), Some(name), Some(version)) = (depth, words.next(), words.next()) else {
            continue;
        };
        let version = version.strip_prefix('v').unwrap_or(version);
        let id = (name.to_owned(), version.to_owned());
        needs.entry(id.clone()).or_default();
        path.truncate(depth);
        if let Some(parent) = path.last() {
            needs.entry(parent.clone()).or_default().insert(id.clone());
        }
        path.push(id);
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<About>,
}

#[derive(Deserialize)]
struct About {
    name: String,
    version: String,
    license: Option<String>,
    manifest_path: PathBuf,
    source: Option<String>,
}

/// What cargo knows of the packages of the workspace.
fn known(target: &str) -> Result<BTreeMap<Id, About>> {
    let words = "metadata --locked --format-version 1 --filter-platform";
    let words = format!("{words} {target} --filter-platform {GUEST_TARGET}");
    let metadata: Metadata = serde_json::from_str(&output(&mut cargo_with(&words))?)?;
    let packages = metadata.packages.into_iter();
    Ok(packages
        .map(|about| ((about.name.clone(), about.version.clone()), about))
        .collect())
}

#[cfg(test)]
#[path = "../tests/unit/packages.rs"]
pub mod tests;
