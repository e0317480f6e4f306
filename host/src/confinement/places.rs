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

use super::look::{OWN_PROCESS, link_targets, resolv_conf};

/// What the C library reads to resolve a name, and modules for it that are loaded then.
const RESOLVING: [&str; 15] = [
    "/etc/hosts",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/gai.conf",
    "/etc/ld.so.cache",
    "/run/systemd/resolve",
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
    let mut places: BTreeSet<_> = RESOLVING.iter().chain(&ITSELF).map(PathBuf::from).collect();
    places.extend(bundle());
    places.extend(authorities());
    places.extend(resolv_conf(Path::new(RESOLV_CONF)));
    places.retain(|place| place.exists());
    places.into_iter().collect()
}

/// The folder that the server unpacked: the nearest above the executable with a manifest in it, else the
/// executable's own. It is `server/dist` below it, so that is not far.
fn bundle() -> Option<PathBuf> {
    let executable = std::env::current_exe().ok()?;
    let mut above = executable.ancestors().skip(1).take(3);
    let unpacked = above.find(|folder| folder.join("plugin.json").is_file());
    Some(unpacked.or(executable.parent())?.to_owned())
}

/// Where the authorities are, by the same rules by which they are found at the first request: what
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name, else what the system has. Directories of authorities are full of
/// links, so where those lead belongs to it.
fn authorities() -> Vec<PathBuf> {
    let found = openssl_probe::probe();
    let named = ["SSL_CERT_FILE", "SSL_CERT_DIR"].map(std::env::var_os);
    let mut places: Vec<_> = found.cert_file.into_iter().collect();
    let [file, folders] = named;
    places.extend(file.map(PathBuf::from));
    let mut folders: Vec<_> = folders
        .map(|folders| std::env::split_paths(&folders).collect())
        .unwrap_or_default();
    folders.extend(found.cert_dir);
    let mut seen = BTreeSet::new();
    for folder in folders {
        // One directory often has several names.
        if let Ok(real) = folder.canonicalize()
            && seen.insert(real)
        {
            places.extend(link_targets(&folder));
        }
        if !folder.as_os_str().is_empty() {
            places.push(folder);
        }
    }
    places
}
