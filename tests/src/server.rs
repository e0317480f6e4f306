//! A real Mattermost server in its own folder.
//!
//! [`build`] builds the executable. This module gives it a working folder, a database, and settings in the environment,
//! starts it on a free loopback port, and waits until it responds. The environment is minimal, so the plugin sees only
//! the variables that a test passes. The server and its plugins share a process group, which is killed on drop.

pub mod build;

use std::fs::{self, OpenOptions};
use std::io;
use std::net::TcpStream;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Progress;
use crate::client::Client;
use crate::process::{self, Keeper, Signal, Target, free_port, wait_until};
use build::Program;

const START: Duration = Duration::from_secs(120);
const STOP: Duration = Duration::from_secs(60);

/// The settings of every test. They disable all connections beyond loopback.
const SETTINGS: [(&str, &str); 25] = [
    ("MM_ANNOUNCEMENTSETTINGS_ADMINNOTICESENABLED", "false"),
    ("MM_ANNOUNCEMENTSETTINGS_USERNOTICESENABLED", "false"),
    ("MM_EMAILSETTINGS_SENDEMAILNOTIFICATIONS", "false"),
    ("MM_EMAILSETTINGS_SENDPUSHNOTIFICATIONS", "false"),
    ("MM_EMAILSETTINGS_REQUIREEMAILVERIFICATION", "false"),
    ("MM_LOGSETTINGS_CONSOLEJSON", "true"),
    ("MM_LOGSETTINGS_CONSOLELEVEL", "DEBUG"),
    ("MM_LOGSETTINGS_ENABLECONSOLE", "true"),
    ("MM_LOGSETTINGS_ENABLEDIAGNOSTICS", "false"),
    ("MM_LOGSETTINGS_ENABLEFILE", "false"),
    ("MM_PLUGINSETTINGS_AUTOMATICPREPACKAGEDPLUGINS", "false"),
    ("MM_PLUGINSETTINGS_ENABLE", "true"),
    ("MM_PLUGINSETTINGS_ENABLEMARKETPLACE", "false"),
    ("MM_PLUGINSETTINGS_ENABLEREMOTEMARKETPLACE", "false"),
    ("MM_PLUGINSETTINGS_ENABLEUPLOADS", "true"),
    ("MM_RATELIMITSETTINGS_ENABLE", "false"),
    (
        "MM_SERVICESETTINGS_ALLOWEDUNTRUSTEDINTERNALCONNECTIONS",
        "127.0.0.1 localhost",
    ),
    ("MM_SERVICESETTINGS_ENABLELINKPREVIEWS", "false"),
    ("MM_SERVICESETTINGS_ENABLELOCALMODE", "false"),
    ("MM_SERVICESETTINGS_ENABLEOUTGOINGOAUTHCONNECTIONS", "false"),
    ("MM_SERVICESETTINGS_ENABLESECURITYFIXALERT", "false"),
    ("MM_SQLSETTINGS_DRIVERNAME", "postgres"),
    ("MM_SQLSETTINGS_MAXOPENCONNS", "100"),
    ("MM_TEAMSETTINGS_ENABLEOPENSERVER", "true"),
    ("MM_TEAMSETTINGS_MAXUSERSPERTEAM", "1000"),
];

/// A minimal web client, which the server needs to start.
const ROOT_PAGE: &str = "<!doctype html><html><head><meta http-equiv=\"Content-Security-Policy\" \
    content=\"script-src 'self'\"><title>No web client</title></head><body></body></html>\n";

