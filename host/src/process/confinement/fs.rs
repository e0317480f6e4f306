//! The file system, before the process gives up access to it: all queries, and the Landlock rules.
//!
//! [`readable_paths`](super::readable_paths) decides what to query, and what follows from it.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "finds the paths that Landlock lets the process read"
)]

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, Scope, path_beneath_rules,
};

/// The most files of a directory that are read, and the largest file, in bytes.
const FILES: usize = 32;
const FILE_SIZE: u64 = 1024 * 1024;

/// Opens a directory, so that the kernel keeps the inode that the rules refer to.
pub(super) fn open_directory(folder: &str) -> Option<OwnedFd> {
    Some(fs::File::open(folder).ok()?.into())
}

pub(super) fn exists(path: &Path) -> bool {
    path.exists()
}

/// The canonical path.
pub(super) fn canonical(path: &Path) -> Option<PathBuf> {
    fs::canonicalize(path).ok()
}

/// The target of a symbolic link, as an absolute path.
pub(super) fn link_target(path: &Path) -> Option<PathBuf> {
    let target = fs::read_link(path).ok()?;
    Some(path.parent()?.join(target))
}

/// The symbolic links in a directory.
pub(super) fn links_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links_in = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    links_in.map(|entry| entry.path())
}

/// Whether a directory contains only a few small files that all satisfy `wanted`. Names that start with two dots belong to
/// Kubernetes volumes.
pub(super) fn all_files(folder: &Path, wanted: fn(&str) -> bool) -> bool {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b".."));
    let files: Vec<_> = files.map(|entry| entry.path()).take(FILES + 1).collect();
    let is_wanted = |file: &PathBuf| {
        let is_small = fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= FILE_SIZE);
        is_small && fs::read_to_string(file).is_ok_and(|text| wanted(&text))
    };
    (1..=FILES).contains(&files.len()) && files.iter().all(is_wanted)
}

/// The device number of the file system that contains the path.
pub(super) fn device_number(path: &Path) -> Option<u64> {
    Some(fs::metadata(path).ok()?.dev())
}

pub(super) fn executable_path() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// The file and the directories with the certificates of the system.
pub(super) fn certificate_paths() -> (Option<PathBuf>, Vec<PathBuf>) {
    let found = openssl_probe::probe();
    (found.cert_file, found.cert_dir)
}

/// Restricts the thread to reading `readable` paths, and to removing the socket and its directory.
pub(super) fn restrict(
    readable: &[PathBuf],
    socket: &Path,
    newest: ABI,
) -> Result<RestrictionStatus, RulesetError> {
    // Removing a directory needs a right on its parent. Landlock cannot limit it to this directory, so other empty
    // directories of the same owner in the parent could be removed too.
    let folder = socket.parent();
    let above = folder.and_then(Path::parent);
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    Ruleset::default()
        .handle_access(AccessFs::from_all(newest))?
        .handle_access(AccessNet::BindTcp)?
        .scope(Scope::from_all(newest))?
        .create()?
        .add_rules(path_beneath_rules(readable, reading))?
        .add_rules(path_beneath_rules(folder, AccessFs::RemoveFile))?
        .add_rules(path_beneath_rules(above, AccessFs::RemoveDir))?
        .restrict_self()
}
