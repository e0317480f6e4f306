//! What a running plugin reads: its bundle, the authorities it trusts, what resolving a name takes, and a
//! few words about itself.
//!
//! Landlock's rules are for files and for whole trees, and hold for the file that is there now. Where a
//! file may be *replaced* by another of the same name while the plugin runs, only a rule for its directory
//! reaches the new one. That matters for `/etc/resolv.conf`: a DHCP client replaces it every few hours,
//! and a host that could no longer read it would resolve nothing until it is restarted.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::fs;

/// What any C library reads to resolve a name.
const RESOLVING: [&str; 2] = ["/etc/hosts", "/run/systemd/resolve"];

/// What glibc reads besides, and modules for it that are loaded then. musl, with which the plugin is shipped, has
/// all of itself in the executable.
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

/// What the kernel shows the process of itself.
pub(super) const OWN_PROCESS: &str = "/proc/self";

/// What it reads about itself and the processors: its memory for the metrics, its threads' stacks.
const ITSELF: [&str; 2] = [OWN_PROCESS, "/sys/devices/system/cpu"];

const RESOLV_CONF: &str = "/etc/resolv.conf";

/// All that may be read, files and trees, as far as it exists. Looked up once: there may be hundreds of
/// authorities.
pub(super) fn readable() -> &'static [PathBuf] {
    static READABLE: OnceLock<Vec<PathBuf>> = OnceLock::new();
    READABLE.get_or_init(look_up)
}

fn look_up() -> Vec<PathBuf> {
    let named = RESOLVING.iter().chain(&C_LIBRARY).chain(&ITSELF);
    let mut places: BTreeSet<_> = named.map(PathBuf::from).collect();
    places.extend(bundle());
    places.extend(authorities());
    places.extend(resolv_conf(Path::new(RESOLV_CONF)));
    places.retain(|place| fs::exists(place));
    places.into_iter().collect()
}

/// The folder that the server unpacked: the nearest above the executable with a manifest in it, else the
/// executable's own. It is `server/dist` below it, so that is not far.
fn bundle() -> Option<PathBuf> {
    let executable = fs::executable()?;
    let mut above = executable.ancestors().skip(1).take(3);
    let unpacked = above.find(|folder| fs::exists(&folder.join("plugin.json")));
    Some(unpacked.or(executable.parent())?.to_owned())
}

/// Where the authorities are, by the same rules by which they are found at the first request: what
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else what the system has. Directories of authorities are full of
/// links, so where those lead belongs to it.
fn authorities() -> Vec<PathBuf> {
    let (file, mut folders) = fs::authorities();
    let mut places: Vec<_> = file.into_iter().collect();
    if let Some(named) = std::env::var_os("SSL_CERT_FILE") {
        places.extend(with_next_versions(PathBuf::from(named)));
    }
    if let Some(named) = std::env::var_os("SSL_CERT_DIR") {
        folders.extend(std::env::split_paths(&named));
    }
    let mut seen = BTreeSet::new();
    for folder in folders {
        // One directory often has several names.
        if fs::real(&folder).is_some_and(|real| seen.insert(real)) {
            places.extend(link_targets(&folder));
        }
        if !folder.as_os_str().is_empty() {
            places.push(folder);
        }
    }
    places
}

/// A file of authorities, and the directories in which its next version will be when it is replaced: that of the name and
/// that of the file, if they have nothing but certificates. A volume of Kubernetes is such a directory, with a link that
/// is replaced. Where other files are in it, which may be secret, only a file that is written to in its place is read
/// again.
fn with_next_versions(file: PathBuf) -> Vec<PathBuf> {
    let real = fs::real(&file);
    let folders = [file.parent(), real.as_deref().and_then(Path::parent)];
    let folders = folders.into_iter().flatten();
    let folders = folders.filter(|folder| fs::all_files(folder, has_only_certificates));
    let mut places: Vec<_> = folders.map(Path::to_owned).collect();
    places.push(file);
    places
}

fn has_only_certificates(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY-----")
}

/// The directories that links in `folder` lead to. There are hundreds of links into few directories, and
/// to resolve each in full would be most of the time that the process takes to start.
fn link_targets(folder: &Path) -> BTreeSet<PathBuf> {
    let targets = fs::links(folder).filter_map(|link| fs::link(&link));
    let outside = targets.filter(|target| target.parent() != Some(folder));
    let mut folders = BTreeSet::new();
    for target in outside {
        let again = fs::link(&target).and_then(|_| fs::real(&target));
        let last = again.unwrap_or(target);
        folders.extend(last.parent().map(Path::to_owned));
    }
    folders
}

/// The file itself where nobody can replace it, because it is mounted there, as in a container; else the
/// directory in which it would be replaced.
fn resolv_conf(path: &Path) -> Option<PathBuf> {
    let file = fs::real(path)?;
    let folder = file.parent()?;
    if fs::device(&file)? == fs::device(folder)? {
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
    fn f43_the_directory_of_a_file_of_authorities_is_readable_if_it_has_nothing_else() {
        let folder = std::env::temp_dir().join(format!("authorities-{}", std::process::id()));
        let certificate = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
        // As Kubernetes does.
        let data = folder.join("..2026");
        fs::create_dir_all(&data).unwrap();
        fs::write(data.join("ca.pem"), certificate).unwrap();
        std::os::unix::fs::symlink("..2026", folder.join("..data")).unwrap();
        let named = folder.join("ca.pem");
        std::os::unix::fs::symlink("..data/ca.pem", &named).unwrap();
        let real = fs::canonicalize(&data).unwrap();
        let with_folders = [folder.clone(), real.clone(), named.clone()];
        assert_eq!(with_next_versions(named.clone()), with_folders);
        let beside = folder.join("beside");
        let with_key = format!("{certificate}-----BEGIN PRIVATE KEY-----\n");
        for other in [with_key.as_str(), "password"] {
            fs::write(&beside, other).unwrap();
            let alone = [real.clone(), named.clone()];
            assert_eq!(with_next_versions(named.clone()), alone, "{other}");
        }
        fs::remove_file(&beside).unwrap();
        fs::create_dir(&beside).unwrap();
        assert_eq!(with_next_versions(named.clone()), [real, named]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_mounted_file_is_readable_alone() {
        // Each of these two is a mount of its own.
        let mounted = Path::new("/proc");
        assert_eq!(resolv_conf(mounted).as_deref(), Some(mounted));
    }
}
