//! The list of packages inside the executable.
//!
//! Scanners such as `cargo audit bin` read it from the section `.dep-v0`, in the format of `cargo auditable`. That tool sees
//! one build, and our host has the component of a second one inside it, so the list is made here and the host embeds it.
//! After the build, it is read back from the executable as a scanner does.

use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Context as _, Result, ensure};
use auditable_serde::{DependencyKind, Source, VersionInfo};

use crate::packages::{GUEST, HOST, Package};

/// Far more than the list has.
const LIMIT: usize = 1 << 20;

/// The list as JSON. The component is, for it, one more package that the host depends on.
pub fn list(packages: &[Package]) -> Result<String> {
    let place = |wanted: &dyn Fn(&Package) -> bool| packages.iter().position(wanted);
    let guest = place(&|package| package.name == GUEST);
    let entry = |package: &Package| {
        let root = package.name == HOST;
        let needs = package.needs.iter();
        let needs = needs.filter_map(|id| place(&|other| other.id() == *id));
        let mut dependencies: Vec<usize> = needs.chain(guest.filter(|_| root)).collect();
        dependencies.sort_unstable();
        Ok(auditable_serde::Package {
            name: package.name.clone(),
            version: package.version.parse()?,
            source: if package.own {
                Source::Local
            } else {
                Source::CratesIo
            },
            kind: if package.linked {
                DependencyKind::Runtime
            } else {
                DependencyKind::Build
            },
            dependencies,
            root,
        })
    };
    let packages: Result<_> = packages.iter().map(entry).collect();
    let text = serde_json::to_string(&VersionInfo {
        packages: packages?,
        format: 0,
    })?;
    // Reading it checks what the format asks for: one root, no circles.
    VersionInfo::from_str(&text).context("the list of packages")?;
    Ok(text)
}

/// Checks that an executable has this list in it, where scanners look.
pub fn check(executable: &Path, list: &str) -> Result<()> {
    let limits = auditable_info::Limits {
        input_file_size: 1 << 28,
        decompressed_json_size: LIMIT,
    };
    let found = auditable_info::json_from_file(executable, limits)?;
    ensure!(
        found == list,
        "{} has another list of packages in it",
        executable.display()
    );
    Ok(())
}

#[cfg(test)]
#[path = "../tests/unit/embedded.rs"]
mod tests;
