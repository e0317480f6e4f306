//! The bundle's version, taken from git.

use std::process::Command;

use crate::run::{read, root};

/// HEAD's tag without its `v`; else the nearest tag without its `v`, or 0.0.0, then `+` and the short
/// hash of the commit.
pub fn version() -> String {
    let git = |arguments: &[&str]| read(Command::new("git").args(arguments).current_dir(root()));
    compose(
        git(&["describe", "--tags", "--exact-match", "--match", "v[0-9]*"]).as_deref(),
        git(&["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]).as_deref(),
        git(&["rev-parse", "--short=7", "--verify", "HEAD"]).as_deref(),
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
    use super::compose;

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
}
