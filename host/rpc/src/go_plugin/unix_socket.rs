//! A Unix socket, which go-plugin uses on all systems except Windows.
//!
//! The socket is in a new directory that only its owner can enter: a socket is created with the permissions that
//! the umask allows, and in a shared directory others could connect first. Socket and directory are removed as
//! soon as the server has connected, because there is exactly one connection; a process that is killed later
//! leaves no files.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "binds the socket that the server connects to"
)]

use std::fs::{self, DirBuilder, Permissions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::Shutdown;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use super::error::Error;
use super::handshake::Handshake;
use super::lazy_writable::LazyWritable;

/// The maximum length of a socket path, including the final zero byte, on the system with the lowest limit (macOS).
const MAX_PATH: usize = 104;
/// Attempts to find an unused name for the directory.
const ATTEMPTS: u32 = 8;

/// A socket that waits for the server. Dropping it removes its files.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    files: SocketFiles,
}

/// The directory and the socket in it. Dropping it removes both.
#[derive(Debug)]
struct SocketFiles {
    directory: PathBuf,
    socket: PathBuf,
}

impl Drop for SocketFiles {
    fn drop(&mut self) {
        // Ignore errors: the files may be gone already.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_dir(&self.directory);
    }
}

impl Socket {
    pub(super) fn bind(handshake: &Handshake) -> Result<Socket, Error> {
        let group = handshake.group.as_deref().map(group_id).transpose()?;
        let mut last_error = Error::Socket {
            directory: PathBuf::new(),
            source: io::ErrorKind::NotFound.into(),
        };
        for directory in &handshake.directories {
            match listen(directory, group) {
                Ok((listener, files)) => return Ok(Socket { listener, files }),
                Err(error) => last_error = error,
            }
        }
        Err(last_error)
    }

    pub(super) fn path(&self) -> &Path {
        &self.files.socket
    }

    /// Network and address, as in the handshake line.
    pub(super) fn address(&self) -> String {
        format!("unix|{}", self.files.socket.display())
    }

    /// Accepts the only connection and removes the socket.
    pub(super) async fn accept(self) -> io::Result<LazyWritable<UnixStream>> {
        let listener = tokio::net::UnixListener::from_std(self.listener)?;
        let connection = listener.accept().await?.0.into_std()?;
        let shutdown = |stream: &UnixStream| stream.shutdown(Shutdown::Write);
        LazyWritable::new(connection, UnixStream::try_clone, shutdown)
    }
}

/// Creates a directory in `base` and a listening socket in that directory.
fn listen(base: &Path, group: Option<u32>) -> Result<(UnixListener, SocketFiles), Error> {
    let failed = |source| Error::Socket {
        directory: base.to_owned(),
        source,
    };
    let mut attempts = ATTEMPTS;
    let files = loop {
        // RandomState is seeded by the operating system.
        let number = RandomState::new().hash_one(attempts);
        let directory = base.join(format!("plugin{number:016x}"));
        let socket = directory.join("rpc.sock");
        let fits = socket.as_os_str().len() < MAX_PATH;
        let plain = |path: &str| !path.contains(|c: char| c == '|' || c.is_control());
        if !fits || !socket.to_str().is_some_and(plain) {
            return Err(Error::Path(socket));
        }
        match DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => break SocketFiles { directory, socket },
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts > 0 => {
                attempts -= 1;
            }
            Err(error) => return Err(failed(error)),
        }
    };
    let listener = UnixListener::bind(&files.socket).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    if group.is_some() {
        share(&files, group).map_err(failed)?;
    }
    Ok((listener, files))
}

/// Gives a group access to the socket.
fn share(files: &SocketFiles, group: Option<u32>) -> io::Result<()> {
    chown(&files.socket, None, group)?;
    fs::set_permissions(&files.socket, Permissions::from_mode(0o660))?;
    chown(&files.directory, None, group)?;
    fs::set_permissions(&files.directory, Permissions::from_mode(0o710))
}

/// The ID of a group that is given by ID or by name.
fn group_id(group: &str) -> Result<u32, Error> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = fs::read("/etc/group").unwrap_or_default();
    find_group(&String::from_utf8_lossy(&groups), group)
        .ok_or_else(|| Error::Group(group.to_owned()))
}

/// Finds the ID of a group in `/etc/group`, whose lines are `name:password:id:members`.
fn find_group(groups: &str, name: &str) -> Option<u32> {
    groups.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn handshake(directories: Vec<PathBuf>) -> Handshake {
        Handshake {
            directories,
            group: None,
            ports: 0..=0,
            version: 1,
            plugin: "test",
        }
    }

    #[test]
    fn the_socket_is_in_its_own_directory_which_is_removed() {
        let listener = handshake(vec![std::env::temp_dir()]).bind().unwrap();
        let directory = listener.path().parent().unwrap().to_owned();
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let path = listener.path().to_str().unwrap();
        assert_eq!(listener.line(), format!("1|1|unix|{path}|netrpc|\n"));
        drop(listener);
        assert!(!directory.exists());
    }

    #[test]
    fn a_path_that_is_too_long_is_replaced_by_the_next_directory() {
        let long = std::env::temp_dir().join("x".repeat(120));
        let listener = handshake(vec![long.clone(), "/tmp".into()]).bind().unwrap();
        assert!(listener.path().starts_with("/tmp"));
        assert!(matches!(handshake(vec![long]).bind(), Err(Error::Path(_))));
    }

    #[test]
    fn a_path_that_would_break_the_handshake_line_is_an_error() {
        let piped = handshake(vec!["/tmp/a|b".into()]).bind();
        assert!(matches!(piped, Err(Error::Path(_))));
    }

    #[test]
    fn a_group_is_found_by_name_and_by_number() {
        let groups = "root:x:0:\nbroken\nmattermost:x:2000:ann,bob\n";
        assert_eq!(find_group(groups, "mattermost"), Some(2000));
        assert_eq!(find_group(groups, "broken"), None);
        assert_eq!(find_group(groups, "ann"), None);
        assert_eq!(group_id("2001").unwrap(), 2001);
        assert!(matches!(group_id("no such group"), Err(Error::Group(_))));
    }

    #[test]
    fn a_group_gets_access_to_the_directory_and_the_socket() {
        let mut handshake = handshake(vec![std::env::temp_dir()]);
        let own = std::os::unix::fs::MetadataExt::gid(&fs::metadata("/proc/self").unwrap());
        handshake.group = Some(own.to_string());
        let listener = handshake.bind().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(listener.path()), 0o660);
        assert_eq!(mode(listener.path().parent().unwrap()), 0o710);
    }
}