/// The server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be built.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// It ended or did not respond.
    #[error("the Mattermost server {what}; its log is {log}, which ends with:\n{tail}")]
    Start {
        /// What happened.
        what: &'static str,
        /// The whole log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
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

/// A running server. Dropping the value stops it and its plugins.
#[derive(Debug)]
pub struct Server {
    command: Command,
    port: u16,
    log: PathBuf,
    running: Option<(Child, Keeper)>,
    folder: TempDir,
}

impl Server {
    /// Starts the server with the database `data_source` and more environment variables, which plugins inherit. Its log
    /// is written to the file `log`.
    pub fn start(
        data_source: &str,
        variables: &[(&str, &str)],
        log: &Path,
        progress: Progress,
    ) -> Result<Server, Error> {
        let program = Program::ensure(progress)?;
        let folder = working_folder(&program).map_err(io_error("prepare the working folder"))?;
        let port = free_port().map_err(io_error("find a free port"))?;
        fs::write(log, "").map_err(io_error("empty the log of the server"))?;

        let mut command = Command::new(program.executable());
        command
            .arg("server")
            .current_dir(folder.path())
            .env_clear()
            .process_group(0);
        command
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", folder.path())
            .env("TZ", "UTC");
        command.envs(SETTINGS);
        command.env("MM_SQLSETTINGS_DATASOURCE", data_source);
        command.env(
            "MM_SERVICESETTINGS_LISTENADDRESS",
            format!("127.0.0.1:{port}"),
        );
        command.env(
            "MM_SERVICESETTINGS_SITEURL",
            format!("http://localhost:{port}"),
        );
        command.envs(variables.iter().copied());
        let log = log.to_path_buf();
        let mut server = Server {
            command,
            port,
            log,
            running: None,
            folder,
        };
        server.start_again()?;
        progress(&format!("Mattermost answers at {}", server.url()));
        Ok(server)
    }

    /// Starts a server that was stopped, in the same folder and on the same database.
    pub fn start_again(&mut self) -> Result<(), Error> {
        let mut options = OpenOptions::new();
        let output = options.append(true).create(true).open(&self.log);
        let output = output.map_err(io_error("open the log of the server"))?;
        let errors = output
            .try_clone()
            .map_err(io_error("share the log of the server"))?;
        let command = self
            .command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors);
        let child = command.spawn().map_err(io_error("start the server"))?;
        let keeper = Keeper::watch(&child, Target::Group, "KILL", self.folder.path())
            .map_err(io_error("start the keeper of the server"))?;
        self.running = Some((child, keeper));

        let client = Client::new(&self.url());
        let up = wait_until(START, || {
            let (child, _) = self.running.as_mut()?;
            if child.try_wait().ok().flatten().is_some() {
                return Some(false);
            }
            // A refused connection costs nothing; a request would wait for its own timeout.
            TcpStream::connect(("127.0.0.1", self.port)).ok()?;
            client.get("/api/v4/system/ping").ok().map(|_| true)
        });
        let what = match up {
            Some(true) => return Ok(()),
            Some(false) => "ended while starting",
            None => "did not answer in time",
        };
        Err(Error::Start {
            what,
            log: self.log.clone(),
            tail: self.log_tail(),
        })
    }

    /// The address of this server, without a trailing slash. It is the site's address, except on a second server.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The server's working folder, with its configuration, files, and unpacked plugins.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of unpacked plugins.
    pub fn plugin_folder(&self) -> PathBuf {
        self.folder.path().join("plugins")
    }

    /// The running plugin processes of this server.
    pub fn plugin_processes(&self) -> Vec<u32> {
        process::processes_in(&self.plugin_folder())
    }

    /// The log file of the server and its plugins.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The current contents of the log.
    pub fn log_text(&self) -> String {
        fs::read(&self.log).map_or_else(
            |_| String::new(),
            |text| String::from_utf8_lossy(&text).into_owned(),
        )
    }

    fn log_tail(&self) -> String {
        let text = self.log_text();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .get(lines.len().saturating_sub(15)..)
            .unwrap_or_default()
            .join("\n")
    }

    /// Asks the server to stop and waits for its exit. Returns `None` if it had to be killed or did not run.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        let (mut child, _keeper) = self.running.take()?;
        process::signal(&child, Signal::TERM);
        let status = process::wait_for_exit(&mut child, STOP);
        if status.is_none() {
            process::signal_group(&child, Signal::KILL);
            let _ = child.wait();
        }
        status
    }

    /// Kills the server's process only, like the kernel when memory runs out.
    pub fn kill(&mut self) {
        if let Some((mut child, _keeper)) = self.running.take() {
            process::signal(&child, Signal::KILL);
            let _ = child.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((mut child, keeper)) = self.running.take() {
            process::signal(&child, Signal::TERM);
            let _ = process::wait_for_exit(&mut child, STOP);
            process::signal_group(&child, Signal::KILL);
            let _ = child.wait();
            drop(keeper);
        }
        // Only a plugin that outlived a killed server is still there; the test has said so.
        for orphan in self.plugin_processes() {
            process::kill(orphan);
        }
    }
}

fn working_folder(program: &Program) -> io::Result<TempDir> {
    let folder = TempDir::with_prefix("plugin-mattermost-")?;
    for name in ["config", "data", "logs", "plugins", "client/plugins"] {
        fs::create_dir_all(folder.path().join(name))?;
    }
    fs::write(folder.path().join("client/root.html"), ROOT_PAGE)?;
    for name in build::FOLDERS {
        symlink(program.folder.join(name), folder.path().join(name))?;
    }
    Ok(folder)
}
