//! A temporary PostgreSQL cluster for one run.
//!
//! Uses Debian's package `postgresql`, and installs it if it is missing and this process has the rights. The cluster is
//! in a temporary folder, listens on loopback only, and does not sync to disk. PostgreSQL refuses to run as root; if
//! this process is root, the programs run as an account without rights.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Progress;
use crate::process::{self, Keeper, Signal, Target, free_port, wait_until};

/// The superuser of the cluster, who owns the databases.
const ROLE: &str = "tests";
const START: Duration = Duration::from_secs(60);
const STOP: Duration = Duration::from_secs(20);

/// PostgreSQL cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not installed.
    #[error(
        "PostgreSQL is missing: install it with `apt-get install -y postgresql` and run this again"
    )]
    Missing,
    /// Its installation failed.
    #[error("`apt-get install -y postgresql` failed; its last words: {0}")]
    Install(String),
    /// This process is root and there is no account without rights.
    #[error(
        "PostgreSQL refuses to run as root, and /etc/passwd has neither `postgres` nor `nobody`"
    )]
    NoAccount,
    /// One of its programs failed.
    #[error("{program} failed: {message}")]
    Program {
        /// The program.
        program: &'static str,
        /// Its standard error.
        message: String,
    },
    /// It did not start.
    #[error("PostgreSQL did not accept connections; see {0}")]
    Start(PathBuf),
    /// A file operation or a process failed.
    #[error("cannot {what}")]
    Io {
        /// The operation.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
}

fn io_error(what: &'static str) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io { what, source }
}

/// A running PostgreSQL. Dropping the value stops it and removes its data.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    command: Command,
    port: u16,
    log: PathBuf,
    running: Option<(Child, Keeper)>,
    folder: TempDir,
}

impl Postgres {
    /// Creates and starts a cluster. Its log is written to the file `log`.
    pub fn start(log: &Path, progress: Progress) -> Result<Postgres, Error> {
        let programs = find_or_install(progress)?;
        let account = unprivileged_account()?;
        let folder = TempDir::with_prefix("plugin-postgres-").map_err(io_error("make a folder"))?;
        if let Some((user, group)) = account {
            chown(folder.path(), Some(user), Some(group))
                .map_err(io_error("give a folder away"))?;
        }
        let data = folder.path().join("data");

        let mut initdb = command(&programs, "initdb", account, folder.path());
        initdb.args([
            "-U",
            ROLE,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
            "-D",
        ]);
        run("initdb", initdb.arg(&data))?;

        let port = free_port().map_err(io_error("find a free port"))?;
        File::create(log).map_err(io_error("create the log of PostgreSQL"))?;
        let mut server = command(&programs, "postgres", account, folder.path());
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=300",
        ] {
            server.args(["-c", setting]);
        }
        server.process_group(0);
        let mut postgres = Postgres {
            programs,
            command: server,
            port,
            log: log.to_path_buf(),
            running: None,
            folder,
        };
        postgres.start_again()?;
        progress(&format!("PostgreSQL listens on 127.0.0.1:{port}"));
        Ok(postgres)
    }

    /// Stops PostgreSQL as for an update. All connections end.
    pub fn stop(&mut self) {
        let Some((mut child, _keeper)) = self.running.take() else {
            return;
        };
        process::signal(&child, Signal::INT);
        if process::wait_for_exit(&mut child, STOP).is_none() {
            process::signal(&child, Signal::QUIT);
            let _ = child.wait();
        }
    }

    /// Starts PostgreSQL again after [`Postgres::stop`], with the same port, data, and log.
    pub fn start_again(&mut self) -> Result<(), Error> {
        let output = File::options().append(true).open(&self.log);
        let output = output.map_err(io_error("open the log of PostgreSQL"))?;
        let errors = output.try_clone();
        let errors = errors.map_err(io_error("share the log of PostgreSQL"))?;
        let command = self.command.stdin(Stdio::null());
        let command = command.stdout(output).stderr(errors);
        let child = command.spawn().map_err(io_error("start postgres"))?;
        let keeper = Keeper::watch(&child, Target::Process, "QUIT", self.folder.path())
            .map_err(io_error("start the keeper of PostgreSQL"))?;
        self.running = Some((child, keeper));
        let up = wait_until(START, || {
            let (child, _) = self.running.as_mut()?;
            let ended = child.try_wait().ok().flatten().is_some();
            if ended {
                Some(false)
            } else {
                self.query("postgres", "select 1").ok().map(|_| true)
            }
        });
        if up == Some(true) {
            Ok(())
        } else {
            Err(Error::Start(self.log.clone()))
        }
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Creates an empty database and returns its data source for Mattermost.
    pub fn create_database(&self, name: &str) -> Result<String, Error> {
        self.query("postgres", &format!("create database {name}"))?;
        Ok(format!(
            "postgres://{ROLE}@127.0.0.1:{}/{name}?sslmode=disable&connect_timeout=10",
            self.port
        ))
    }

    /// Runs a statement and returns the output of `psql`: a line per row, columns separated by `|`.
    pub fn query(&self, database: &str, statement: &str) -> Result<String, Error> {
        let mut psql = command(&self.programs, "psql", None, Path::new("/"));
        psql.args([
            "-X",
            "-A",
            "-t",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
        ]);
        psql.args([
            "-p",
            &self.port.to_string(),
            "-U",
            ROLE,
            "-d",
            database,
            "-c",
            statement,
        ]);
        run("psql", &mut psql)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A PostgreSQL program, run by `account` if there is one, with a minimal environment.
fn command(programs: &Path, name: &str, account: Option<(u32, u32)>, folder: &Path) -> Command {
    let mut command = Command::new(programs.join(name));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC");
    command.env("HOME", folder).current_dir(folder);
    if let Some((user, group)) = account {
        command.uid(user).gid(group);
    }
    command
}

fn run(program: &'static str, command: &mut Command) -> Result<String, Error> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(io_error("run PostgreSQL"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Error::Program { program, message })
    }
}

/// The folder with `initdb`, `postgres` and `psql`; Debian keeps it out of the path.
fn find() -> Option<PathBuf> {
    let complete = |folder: &PathBuf| {
        ["initdb", "postgres", "psql"]
            .iter()
            .all(|name| folder.join(name).is_file())
    };
    let version = |folder: &PathBuf| -> u32 {
        let name = folder.parent().and_then(Path::file_name);
        name.and_then(|name| name.to_string_lossy().parse().ok())
            .unwrap_or(0)
    };
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let newest = debian
        .map(|entry| entry.path().join("bin"))
        .filter(complete)
        .max_by_key(version);
    newest.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).find(complete)
    })
}

