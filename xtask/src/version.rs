//! The bundle's version, taken from git.
//!
//! A tag that begins with `v` and a digit is a version; other tags (`nightly`, `very-good`) are none and are passed
//! over. Mattermost takes only versions of the strict form of semver.org, and what is after a `+` is ours, the
//! commit's hash: a tag that is not such a version, or has a `+`, stops the build and is named, rather than be
//! passed over for an older one. Annotated tags and light ones count alike. Where one commit has several, the
//! highest holds, so that a release is not called after the last of its candidates.
//!
//! What is not committed does not change the version: it names a commit, and `dist` warns when the bundle is of
//! something else. It also warns where git has only the newest part of the history, in which the tag may be
//! missing. Sources without git still build, as a version that says so; where there is a history and git does not
//! read it, nothing is built under such a name.

use std::path::Path;
use std::process::Command;

use semver::Version;

use crate::error::Error;
use crate::run::{read, root, shown};

/// Which tags are versions.
const PATTERN: &str = "v[0-9]*";

/// What is not as it was committed, also for those who have git leave out what is new.
const STATUS: [&str; 3] = ["status", "--porcelain", "--untracked-files=all"];

/// How many digits of a commit's hash are in a version: always as many, where git's own count grows with what else is
/// in the repository.
const DIGITS: usize = 7;

/// How times are written in bills of materials.
const TIME: &str = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";

/// The Zoom plugin that a server of Mattermost brings, the newest at the time of writing. It takes the place of what has
/// a lower version.
const OF_THE_SERVER: Version = Version::new(1, 11, 0);

/// What is to be known of a version before a bundle of it is given to a server. None where all is well.
pub fn caution(version: &str) -> Option<String> {
    let is_kept = Version::parse(version).is_ok_and(|version| {
        // As the server compares: what is after a `+` does not count.
        version.cmp_precedence(&OF_THE_SERVER).is_gt()
    });
    let text = || {
        format!(
            "warning: a server that starts puts the Zoom plugin that it brings, {OF_THE_SERVER} or newer, in the place of \
             {version}: tag a release as v2.0.0 or higher, or see *Install* in the README"
        )
    };
    (!is_kept).then(text)
}

/// HEAD's tag without its `v`; else the nearest tag without its `v`, or 0.0.0, then `+` and the short
/// hash of the commit.
///
/// # Errors
///
/// When that tag is not a version, or git fails.
pub fn version() -> Result<String, Error> {
    version_of(&root())
}

/// Whether there is something that no commit has.
pub fn has_changes() -> bool {
    has_changes_in(&root())
}

fn has_changes_in(folder: &Path) -> bool {
    read(git(folder).args(STATUS)).is_none_or(|text| !text.is_empty())
}

/// Whether older commits, and so the tag that a version is named after, may be missing.
pub fn is_shallow() -> bool {
    is_shallow_in(&root())
}

/// When HEAD was committed, in UTC. None where there is no git.
///
/// # Errors
///
/// When git fails.
pub fn time() -> Result<Option<String>, Error> {
    time_of(&root())
}

fn time_of(folder: &Path) -> Result<Option<String>, Error> {
    if !has_history(folder) {
        return Ok(None);
    }
    let mut command = git(folder);
    command.env("TZ", "UTC0");
    // Some have their git say more with each commit.
    command.args(["-c", "log.showSignature=false"]);
    command.args(["log", "-1", "--format=%cd", TIME]);
    answer(&mut command).map(Some)
}

/// What of these files and folders is not as it was committed, git's ignored files included. None where all is, and
/// where there is no git.
pub fn strays(names: &[&str]) -> Option<String> {
    strays_in(&root(), names)
}

fn strays_in(folder: &Path, names: &[&str]) -> Option<String> {
    let mut command = git(folder);
    command.args(STATUS).args(["--ignored", "--"]).args(names);
    read(&mut command).filter(|text| !text.is_empty())
}

/// Whether a folder has a history of its own. That of a clone is a folder, that of a worktree a file.
fn has_history(folder: &Path) -> bool {
    folder.join(".git").exists()
}

