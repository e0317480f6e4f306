//! The process gives up rights once it is started.
//!
//! The component never had files, processes, or sockets. This is for a vulnerability in the host or in wasmtime: an attacker
//! then controls a process that has given up what it does not need. It uses three features of Linux, none of which needs
//! privileges or can be undone:
//!
//! - **No new privileges**: executing a set-user-ID program grants no rights.
//! - **Landlock** ([`landlock`](self::landlock)): which files can be opened ([`readable_paths`]), none for writing or executing; no TCP
//!   port to listen on; no signals and no abstract sockets to other processes, and, as always with Landlock, no access to
//!   the memory of other processes.
//! - **seccomp** ([`seccomp`]): no system calls that start programs or processes, open files for writing, change the file
//!   system, listen, create local sockets, or reach into other processes or rarely used parts of the kernel. It overlaps
//!   with Landlock on purpose: containers and old kernels often have only one of the two.
//!
//! Outgoing requests read the certificates of authorities again while the plugin runs: [`readable_paths`] contains the
//! directories in which new ones appear. Connections are not restricted to addresses.
//!
//! Call [`confine`] while there is only one thread: new threads inherit the confinement, but existing ones are not affected. If the
//! kernel refuses a part, the plugin runs anyway; [`Confinement`] records it, and the host logs it at activation.

use std::fmt;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;

use mattermost_plugin_rpc::go_plugin::Listener;
use mattermost_plugin_rpc::mattermost::{Api, LogLevel};

use self::restriction::Restriction;

#[cfg(target_os = "linux")]
mod fs;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod readable_paths;
mod restriction;
#[cfg(target_os = "linux")]
mod seccomp;

/// The active and missing restrictions. Keep it for as long as the process lives.
#[derive(Debug)]
pub struct Confinement {
    restrictions: Vec<Restriction>,
    /// Keeps `/proc/self` open: Landlock identifies directories by their inodes, and the kernel may drop an unused inode of
    /// `/proc` and create another.
    #[cfg(target_os = "linux")]
    _own_process: Option<OwnedFd>,
}

/// Confines the calling thread, and all threads it starts, to what a running plugin needs. It can still remove the socket and
/// its directory.
#[must_use]
#[cfg(target_os = "linux")]
pub fn confine(listening: &Listener) -> Confinement {
    let (mut restrictions, mut no_new_privileges) = landlock::restrict(listening.path());
    let seccomp = seccomp::restrict();
    no_new_privileges |= seccomp.missing.is_none();
    restrictions.push(seccomp);
    let refused = || "the kernel refused".to_owned();
    restrictions.insert(
        0,
        Restriction {
            name: "no new privileges",
            missing: (!no_new_privileges).then(refused),
        },
    );
    Confinement {
        restrictions,
        _own_process: fs::open_directory(readable_paths::OWN_PROCESS),
    }
}

/// Confines nothing: only Linux is supported.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn confine(_listening: &Listener) -> Confinement {
    Confinement {
        restrictions: vec![Restriction {
            name: "confinement of the host",
            missing: Some("it is not supported on this system".to_owned()),
        }],
    }
}

impl Confinement {
    /// Whether all restrictions are active.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.restrictions.iter().all(|part| part.missing.is_none())
    }

    /// The restrictions by name, and why those that are missing are.
    pub(crate) fn restrictions(&self) -> impl Iterator<Item = (&'static str, Option<String>)> {
        let parts = self.restrictions.iter();
        parts.map(|part| (part.name, part.missing.clone()))
    }

    /// Logs which restrictions are active, as a warning if some are not.
    pub async fn log_status(&self, api: &dyn Api) {
        let (level, message) = if self.is_complete() {
            (LogLevel::Info, "The host has confined itself")
        } else {
            (
                LogLevel::Warn,
                "The host could confine itself only in part; the plugin still works",
            )
        };
        let fields = vec![("confinement".to_owned(), self.to_string())];
        // A failure to log must not stop the plugin.
        let _ = api.log(level, message, fields).await;
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let active: Vec<_> = self
            .restrictions
            .iter()
            .filter(|part| part.missing.is_none())
            .map(|part| part.name)
            .collect();
        let missing: Vec<_> = self
            .restrictions
            .iter()
            .filter_map(|part| Some(format!("{} ({})", part.name, part.missing.as_ref()?)))
            .collect();
        match active.as_slice() {
            [] => f.write_str("active: nothing")?,
            _ => write!(f, "active: {}", active.join(", "))?,
        }
        if !missing.is_empty() {
            write!(f, "; not active: {}", missing.join(", "))?;
        }
        Ok(())
    }
}

/// Describes what [`confine`] does on this machine, for administrators.
#[must_use]
#[cfg(target_os = "linux")]
pub fn describe_confinement() -> String {
    use std::fmt::Write as _;
    let mut text = "confinement of the host, as far as the kernel supports it:\n  \
         no new privileges\n  \
         no system calls that execute, start processes, write files, listen, trace, or reach into others, and \
         no local sockets (seccomp)\n  \
         no TCP listeners, no signals and no abstract sockets to others (Landlock)\n  \
         no files except its own socket, to remove it, and these, to read them (Landlock):\n"
        .to_owned();
    for place in readable_paths::readable() {
        // Writing into a string does not fail.
        let _ = writeln!(text, "    {}", place.display());
    }
    text
}

/// Describes what [`confine`] does on this machine, for administrators.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn describe_confinement() -> String {
    "confinement of the host: none, because it is supported on Linux only\n".to_owned()
}
