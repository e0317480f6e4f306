//! Compares the component's imports with the committed list `wit/imports.txt`.
//!
//! Each line is something that the component may do, so a review must see a new one: `cargo xtask imports --write`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bundle;
use crate::error::{Error, at};
use crate::run::{read, root};

fn list() -> PathBuf {
    root().join("wit").join("imports.txt")
}

/// Builds the bundle and compares.
pub fn compare() -> Result<(), Error> {
    compare_executable(bundle::here()?.executable()?)
}

/// Builds the bundle and rewrites the list.
pub fn write() -> Result<(), Error> {
    let imports = imports_of(bundle::here()?.executable()?)?;
    let path = list();
    fs::write(&path, imports.join("\n") + "\n").map_err(at(&path))
}

/// Compares what is in an executable with the list.
pub fn compare_executable(executable: &Path) -> Result<(), Error> {
    let path = list();
    let committed = fs::read_to_string(&path).map_err(at(&path))?;
    let imports = imports_of(executable)?.join("\n") + "\n";
    if committed == imports {
        return Ok(());
    }
    let problem = format!("the component imports other interfaces now:\n{imports}");
    Err(Error::Content { path, problem })
}

fn imports_of(executable: &Path) -> Result<Vec<String>, Error> {
    let mut command = Command::new(executable);
    let text = read(command.arg("--describe"));
    let text = text.ok_or_else(|| Error::Failed(format!("{} --describe", executable.display())))?;
    let lines = text.lines().skip_while(|line| !line.contains("imports:"));
    let lines = lines.skip(1).take_while(|line| line.starts_with("  "));
    let mut imports: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    imports.sort();
    if imports.is_empty() {
        return Err(Error::Failed("--describe lists no imports".to_owned()));
    }
    Ok(imports)
}
