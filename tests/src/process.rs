//! Child processes that never outlive what started them.
//!
//! A test that panics drops its values, and they stop their children. A test that is killed drops
//! nothing; for that case each child has a [`Keeper`]: a shell that does nothing but read from a
//! pipe whose other end this process holds. When the process is gone, by whatever signal, the pipe
//! closes, and the keeper stops the child and removes its folder. The keeper is in a process group
//! of its own, so that Ctrl-C at a terminal does not end it before its work is done.

use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group};

/// Between two looks at a condition.
const LOOK: Duration = Duration::from_millis(20);

/// Takes away what cargo told this program about its package. Build scripts look at it, that of `ring` for one,
/// and a cargo that is started with it builds them anew, with all that depends on them.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Asks `condition` again and again until it has an answer. None when `cap` has passed.
pub fn wait_until<T>(cap: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + cap;
    loop {
        if let Some(answer) = condition() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(LOOK);
    }
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Sends a signal to one process. A process that is gone already is no error.
pub fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = pid_of(child) {
        let _ = kill_process(pid, signal);
    }
}

/// Sends a signal to a child and to all that it started: its process group.
pub fn signal_group(child: &Child, signal: Signal) {
    if let Some(pid) = pid_of(child) {
        let _ = kill_process_group(pid, signal);
    }
}

/// Ends the process with this id at once.
pub fn kill(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Waits for a child to exit by itself. None when it still runs after `cap`.
pub fn wait_for_exit(child: &mut Child, cap: Duration) -> Option<ExitStatus> {
    wait_until(cap, || child.try_wait().ok().flatten())
}

/// The ids of the running processes whose executable lies in `folder`.
pub fn processes_in(folder: &Path) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut found: Vec<u32> = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_string_lossy().parse().ok())
        .filter(|pid| runs_from(*pid, folder))
        .collect();
    found.sort_unstable();
    found
}

/// The link to the executable tells best, but is unreadable for a process that confined itself;
/// then its first argument does.
fn runs_from(pid: u32, folder: &Path) -> bool {
    let proc = Path::new("/proc").join(pid.to_string());
    let is_zombie = std::fs::read_to_string(proc.join("stat")).is_ok_and(|stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    });
    if is_zombie {
        return false;
    }
    match std::fs::read_link(proc.join("exe")) {
        Ok(executable) => executable.starts_with(folder),
        Err(_) => std::fs::read(proc.join("cmdline")).is_ok_and(|line| {
            let first = line.split(|byte| *byte == 0).next().unwrap_or_default();
            Path::new(&*String::from_utf8_lossy(first)).starts_with(folder)
        }),
    }
}

/// What a keeper stops.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// The one process.
    Process,
    /// The process and its group.
    Group,
}

/// Stops a child and removes its folder if this process goes away without doing so.
#[derive(Debug)]
pub struct Keeper(Child);

const KEEPER: &str = r#"
trap '' INT TERM HUP
read -r _
kill -s "$1" -- "$2" 2>/dev/null
tries=0
while kill -s 0 -- "$2" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.05; tries=$((tries + 1)); done
rm -rf -- "$3"
"#;

impl Keeper {
    /// Watches over `child`; `signal` is a name as `kill` knows it, such as `KILL`.
    pub fn watch(child: &Child, target: Target, signal: &str, folder: &Path) -> io::Result<Keeper> {
        let id = match target {
            Target::Process => child.id().to_string(),
            Target::Group => format!("-{}", child.id()),
        };
        let keeper = Command::new("/bin/sh")
            .args(["-c", KEEPER, "keeper", signal, &id])
            .arg(folder)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        Ok(Keeper(keeper))
    }
}

impl Drop for Keeper {
    /// The owner is about to clean up by itself.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
