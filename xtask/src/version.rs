//! The bundle's version, from `git describe` and the workspace's `Cargo.toml`.
//!
//! Versions are calendar versions, `YYYY.M.PATCH`. A server replaces an installed plugin with its own Zoom plugin if
//! that has a higher version; the Go plugin's versions start with small numbers, so a calendar version is always higher.
//!
//! A commit with the tag `v2026.12.0` builds exactly that version. Any other commit builds `2026.12.0+SHORTHASH` from the
//! version in `Cargo.toml` or from the nearest tag before it, whichever is higher. Servers ignore the hash when they compare
//! versions. Tags that do not start with `v` and a digit are ignored. Sources without `.git` build `2026.12.0+source`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use semver::Version;

use crate::run::{read, root, shown};

/// Tags that may be versions.
const PATTERN: &str = "v[0-9]*";

/// Lists uncommitted changes. Includes new files, even if git is configured to leave them out.
const STATUS: [&str; 3] = ["status", "--porcelain", "--untracked-files=all"];

/// How times are written in bills of materials.
const TIME: &str = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";

/// The version of this commit.
pub fn version() -> Result<String> {
    version_of(&root(), &maintained()?)
}

/// The version that people maintain: the one of the workspace.
fn maintained() -> Result<Version> {
    let version = env!("CARGO_PKG_VERSION");
    calendar(version)
        .context("the version in Cargo.toml is not a calendar version: write it as 2026.12.0")
}

/// Whether there are uncommitted changes.
pub fn has_changes() -> bool {
    read(git(&root()).args(STATUS)).is_none_or(|text| !text.is_empty())
}

/// Whether older commits may be missing, and with them the tag that the version is taken from.
pub fn is_shallow() -> bool {
    read(git(&root()).args(["rev-parse", "--is-shallow-repository"])).as_deref() == Some("true")
}

/// When HEAD was committed, in UTC. None without git.
pub fn time() -> Result<Option<String>> {
    time_of(&root())
}

fn time_of(folder: &Path) -> Result<Option<String>> {
    if !has_history(folder) {
        return Ok(None);
    }
    let mut command = git(folder);
    command.env("TZ", "UTC0");
    // Would print more than the time, if it is configured.
    command.args(["-c", "log.showSignature=false"]);
    command.args(["log", "-1", "--format=%cd", TIME]);
    answer(&mut command).map(Some)
}

/// The changed and untracked files in these folders, including ignored files. None if there are none, and without git.
pub fn strays(names: &[&str]) -> Option<String> {
    let mut command = git(&root());
    command.args(STATUS).args(["--ignored", "--"]).args(names);
    read(&mut command).filter(|text| !text.is_empty())
}

/// Whether the folder is a clone (`.git` is a folder) or a worktree (`.git` is a file).
fn has_history(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// The output of git, without the end of the line.
fn answer(command: &mut Command) -> Result<String> {
    let output = command.output().context("cannot run git")?;
    ensure!(
        output.status.success(),
        "`{}` failed, and the version is taken from git: {}\ncorrect that, or build from sources without the .git",
        shown(command),
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// Git for this folder only: sources that are unpacked inside another repository have no history.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder);
    if let Some(parent) = folder.parent() {
        command.env("GIT_CEILING_DIRECTORIES", parent);
    }
    command
}

fn version_of(folder: &Path, maintained: &Version) -> Result<String> {
    if !has_history(folder) {
        return Ok(format!("{maintained}+source"));
    }
    let mut tags = git(folder);
    tags.args(["tag", "--list", PATTERN, "--points-at", "HEAD"]);
    let here: Result<Vec<_>> = answer(&mut tags)?.lines().map(release).collect();
    if let Some(version) = here?.into_iter().max() {
        return Ok(version.to_string());
    }
    let mut describe = git(folder);
    describe.args(["describe", "--tags", "--abbrev=0", "--match", PATTERN]);
    let nearest = read(&mut describe).and_then(|tag| release(&tag).ok());
    let base = nearest.as_ref().max(Some(maintained)).unwrap_or(maintained);
    let commit = answer(git(folder).args(["rev-parse", "--short=7", "HEAD"]))?;
    Ok(format!("{base}+{commit}"))
}

/// The version that a tag names.
fn release(tag: &str) -> Result<Version> {
    let version = tag.strip_prefix('v').and_then(calendar);
    version.with_context(|| {
        format!(
            "the tag {tag} is not a calendar version: name it as v2026.12.0 or v2026.12.0-rc.1, or remove it with `git \
             tag --delete {tag}`"
        )
    })
}

/// A version of the strict form of semver.org, which Mattermost requires, that begins with a year and a month.
fn calendar(text: &str) -> Option<Version> {
    let version = Version::parse(text).ok()?;
    let is_calendar = (2026..=9999).contains(&version.major) && (1..=12).contains(&version.minor);
    (is_calendar && version.build.is_empty()).then_some(version)
}

#[cfg(test)]
#[path = "../tests/unit/version.rs"]
mod tests;
