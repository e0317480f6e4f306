//! What `--describe` prints: what the executable is, what its component imports, what it may do.

use std::fmt::Write as _;

use crate::manifest::Manifest;
use crate::sandbox::Component;

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
    text
}
