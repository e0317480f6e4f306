use super::{answer, git, maintained, time_of, version_of};
use crate::run::{root, scratch};
use semver::Version;
use std::fs;
use std::path::{Path, PathBuf};

/// A repository in its own folder, which is removed with it.
struct Repository(PathBuf);

impl Repository {
    /// With one commit.
    fn new(name: &str) -> Self {
        let repository = Self(scratch(name));
        repository.run(&["init", "-q"]);
        repository.commit();
        repository
    }

    fn run(&self, words: &[&str]) {
        let mut command = git(&self.0);
        command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
        command.args(["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]);
        assert!(command.args(words).status().unwrap().success());
    }

    fn commit(&self) {
        self.run(&["commit", "-q", "--allow-empty", "-m", "one"]);
    }

    fn tag(&self, name: &str) {
        self.run(&["tag", name]);
    }

    /// The version, where that of the workspace is 2026.12.0.
    fn version(&self) -> String {
        version_of(&self.0, &Version::new(2026, 12, 0)).unwrap()
    }

    /// The version without the hash of the commit, which must be there.
    fn base(&self) -> String {
        let version = self.version();
        let (base, hash) = version.split_once('+').unwrap();
        assert!(hash.len() == 7 && hash.chars().all(|digit| digit.is_ascii_hexdigit()));
        base.to_owned()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn f34_the_maintained_version_is_a_calendar_version_in_workspace_and_manifest() {
    let maintained = maintained().unwrap();
    let manifest = fs::read_to_string(root().join("plugin.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(manifest["version"], maintained.to_string());
}

#[test]
fn f34_a_tagged_commit_is_that_version_and_another_one_has_its_hash() {
    let repository = Repository::new("version");
    repository.tag("v2026.11.3");
    repository.commit();
    assert_eq!(repository.base(), "2026.12.0", "a lower tag");
    repository.tag("v2026.12.0");
    assert_eq!(repository.version(), "2026.12.0");
    fs::write(repository.0.join("new"), "").unwrap();
    assert_eq!(repository.version(), "2026.12.0", "uncommitted changes");
    repository.commit();
    assert_eq!(repository.base(), "2026.12.0");
    let head = answer(git(&repository.0).args(["rev-parse", "HEAD"])).unwrap();
    assert_eq!(repository.version(), format!("2026.12.0+{}", &head[..7]));
    repository.tag("v2027.1.0-rc.1");
    assert_eq!(repository.version(), "2027.1.0-rc.1");
    repository.commit();
    assert_eq!(repository.base(), "2027.1.0-rc.1", "a nearer, higher tag");
    repository.run(&["tag", "-a", "-m", "annotated", "v2027.1.0"]);
    assert_eq!(repository.version(), "2027.1.0");
}

#[test]
fn f34_a_tag_that_is_not_a_calendar_version_is_refused_on_its_commit_and_ignored_later() {
    let repository = Repository::new("version-wrong");
    for other in ["nightly", "very-good", "2027.1.0", "release/v7"] {
        repository.tag(other);
    }
    assert_eq!(repository.base(), "2026.12.0");
    for wrong in [
        "v2",
        "v2.0.0",
        "v2027.1",
        "v2027.1.0+x",
        "v2027.01.0",
        "v2027.13.0",
    ] {
        repository.tag(wrong);
        let refused = version_of(&repository.0, &Version::new(2026, 12, 0));
        let told = refused.unwrap_err().to_string();
        assert!(told.contains(&format!("the tag {wrong} is not")), "{told}");
        repository.run(&["tag", "--delete", wrong]);
    }
    repository.tag("v9");
    repository.commit();
    assert_eq!(repository.base(), "2026.12.0");
}

#[test]
fn a_history_that_git_cannot_read_is_an_error_with_the_message_of_git() {
    let folder = scratch("version-broken");
    let told = |folder: &Path| {
        assert!(time_of(folder).is_err());
        let refused = version_of(folder, &Version::new(2026, 12, 0));
        refused.unwrap_err().to_string()
    };
    fs::create_dir(folder.join(".git")).unwrap();
    let text = told(&folder);
    assert!(text.contains("build from sources without"), "{text}");
    fs::remove_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git"), "gitdir: nowhere").unwrap();
    assert!(
        told(&folder).contains("nowhere"),
        "a worktree that was moved"
    );
    fs::remove_dir_all(folder).unwrap();
    let empty = Repository(scratch("version-empty"));
    empty.run(&["init", "-q"]);
    let text = told(&empty.0);
    assert!(text.contains("HEAD"), "there is no commit: {text}");
}

#[test]
fn the_time_is_the_commits_in_utc_wherever_it_was_made() {
    let repository = Repository::new("version-time");
    let mut command = git(&repository.0);
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
    command.args(["-c", "commit.gpgsign=false", "commit", "-q"]);
    command.args(["--allow-empty", "-m", "late"]);
    command.env("GIT_COMMITTER_DATE", "2026-01-01T01:30:00+0200");
    assert!(command.status().unwrap().success());
    let time = time_of(&repository.0).unwrap();
    assert_eq!(time.as_deref(), Some("2025-12-31T23:30:00Z"));
    let folder = scratch("version-timeless");
    assert_eq!(time_of(&folder).unwrap(), None);
    let version = version_of(&folder, &Version::new(2026, 12, 0)).unwrap();
    assert_eq!(version, "2026.12.0+source");
    fs::remove_dir_all(folder).unwrap();
}
