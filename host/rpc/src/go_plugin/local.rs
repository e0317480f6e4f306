//! A socket in a directory that is its own, as go-plugin listens everywhere but on Windows.
//!
//! The socket lies in a fresh directory that only its owner may enter, because a socket itself is
//! created with whatever the umask allows and in a shared directory anybody could race to it. It is
//! removed as soon as the server has connected: there is exactly one connection, and a process that is
//! killed later leaves nothing behind.
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

use super::quiet::Quiet;
use super::{Error, Handshake};

/// Length of a socket path, with its final zero, on the systems that allow least.
const MAX_PATH: usize = 104;
/// Attempts to find a name that nobody has.
const ATTEMPTS: u32 = 8;

/// A socket that waits for the server. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    place: Place,
}

/// The files of a socket.
#[derive(Debug)]
struct Place {
    directory: PathBuf,
    socket: PathBuf,
}

impl Drop for Place {
    fn drop(&mut self) {
        // Nothing can be done about a file that is gone already.
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_dir(&self.directory);
    }
}

impl Socket {
    pub(super) fn bind(handshake: &Handshake) -> Result<Socket, Error> {
        let group = handshake.group.as_deref().map(group_id).transpose()?;
        let mut refused = Error::NotAPlugin;
        for directory in &handshake.directories {
            match place(directory, group) {
                Ok((listener, place)) => return Ok(Socket { listener, place }),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    pub(super) fn path(&self) -> &Path {
        &self.place.socket
    }

    /// As the line for the server names it.
    pub(super) fn address(&self) -> String {
        format!("unix|{}", self.place.socket.display())
    }

    /// The one connection. The socket is gone then.
    pub(super) async fn accept(self) -> io::Result<Quiet<UnixStream>> {
        let listener = tokio::net::UnixListener::from_std(self.listener)?;
        let connection = listener.accept().await?.0.into_std()?;
        let end = |it: &UnixStream| it.shutdown(Shutdown::Write);
        Quiet::new(connection, UnixStream::try_clone, end)
    }
}

/// Makes a directory in `base` and a listening socket in it.
fn place(base: &Path, group: Option<u32>) -> Result<(UnixListener, Place), Error> {
    let failed = |source| Error::Socket {
        directory: base.to_owned(),
        source,
    };
    let mut attempts = ATTEMPTS;
    let place = loop {
        // Seeded by the operating system.
        let number = RandomState::new().hash_one(attempts);
        let directory = base.join(format!("plugin{number:016x}"));
        let socket = directory.join("rpc.sock");
        let fits = socket.as_os_str().len() < MAX_PATH;
        let plain = |path: &str| !path.contains(|c: char| c == '|' || c.is_control());
        if !fits || !socket.to_str().is_some_and(plain) {
            return Err(Error::Path(socket));
        }
        match DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => break Place { directory, socket },
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempts > 0 => {
                attempts -= 1;
            }
            Err(error) => return Err(failed(error)),
        }
    };
    let listener = UnixListener::bind(&place.socket).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    if group.is_some() {
        share(&place, group).map_err(failed)?;
    }
    Ok((listener, place))
}

/// Lets a group use the socket.
fn share(place: &Place, group: Option<u32>) -> io::Result<()> {
    chown(&place.socket, None, group)?;
    fs::set_permissions(&place.socket, Permissions::from_mode(0o660))?;
    chown(&place.directory, None, group)?;
    fs::set_permissions(&place.directory, Permissions::from_mode(0o710))
}

/// A group's number, from its number or its name.
fn group_id(group: &str) -> Result<u32, Error> {
    if let Ok(id) = group.parse() {
        return Ok(id);
    }
    let groups = fs::read("/etc/group").unwrap_or_default();
    find_group(&String::from_utf8_lossy(&groups), group)
        .ok_or_else(|| Error::Group(group.to_owned()))
}

/// Looks a name up in the lines `name:password:number:members` of `/etc/group`.
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
        }
    }

    #[test]
    fn the_socket_has_a_directory_of_its_own_and_leaves_nothing() {
        let listening = handshake(vec![std::env::temp_dir()]).bind().unwrap();
        let directory = listening.path().parent().unwrap().to_owned();
        let mode = fs::metadata(&directory).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        let path = listening.path().to_str().unwrap();
        assert_eq!(listening.line(), format!("1|1|unix|{path}|netrpc|\n"));
        drop(listening);
        assert!(!directory.exists());
    }

    #[test]
    fn a_path_that_is_too_long_gives_way_to_the_next() {
        let long = std::env::temp_dir().join("x".repeat(120));
        let listening = handshake(vec![long.clone(), "/tmp".into()]).bind().unwrap();
        assert!(listening.path().starts_with("/tmp"));
        assert!(matches!(handshake(vec![long]).bind(), Err(Error::Path(_))));
    }

    #[test]
    fn a_path_that_would_break_the_line_is_refused() {
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
    fn a_group_may_pass_the_directory_and_use_the_socket() {
        let mut handshake = handshake(vec![std::env::temp_dir()]);
        let own = std::os::unix::fs::MetadataExt::gid(&fs::metadata("/proc/self").unwrap());
        handshake.group = Some(own.to_string());
        let listening = handshake.bind().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(listening.path()), 0o660);
        assert_eq!(mode(listening.path().parent().unwrap()), 0o710);
    }
}