/// What git answers, without the line's end.
fn answer(command: &mut Command) -> Result<String, Error> {
    let outcome = command.output();
    let failed = |reason: &str| {
        let text = format!(
            "`{}` failed, and the version is of git's history: {reason}\n\
             see to that, or build from sources without the .git",
            shown(command)
        );
        Error::Needed(text)
    };
    match outcome {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Ok(text.trim_end().to_owned())
        }
        Ok(output) => Err(failed(String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(failed(&error.to_string())),
    }
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

fn is_shallow_in(folder: &Path) -> bool {
    let answer = read(git(folder).args(["rev-parse", "--is-shallow-repository"]));
    answer.is_some_and(|answer| answer == "true")
}

fn version_of(folder: &Path) -> Result<String, Error> {
    if !has_history(folder) {
        return Ok(format!("{}+source", Version::new(0, 0, 0)));
    }
    let ask = |arguments: &[&str]| answer(git(folder).args(arguments));
    let tags_of = |commit: &str| {
        let tags = ask(&["tag", "--points-at", commit, "--list", PATTERN])?;
        highest(tags.lines())
    };
    if let Some(version) = tags_of("HEAD")? {
        return Ok(version.to_string());
    }
    // To describe a commit that no tag leads to is a failure, too.
    let before = ask(&["tag", "--merged", "HEAD", "--list", PATTERN])?;
    let base = if before.is_empty() {
        None
    } else {
        // It names one of the nearest commit's tags.
        let tag = ask(&["describe", "--tags", "--abbrev=0", "--match", PATTERN])?;
        tags_of(&format!("{tag}^{{commit}}"))?
    };
    let base = base.unwrap_or(Version::new(0, 0, 0));
    let mut commit = ask(&["rev-parse", "--verify", "HEAD"])?;
    commit.truncate(DIGITS);
    Ok(format!("{base}+{commit}"))
}

/// The highest of the versions that some tags name; none where there are none.
fn highest<'a>(tags: impl Iterator<Item = &'a str>) -> Result<Option<Version>, Error> {
    let versions: Result<Vec<_>, _> = tags.map(parse).collect();
    Ok(versions?.into_iter().max())
}

fn parse(tag: &str) -> Result<Version, Error> {
    let version = tag.strip_prefix('v').map(Version::parse);
    match version {
        Some(Ok(version)) if version.build.is_empty() => Ok(version),
        _ => Err(Error::Needed(format!(
            "the tag {tag} is no version: name it as v1.2.3 or v1.2.3-rc.1 are, without anything after a +, or \
             remove it with `git tag --delete {tag}`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        caution, git, has_changes_in, highest, is_shallow_in, parse, strays_in, time_of, version_of,
    };
    use crate::run::scratch;
    use std::fs;
    use std::path::{Path, PathBuf};

    /// A repository in a folder of its own, which goes with it.
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

        fn version(&self) -> String {
            version_of(&self.0).unwrap()
        }

        /// The version before the hash of the commit, which must be there.
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
    fn sources_without_a_history_of_their_own_have_a_version_that_says_so() {
        let folder = scratch("version-none");
        let bare = |folder: &Path| version_of(folder).unwrap();
        assert_eq!(bare(&folder), "0.0.0+source");
        fs::remove_dir_all(folder).unwrap();
        let repository = Repository::new("version-inside");
        repository.tag("v1.2.3");
        let inside = repository.0.join("unpacked");
        fs::create_dir_all(&inside).unwrap();
        assert_eq!(bare(&inside), "0.0.0+source", "another's history");
    }

    #[test]
    fn a_history_that_git_does_not_read_is_an_error_with_what_git_says() {
        let folder = scratch("version-broken");
        let told = || {
            assert!(time_of(&folder).is_err());
            version_of(&folder).unwrap_err().to_string()
        };
        fs::create_dir(folder.join(".git")).unwrap();
        let text = told();
        assert!(text.contains("build from sources without"), "{text}");
        fs::remove_dir(folder.join(".git")).unwrap();
        fs::write(folder.join(".git"), "gitdir: nowhere").unwrap();
        assert!(told().contains("nowhere"), "a worktree that was moved");
        fs::remove_dir_all(folder).unwrap();
        let empty = Repository(scratch("version-empty"));
        empty.run(&["init", "-q"]);
        let text = version_of(&empty.0).unwrap_err().to_string();
        assert!(text.contains("HEAD"), "nothing is committed: {text}");
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
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_lies_beside_the_committed_files_is_found_also_where_git_ignores_it() {
        let repository = Repository::new("version-strays");
        let write = |name: &str| fs::write(repository.0.join(name), name).unwrap();
        for folder in ["assets", "public"] {
            fs::create_dir(repository.0.join(folder)).unwrap();
        }
        for name in ["assets/icon.svg", "public/icon.png"] {
            write(name);
        }
        fs::write(repository.0.join(".gitignore"), "*.swp\n").unwrap();
        repository.run(&["add", "."]);
        repository.commit();
        write("other");
        write("other.swp");
        let strays = || strays_in(&repository.0, &["assets", "public"]);
        assert_eq!(strays(), None);
        let is_changed = || has_changes_in(&repository.0);
        assert!(is_changed());
        // As those set it whose repositories are large.
        repository.run(&["config", "status.showUntrackedFiles", "no"]);
        assert!(is_changed());
        write("public/.icon.png.swp");
        assert_eq!(strays().unwrap(), "!! public/.icon.png.swp");
        write("assets/new");
        let both = strays().unwrap();
        assert!(
            both.contains("assets/new") && both.contains(".swp"),
            "{both}"
        );
    }

    #[test]
    fn git_is_asked_from_the_first_commit_to_tags_and_beyond() {
        let repository = Repository::new("version");
        assert_eq!(repository.base(), "0.0.0");
        repository.tag("v1.2.3");
        assert_eq!(repository.version(), "1.2.3");
        fs::write(repository.0.join("new"), "").unwrap();
        assert_eq!(repository.version(), "1.2.3", "what is not committed");
        repository.commit();
        assert_eq!(repository.base(), "1.2.3");
        repository.commit();
        repository.tag("v1.3.0-rc.1");
        assert_eq!(repository.version(), "1.3.0-rc.1");
        repository.commit();
        assert_eq!(repository.base(), "1.3.0-rc.1");
    }

    #[test]
    fn of_several_tags_of_a_commit_the_highest_holds_however_they_were_made() {
        let repository = Repository::new("version-several");
        repository.tag("v1.2.0");
        repository.tag("v1.9.0");
        assert_eq!(repository.version(), "1.9.0");
        repository.run(&["tag", "-a", "-m", "candidate", "v1.10.0-rc.2"]);
        assert_eq!(repository.version(), "1.10.0-rc.2");
        repository.tag("v1.10.0");
        assert_eq!(repository.version(), "1.10.0");
        repository.run(&["tag", "-a", "-m", "old", "v1.8.0"]);
        assert_eq!(repository.version(), "1.10.0");
        repository.commit();
        assert_eq!(repository.base(), "1.10.0", "those of the commit before");
        repository.run(&["tag", "-a", "-m", "next", "v2.0.0"]);
        assert_eq!(repository.version(), "2.0.0", "an annotated one alone");
    }

    #[test]
    fn a_tag_that_is_no_version_is_passed_over_and_one_that_would_be_a_wrong_one_is_named() {
        let repository = Repository::new("version-wrong");
        repository.tag("v1.0.0");
        repository.commit();
        for other in ["nightly", "very-good", "1.5.0", "release/v7"] {
            repository.tag(other);
        }
        assert_eq!(repository.base(), "1.0.0");
        for wrong in ["v2", "v2.0.0+x"] {
            repository.tag(wrong);
            let told = version_of(&repository.0).unwrap_err().to_string();
            assert!(told.contains(&format!("the tag {wrong} is")), "{told}");
            repository.run(&["tag", "--delete", wrong]);
        }
        repository.tag("v2");
        repository.commit();
        let told = version_of(&repository.0).unwrap_err().to_string();
        assert!(told.contains("v2"), "the nearest: {told}");
        repository.tag("v2.0.0");
        assert_eq!(
            repository.version(),
            "2.0.0",
            "one nearer than the wrong one"
        );
    }

    #[test]
    fn a_history_without_its_beginning_is_told_from_a_whole_one() {
        let repository = Repository::new("version-shallow");
        repository.tag("v1.2.3");
        repository.commit();
        assert!(!is_shallow_in(&repository.0));
        let url = format!("file://{}", repository.0.display());
        repository.run(&["clone", "-q", "--depth", "1", &url, "part"]);
        let part = repository.0.join("part");
        assert!(is_shallow_in(&part));
        assert!(version_of(&part).unwrap().starts_with("0.0.0+"));
    }

    #[test]
    fn of_a_version_that_a_server_replaces_there_is_a_warning() {
        for replaced in [
            "0.0.0+1a2b3c4",
            "0.0.0+source",
            "1.2.3",
            "1.11.0",
            "1.11.0+x",
            "1.11.0-rc.1",
        ] {
            let text = caution(replaced).unwrap();
            assert!(text.contains(replaced) && text.contains("v2.0.0"), "{text}");
        }
        for kept in ["2.0.0", "2.0.0-rc.1", "2.0.0+1a2b3c4", "1.12.0"] {
            assert_eq!(caution(kept), None);
        }
    }

    #[test]
    fn versions_are_strict() {
        assert_eq!(parse("v1.2.3-rc.1").unwrap().to_string(), "1.2.3-rc.1");
        for wrong in [
            "1.2.3", "v1", "v1.2", "v01.2.3", "v1.2.3-", "v1.2.3+x", "v1.2.3 ",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(highest([].into_iter()).unwrap().is_none());
    }
}
