//! The files and directories that a running plugin reads: its bundle, trusted certificates, the files for name resolution, and some
//! information about itself.
//!
//! Landlock rules apply to files and to whole directory trees, and to the file that exists now. If a file may be *replaced* by
//! another of the same name while the plugin runs, only a rule for its directory covers the new one. That matters for
//! `/etc/resolv.conf`: a DHCP client replaces it every few hours, and a host that could no longer read it would
//! not resolve names until a restart.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::fs;

/// Files that any C library reads to resolve names.
const RESOLVING: [&str; 2] = ["/etc/hosts", "/run/systemd/resolve"];

/// Files that glibc reads in addition, and its modules. musl, which the released plugin uses, is entirely in the executable.
#[cfg(target_env = "gnu")]
const C_LIBRARY: [&str; 13] = [
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/ld.so.cache",
    "/run/nscd",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/nix/store",
    "/gnu/store",
    "/var/db/nscd",
    "/var/cache/nscd",
];
#[cfg(not(target_env = "gnu"))]
const C_LIBRARY: [&str; 0] = [];

/// The files in which the kernel describes the process.
pub(super) const OWN_PROCESS: &str = "/proc/self";

/// Files about the process and the processors: its memory for the metrics, the stacks of its threads.
const ITSELF: [&str; 2] = [OWN_PROCESS, "/sys/devices/system/cpu"];

const RESOLV_CONF: &str = "/etc/resolv.conf";

/// All existing files and directories that may be read. Computed once, because there may be hundreds of certificates.
pub(super) fn readable() -> &'static [PathBuf] {
    static READABLE: OnceLock<Vec<PathBuf>> = OnceLock::new();
    READABLE.get_or_init(find_readable)
}

fn find_readable() -> Vec<PathBuf> {
    let named = RESOLVING.iter().chain(&C_LIBRARY).chain(&ITSELF);
    let mut paths: BTreeSet<_> = named.map(PathBuf::from).collect();
    paths.extend(bundle());
    paths.extend(certificate_paths());
    paths.extend(resolv_conf(Path::new(RESOLV_CONF)));
    paths.retain(|path| fs::exists(path));
    paths.into_iter().collect()
}

/// The folder of the bundle: the nearest one above the executable with a manifest, or else the executable's own. The executable
/// is in `server/dist` of the bundle.
fn bundle() -> Option<PathBuf> {
    let executable = fs::executable_path()?;
    let mut above = executable.ancestors().skip(1).take(3);
    let unpacked = above.find(|folder| fs::exists(&folder.join("plugin.json")));
    Some(unpacked.or(executable.parent())?.to_owned())
}

/// The certificates of authorities, found as at the first request: what `SSL_CERT_FILE` and `SSL_CERT_DIR` name, or else what
/// the system has. Certificate directories are full of symbolic links, so their targets are included.
fn certificate_paths() -> Vec<PathBuf> {
    let (file, mut folders) = fs::certificate_paths();
    let mut paths: Vec<_> = file.into_iter().collect();
    if let Some(named) = std::env::var_os("SSL_CERT_FILE") {
        paths.extend(with_next_versions(PathBuf::from(named)));
    }
    if let Some(named) = std::env::var_os("SSL_CERT_DIR") {
        folders.extend(std::env::split_paths(&named));
    }
    let mut seen = BTreeSet::new();
    for folder in folders {
        // A directory often has several names.
        if fs::canonical(&folder).is_some_and(|real| seen.insert(real)) {
            paths.extend(link_targets(&folder));
        }
        if !folder.as_os_str().is_empty() {
            paths.push(folder);
        }
    }
    paths
}

/// A certificate file, and the directories in which a replacement will appear: that of the name and that of the file, if they
/// contain only certificates. A Kubernetes volume is such a directory, with a link that is replaced. If a directory
/// contains other files, which may be secret, only changes written to the same file are read again.
fn with_next_versions(file: PathBuf) -> Vec<PathBuf> {
    let real = fs::canonical(&file);
    let folders = [file.parent(), real.as_deref().and_then(Path::parent)];
    let folders = folders.into_iter().flatten();
    let folders = folders.filter(|folder| fs::all_files(folder, has_only_certificates));
    let mut paths: Vec<_> = folders.map(Path::to_owned).collect();
    paths.push(file);
    paths
}

fn has_only_certificates(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY-----")
}

/// The directories that links in `folder` point to. Hundreds of links point to a few directories, and canonicalizing each
/// would take most of the process's start time.
fn link_targets(folder: &Path) -> BTreeSet<PathBuf> {
    let targets = fs::links_in(folder).filter_map(|link| fs::link_target(&link));
    let outside = targets.filter(|target| target.parent() != Some(folder));
    let mut folders = BTreeSet::new();
    for target in outside {
        let again = fs::link_target(&target).and_then(|_| fs::canonical(&target));
        let last = again.unwrap_or(target);
        folders.extend(last.parent().map(Path::to_owned));
    }
    folders
}

/// The file itself if it cannot be replaced, because it is a mount, as in a container; otherwise the directory in which it
/// would be replaced.
fn resolv_conf(path: &Path) -> Option<PathBuf> {
    let file = fs::canonical(path)?;
    let folder = file.parent()?;
    if fs::device_number(&file)? == fs::device_number(folder)? {
        Some(folder.to_owned())
    } else {
        Some(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_directory_of_a_replaceable_file_is_readable() {
        let folder = std::env::temp_dir().join(format!("readable-paths-{}", std::process::id()));
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
                .map(|path| fs::canonicalize(path).unwrap())
                .collect()
        };
        assert_eq!(targets(&folder), [real.join("elsewhere")]);
        assert_eq!(targets(&again), [real.join("elsewhere")]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn f43_the_directory_of_a_certificate_file_is_readable_if_it_contains_only_certificates() {
        let folder = std::env::temp_dir().join(format!("authorities-{}", std::process::id()));
        let certificate = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        // As in a Kubernetes volume.
        let data = folder.join("..2026");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("ca.pem"), certificate).unwrap();
        std::os::unix::fs::symlink("..2026", folder.join("..data")).unwrap();
        let named = folder.join("ca.pem");
        std::os::unix::fs::symlink("..data/ca.pem", &named).unwrap();
        let real = fs::canonicalize(&data).unwrap();
        let with_folders = [folder.clone(), real.clone(), named.clone()];
        assert_eq!(with_next_versions(named.clone()), with_folders);
        let other_file = folder.join("other_file");
        let with_key = format!("{certificate}-----BEGIN PRIVATE KEY-----\n");
        for other in [with_key.as_str(), "password"] {
            fs::write(&other_file, other).unwrap();
            let without_folders = [real.clone(), named.clone()];
            assert_eq!(
                with_next_versions(named.clone()),
                without_folders,
                "{other}"
            );
        }
        fs::remove_file(&other_file).unwrap();
        fs::create_dir(&other_file).unwrap();
        assert_eq!(with_next_versions(named.clone()), [real, named]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn only_a_mounted_file_itself_is_readable() {
        // Both are mounts.
        let mounted = Path::new("/proc");
        assert_eq!(resolv_conf(mounted).as_deref(), Some(mounted));
    }
}
