//! What the component imports, against the committed list.
//!
//! The list is what the sandbox has to offer. A new line in it is a new power for the component, and is
//! to be seen in a review: `cargo xtask imports --write` makes the change visible.

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

/// Builds the bundle and writes the list anew.
pub fn write() -> Result<(), Error> {
    let imports = imports_of(bundle::here()?.executable()?)?;
    let path = list();
    fs::write(&path, imports.join("\n") + "\n").map_err(at(&path))
}

/// Compares what is in an executable with the list.
pub fn compare_executable(executable: &Path) -> Result<(), Error> {
    let path = list();
    let committed = fs::read_to_string(&path).map_err(at(&path))?;
    let committed: Vec<&str> = committed.lines().collect();
    let imports = imports_of(executable)?;
    let fresh = imports
        .iter()
        .filter(|line| !committed.contains(&line.as_str()));
    let gone = committed
        .iter()
        .filter(|line| !imports.iter().any(|import| import == *line));
    let changes: Vec<String> = fresh
        .map(|line| format!("+ {line}"))
        .chain(gone.map(|line| format!("- {line}")))
        .collect();
    if changes.is_empty() {
        return Ok(());
    }
    let problem = format!(
        "the component's imports have changed:\n{}",
        changes.join("\n")
    );
    Err(Error::Content { path, problem })
}

fn imports_of(executable: &Path) -> Result<Vec<String>, Error> {
    let mut command = Command::new(executable);
    let text = read(command.arg("--describe"));
    let text = text.ok_or_else(|| Error::Failed(format!("{} --describe", executable.display())))?;
    let imports = parse(&text);
    if imports.is_empty() {
        return Err(Error::Failed("--describe lists no imports".to_owned()));
    }
    Ok(imports)
}

/// The indented lines below the heading about imports, sorted.
fn parse(description: &str) -> Vec<String> {
    let below = description
        .lines()
        .skip_while(|line| !line.contains("imports:"))
        .skip(1);
    let lines = below.take_while(|line| line.starts_with("  "));
    let mut imports: Vec<String> = lines.map(|line| line.trim().to_owned()).collect();
    imports.sort();
    imports
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_list_is_read_from_the_description() {
        let text = "plugin x\n\ninterfaces the component imports:\n  b\n  a\n\npolicy:\n  c\n";
        assert_eq!(parse(text), ["a", "b"]);
    }
}
