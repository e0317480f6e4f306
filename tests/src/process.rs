//! Child processes that end with their parent.
//!
//! If a test panics, dropping its values stops the children. If a test is killed, nothing is dropped. For this case,
//! each child has a [`Keeper`]: a shell that reads from a pipe whose other end this process holds. When the process
//! ends, the pipe closes, and the keeper stops the child and removes its folder. The keeper has its own process group,
//! so that Ctrl-C does not end it first.

use std::io;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process, kill_process_group};

/// The time between two checks of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Removes cargo's package variables. Build scripts such as ring's depend on them and would rebuild.
pub fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
}

/// Polls `condition` until it returns a value. Returns `None` after `cap`.
pub fn wait_until<T>(cap: Duration, mut condition: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + cap;
    loop {
        if let Some(answer) = condition() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        thread::sleep(POLL_INTERVAL);
    }
}

/// A loopback port that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Sends a signal to one process. Ignores processes that have ended.
pub fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = pid_of(child) {
        let _ = kill_process(pid, signal);
    }
}

/// Sends a signal to the process group of a child.
pub fn signal_group(child: &Child, signal: Signal) {
    if let Some(pid) = pid_of(child) {
        let _ = kill_process_group(pid, signal);
    }
}

/// Kills the process with this ID.
pub fn kill(id: u32) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Waits for a child to exit. Returns `None` if it still runs after `cap`.
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

/// Prefer the link to the executable. It is unreadable for a process that confined itself; then use the first argument.
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

/// The processes that a keeper stops.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// The child only.
    Process,
    /// The child's process group.
    Group,
}

/// Stops a child and removes its folder when this process ends.
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
    /// Watches `child`. `signal` is a name for `kill`, such as `KILL`.
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
    /// Stops the keeper without stopping its target.
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