/// Checks that PostgreSQL is installed, and installs it if possible.
///
/// # Errors
///
/// If it is missing and cannot be installed. The message says what to do.
pub fn prepare(progress: Progress) -> Result<(), Error> {
    find_or_install(progress).map(drop)
}

fn find_or_install(progress: Progress) -> Result<PathBuf, Error> {
    if let Some(folder) = find() {
        return Ok(folder);
    }
    let is_root = rustix::process::geteuid().is_root();
    if !is_root || !Path::new("/usr/bin/apt-get").exists() {
        return Err(Error::Missing);
    }
    progress("PostgreSQL is missing; running `apt-get install -y postgresql`");
    let apt = |arguments: &[&str]| {
        Command::new("/usr/bin/apt-get")
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .output()
            .map_err(io_error("run apt-get"))
    };
    let mut install = apt(&["install", "-y", "postgresql"])?;
    if !install.status.success() {
        progress("not in the package lists; running `apt-get update` and trying again");
        apt(&["update"])?;
        install = apt(&["install", "-y", "postgresql"])?;
    }
    if !install.status.success() {
        let text = String::from_utf8_lossy(&install.stderr).into_owned();
        return Err(Error::Install(
            text.lines().last().unwrap_or_default().to_owned(),
        ));
    }
    find().ok_or(Error::Missing)
}

/// The account that PostgreSQL runs as: for root, an account without rights; otherwise `None`, the current account.
fn unprivileged_account() -> Result<Option<(u32, u32)>, Error> {
    let own = fs::metadata("/proc/self")
        .map_err(io_error("read /proc/self"))?
        .uid();
    if own != 0 {
        return Ok(None);
    }
    let accounts = fs::read_to_string("/etc/passwd").map_err(io_error("read /etc/passwd"))?;
    let find = |wanted: &str| {
        accounts.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            (name == wanted).then_some((user, group))
        })
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .ok_or(Error::NoAccount)
}
