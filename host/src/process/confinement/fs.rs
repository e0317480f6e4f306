//! The tree of files, before the process gives up to look at it: the few questions that are asked of it, and the
//! rules that are made for it.
//!
//! What is asked about, and what follows from the answers, is in [`readable_paths`](super::readable_paths).
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

/// The most files of a directory that are looked into, and the most bytes of one.
const FILES: usize = 32;
const FILE_SIZE: u64 = 1024 * 1024;

/// Holds a directory, so that the kernel does not forget the one that the rules are for.
pub(super) fn hold(folder: &str) -> Option<OwnedFd> {
    Some(fs::File::open(folder).ok()?.into())
}

pub(super) fn exists(place: &Path) -> bool {
    place.exists()
}

/// Where it really is.
pub(super) fn real(place: &Path) -> Option<PathBuf> {
    fs::canonicalize(place).ok()
}

/// What a link says, relative to nothing.
pub(super) fn link(place: &Path) -> Option<PathBuf> {
    let target = fs::read_link(place).ok()?;
    Some(place.parent()?.join(target))
}

/// What is in a directory and is a link.
pub(super) fn links(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_symlink()));
    links.map(|entry| entry.path())
}

/// Whether a directory has only files, not many and of no great size, that are all as `wanted`. Names that begin with two
/// dots are those of a volume of Kubernetes itself.
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

/// The number of the file system that it is in.
pub(super) fn device(place: &Path) -> Option<u64> {
    Some(fs::metadata(place).ok()?.dev())
}

pub(super) fn executable() -> Option<PathBuf> {
    std::env::current_exe().ok()
}

/// The file and the directory in which the system has its authorities.
pub(super) fn authorities() -> (Option<PathBuf>, Vec<PathBuf>) {
    let found = openssl_probe::probe();
    (found.cert_file, found.cert_dir)
}

/// Restricts the thread to reading what is `readable`, and to removing a socket with its directory.
pub(super) fn restrict(
    readable: &[PathBuf],
    socket: &Path,
    newest: ABI,
) -> Result<RestrictionStatus, RulesetError> {
    // To remove a directory is a right on the one above it. Landlock has none for just this one, so that
    // other empty directories of the same owner beside it could be removed too.
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
