//! The bundle's version, taken from git.
//!
//! What is not committed does not change it: a version names a commit, and `dist` warns when the bundle is of
//! something else. Sources without git still build, as a version that says so.

use std::path::Path;
use std::process::Command;

use crate::run::{read, root};

/// HEAD's tag without its `v`; else the nearest tag without its `v`, or 0.0.0, then `+` and the short
/// hash of the commit.
pub fn version() -> String {
    version_of(&root())
}

/// Whether there is something that no commit has.
pub fn has_changes() -> bool {
    read(git(&root()).args(["status", "--porcelain"])).is_none_or(|text| !text.is_empty())
}

/// git on this folder's own history: sources unpacked inside of another repository have none.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder);
    if let Some(parent) = folder.parent() {
        command.env("GIT_CEILING_DIRECTORIES", parent);
    }
    command
}

fn version_of(folder: &Path) -> String {
    let ask = |arguments: &[&str]| read(git(folder).args(arguments));
    compose(
        ask(&["describe", "--tags", "--exact-match", "--match", "v[0-9]*"]).as_deref(),
        ask(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]).as_deref(),
        ask(&["rev-parse", "--short=7", "--verify", "HEAD"]).as_deref(),
    )
}

fn compose(tag_of_head: Option<&str>, nearest_tag: Option<&str>, commit: Option<&str>) -> String {
    let bare = |tag: &str| tag.strip_prefix('v').unwrap_or(tag).to_owned();
    if let Some(tag) = tag_of_head {
        return bare(tag);
    }
    let base = nearest_tag.map_or_else(|| "0.0.0".to_owned(), bare);
    // A source archive without its history still builds.
    format!("{base}+{}", commit.unwrap_or("source"))
}

#[cfg(test)]
mod tests {
    use super::{compose, git, version_of};
    use crate::run::scratch;
    use std::fs;
    use std::path::Path;

    #[test]
    fn a_tagged_commit_has_the_version_of_its_tag() {
        assert_eq!(
            compose(Some("v1.2.3"), Some("v1.2.3"), Some("abc1234")),
            "1.2.3"
        );
    }

    #[test]
    fn another_commit_is_named_after_the_nearest_tag_and_its_hash() {
        assert_eq!(
            compose(None, Some("v1.2.3"), Some("abc1234")),
            "1.2.3+abc1234"
        );
        assert_eq!(compose(None, None, Some("abc1234")), "0.0.0+abc1234");
        assert_eq!(compose(None, None, None), "0.0.0+source");
    }

    fn run(folder: &Path, words: &[&str]) {
        let mut command = git(folder);
        command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
        command.args(["-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]);
        assert!(command.args(words).status().unwrap().success());
    }

    #[test]
    fn git_is_asked_from_no_history_over_commits_to_tags_and_beyond() {
        let folder = scratch("version");
        assert_eq!(version_of(&folder), "0.0.0+source");
        run(&folder, &["init", "-q"]);
        assert_eq!(version_of(&folder), "0.0.0+source");
        let commit = || run(&folder, &["commit", "-q", "--allow-empty", "-m", "one"]);
        commit();
        let version = version_of(&folder);
        let hash = version.strip_prefix("0.0.0+").unwrap();
        assert!(hash.len() == 7 && hash.chars().all(|digit| digit.is_ascii_hexdigit()));
        run(&folder, &["tag", "v1.2.3"]);
        run(&folder, &["tag", "very-good"]);
        assert_eq!(version_of(&folder), "1.2.3");
        fs::write(folder.join("new"), "").unwrap();
        assert_eq!(version_of(&folder), "1.2.3", "what is not committed");
        commit();
        assert!(version_of(&folder).starts_with("1.2.3+"));
        let inside = folder.join("unpacked");
        fs::create_dir_all(&inside).unwrap();
        assert_eq!(version_of(&inside), "0.0.0+source", "another's history");
        fs::remove_dir_all(folder).unwrap();
    }
}
