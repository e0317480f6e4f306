//! Compares the component's imports with the committed list `wit/imports.txt`.
//!
//! Each line is something that the component may do, so a review must see a new one: `cargo xtask imports --write`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use fs_err as fs;

use crate::bundle;
use crate::run::{output, root};

fn list() -> PathBuf {
    root().join("wit").join("imports.txt")
}

/// Builds the bundle and compares.
pub fn compare() -> Result<()> {
    compare_executable(bundle::here()?.executable()?)
}

/// Builds the bundle and rewrites the list.
pub fn write() -> Result<()> {
    let imports = imports_of(bundle::here()?.executable()?)?;
    Ok(fs::write(list(), imports.join("\n") + "\n")?)
}

/// Compares what is in an executable with the list.
pub fn compare_executable(executable: &Path) -> Result<()> {
    let imports = imports_of(executable)?.join("\n") + "\n";
    let same = fs::read_to_string(list())? == imports;
    ensure!(
        same,
        "the component has other imports than wit/imports.txt:\n{imports}"
    );
    Ok(())
}

fn imports_of(executable: &Path) -> Result<Vec<String>> {
    let text = output(Command::new(executable).arg("--describe"))?;
    let lines = text.lines().skip_while(|line| !line.contains("imports:"));
    let lines = lines.skip(1).take_while(|line| line.starts_with("  "));
    let mut imports: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    imports.sort();
    ensure!(!imports.is_empty(), "--describe lists no imports");
    Ok(imports)
}
