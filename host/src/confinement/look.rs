//! Looking at the tree of files, before the process gives up to do so: where links lead, what is mounted.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What the kernel shows the process of itself.
pub(super) const OWN_PROCESS: &str = "/proc/self";

/// Holds the process's own directory, so that the kernel does not forget the one that the rules are for.
pub(super) fn own_process() -> Option<OwnedFd> {
    Some(fs::File::open(OWN_PROCESS).ok()?.into())
}

/// The directories that links in `folder` lead to. There are hundreds of links into few directories, and
/// to resolve each in full would be most of the time that the process takes to start.
pub(super) fn link_targets(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let targets = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()))
        .filter_map(|entry| Some(folder.join(fs::read_link(entry.path()).ok()?)));
    let outside = targets.filter(|target| target.parent() != Some(folder));
    let mut folders = BTreeSet::new();
    for target in outside {
        let again = target.is_symlink().then(|| fs::canonicalize(&target).ok());
        let last = again.flatten().unwrap_or(target);
        folders.extend(last.parent().map(Path::to_owned));
    }
    folders
}

/// The file itself where nobody can replace it, because it is mounted there, as in a container; else the
/// directory in which it would be replaced.
pub(super) fn resolv_conf(path: &Path) -> Option<PathBuf> {
    let file = fs::canonicalize(path).ok()?;
    let folder = file.parent()?;
    let device = |path: &Path| Some(fs::metadata(path).ok()?.dev());
    if device(&file)? == device(folder)? {
        Some(folder.to_owned())
    } else {
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_may_be_replaced_is_readable_by_its_directory() {
        let folder = std::env::temp_dir().join(format!("places-{}", std::process::id()));
        fs::create_dir_all(folder.join("elsewhere")).unwrap();
        let target = folder.join("elsewhere/resolv.conf");
        fs::write(&target, "").unwrap();
        let link = folder.join("resolv.conf");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let real = fs::canonicalize(&folder).unwrap();
        assert_eq!(resolv_conf(&link), Some(real.join("elsewhere")));
        let again = folder.join("again");
        std::os::unix::fs::symlink(&link, folder.join("elsewhere/link")).unwrap();
        fs::create_dir(&again).unwrap();
        std::os::unix::fs::symlink("../elsewhere/link", again.join("link")).unwrap();
        let targets = |folder: &Path| -> Vec<_> {
            let targets = link_targets(folder).into_iter();
            targets
                .map(|place| fs::canonicalize(place).unwrap())
                .collect()
        };
        assert_eq!(targets(&folder), [real.join("elsewhere")]);
        assert_eq!(targets(&again), [real.join("elsewhere")]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_mounted_file_is_readable_alone() {
        // Each of these two is a mount of its own.
        let mounted = Path::new("/proc");
        assert_eq!(resolv_conf(mounted).as_deref(), Some(mounted));
    }
}
