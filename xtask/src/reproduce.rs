//! `cargo xtask reproduce`: builds this commit twice and compares the published files.
//!
//! The second build is of a clone in another folder, with an empty target folder of another name and another cargo home that
//! shares only the downloaded packages. It takes as long as a first build.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bundle;
use crate::env_check::{FILES, check_configuration, home_of_cargo};
use crate::error::{Error, at};
use crate::run::{cargo, root, run, target};
use crate::version;

/// What the other home of cargo shares with the usual one: the packages, and the locks that guard them. Programs are
/// found by PATH, and rustup's have what they need elsewhere.
const SHARED: [&str; 4] = ["registry", "git", ".package-cache", ".package-cache-mutate"];

/// Builds twice and compares.
pub fn reproduce() -> Result<(), Error> {
    if version::has_changes() {
        let text = "there are changes that are not committed, which a clone would not have: commit them first";
        return Err(Error::Needed(text.to_owned()));
    }
    bundle::dist()?;
    let place = target().join("reproduce");
    if place.exists() {
        fs::remove_dir_all(&place).map_err(at(&place))?;
    }
    fs::create_dir_all(&place).map_err(at(&place))?;
    let clone = place.join("somewhere-else");
    let mut command = Command::new("git");
    command.args(["clone", "--quiet"]).arg(root()).arg(&clone);
    run(&mut command)?;

    let mut second = cargo();
    second.current_dir(&clone);
    second.args(["run", "--locked", "--release", "-p", "xtask", "--", "dist"]);
    second.env("CARGO_TARGET_DIR", place.join("built-elsewhere"));
    second.env("CARGO_HOME", other_home(&home_of_cargo()?, &place)?);
    // Signatures have the time in them.
    second.env_remove("PLUGIN_SIGNING_KEY");
    run(&mut second)?;

    let different = different(&root().join("dist"), &clone.join("dist"))?;
    if !different.is_empty() {
        let text = format!(
            "two builds of one commit differ in {}; the second is in {}",
            different.join(", "),
            clone.join("dist").display()
        );
        return Err(Error::Needed(text));
    }
    println!("both builds gave the same bytes");
    fs::remove_dir_all(&place).map_err(at(&place))
}

/// Another home of cargo, with the packages of the usual one. The configuration comes along where it is harmless, for
/// it may say that packages come from elsewhere, and they lie under the name of where they come from.
fn other_home(home: &Path, place: &Path) -> Result<PathBuf, Error> {
    check_configuration(home, &[])?;
    let other = place.join("home-of-cargo");
    fs::create_dir_all(&other).map_err(at(&other))?;
    for name in SHARED.iter().chain(&FILES) {
        let (from, to) = (home.join(name), other.join(name));
        if from.exists() {
            link(&from, &to).map_err(at(&to))?;
        }
    }
    Ok(other)
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(from, to)
}

/// What is published is built on Linux alone.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The names of files that are not the same in two folders, signatures left out.
fn different(one: &Path, other: &Path) -> Result<Vec<String>, Error> {
    let mut names = Vec::new();
    for folder in [one, other] {
        for entry in fs::read_dir(folder).map_err(at(folder))?.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".sig") && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.sort();
    names.retain(|name| {
        let contents = [one, other].map(|folder| fs::read(folder.join(name)).ok());
        let [first, second] = contents;
        first.is_none() || first != second
    });
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::different;
    use crate::run::scratch;
    use std::fs;

    #[test]
    fn a_file_that_differs_or_is_in_one_folder_only_is_named_and_signatures_are_not() {
        let root = scratch("reproduce");
        for (name, content) in [
            ("a/same", "1"),
            ("b/same", "1"),
            ("a/other", "1"),
            ("b/other", "2"),
            ("a/x.sig", "1"),
            ("b/only", "1"),
        ] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let names = different(&root.join("a"), &root.join("b")).unwrap();
        assert_eq!(names, ["only", "other"]);
        fs::remove_dir_all(root).unwrap();
    }
}
