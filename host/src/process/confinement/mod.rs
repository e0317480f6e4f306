//! What the process takes from itself once it is started.
//!
//! The component never had files, processes or sockets. This is for the day when something is wrong in
//! the host or in wasmtime: what an attacker then holds is a process that has thrown away what it does not
//! need. Three things, each of Linux, each without any right of its own, none of which can be undone:
//!
//! - **No new privileges**: nothing that it executes could gain rights by a set-user-id bit.
//! - **Landlock** ([`landlock`](self::landlock)): which files can be opened at all ([`readable_paths`]), none for writing, none to
//!   execute; no TCP port to listen at; no signal and no abstract socket to anybody else, and, as Landlock
//!   always does, no look into other processes' memory.
//! - **seccomp** ([`seccomp`]): no system call that starts a program or a process, opens for writing, changes
//!   the tree of files, listens, makes a local socket, or reaches into other processes or the kernel's rarely used
//!   parts. It overlaps with Landlock on purpose: containers and old kernels often have just one of the two.
//!
//! Requests to the outside read the certificates of authorities again while the plugin runs: [`readable_paths`] has the
//! directories in which new ones appear. Nothing here restricts which addresses are connected to, and a proxy is an
//! address as any other; the environment keeps the variables that name it.
//!
//! It must be called while there is only one thread: threads inherit, but are not reached afterwards. A
//! kernel that refuses a part does not keep the plugin from running; [`Confinement`] says so, and the host
//! writes it to the log when it is activated.

use std::fmt;
#[cfg(target_os = "linux")]
use std::os::fd::OwnedFd;

use mattermost_plugin_rpc::go_plugin::Listener;
use mattermost_plugin_rpc::mattermost::{Api, LogLevel};

#[cfg(target_os = "linux")]
mod fs;
#[cfg(target_os = "linux")]
mod landlock;
#[cfg(target_os = "linux")]
mod readable_paths;
#[cfg(target_os = "linux")]
mod seccomp;

/// One thing that is given up, or was to be.
#[derive(Debug)]
struct Part {
    /// As a log line names it.
    name: &'static str,
    /// Why it is not given up.
    missing: Option<String>,
}

/// What is given up. Keep it for as long as the process lives.
#[derive(Debug)]
pub struct Confinement {
    parts: Vec<Part>,
    /// Landlock knows directories by their inodes, and those of `/proc` are forgotten when nobody uses
    /// them: the next one of the same name would be a stranger.
    #[cfg(target_os = "linux")]
    _own_process: Option<OwnedFd>,
}

/// Confines the calling thread, and all that it starts, to what a running plugin needs. What can still be
/// removed is the socket, with its directory.
#[must_use]
#[cfg(target_os = "linux")]
pub fn confine(listening: &Listener) -> Confinement {
    let (mut parts, mut no_new_privileges) = landlock::restrict(listening.path());
    let calls = seccomp::restrict();
    no_new_privileges |= calls.missing.is_none();
    parts.push(calls);
    let refused = || "the kernel refused".to_owned();
    parts.insert(
        0,
        Part {
            name: "no new privileges",
            missing: (!no_new_privileges).then(refused),
        },
    );
    Confinement {
        parts,
        _own_process: fs::hold(readable_paths::OWN_PROCESS),
    }
}

/// Confines nothing: there is only an implementation for Linux.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn confine(_listening: &Listener) -> Confinement {
    Confinement {
        parts: vec![Part {
            name: "confinement of the host",
            missing: Some("there is none for this system".to_owned()),
        }],
    }
}

impl Confinement {
    /// Whether every part is active.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.parts.iter().all(|part| part.missing.is_none())
    }

    /// Says in the server's log what is active, as a warning where something is not.
    pub async fn tell(&self, api: &dyn Api) {
        let (level, message) = if self.is_complete() {
            (LogLevel::Info, "The host has confined itself")
        } else {
            (
                LogLevel::Warn,
                "The host could confine itself only in part; the plugin works all the same",
            )
        };
        let fields = vec![("confinement".to_owned(), self.to_string())];
        // A line that cannot be written must not keep the plugin from working.
        let _ = api.log(level, message, fields).await;
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let active: Vec<_> = self
            .parts
            .iter()
            .filter(|part| part.missing.is_none())
            .map(|part| part.name)
            .collect();
        let missing: Vec<_> = self
            .parts
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

/// What [`confine`] would do on this machine, for an administrator to read.
#[must_use]
#[cfg(target_os = "linux")]
pub fn plan() -> String {
    use std::fmt::Write as _;
    let mut text = "confinement of the host, as far as the kernel has it:\n  \
         no new privileges\n  \
         no system calls that execute, start processes, write files, listen, trace, or reach into others, and \
         no local sockets (seccomp)\n  \
         no TCP listeners, no signals and no abstract sockets to others (Landlock)\n  \
         no files but its own socket, to remove it, and to read (Landlock):\n"
        .to_owned();
    for place in readable_paths::readable() {
        // Writing into a string does not fail.
        let _ = writeln!(text, "    {}", place.display());
    }
    text
}

/// What [`confine`] would do on this machine, for an administrator to read.
#[must_use]
#[cfg(not(target_os = "linux"))]
pub fn plan() -> String {
    "confinement of the host: none, there is one for Linux only\n".to_owned()
}
