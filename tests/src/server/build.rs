//! Builds the Mattermost server from the Go module proxy and caches the executable.
//!
//! `tests/mattermost` is a small Go module that imports the server; its go.sum pins all sources. The build takes two to
//! three minutes on two cores. The name of its cache folder is a hash of the module's files, so a changed module is
//! rebuilt. The folders that the server reads at run time are next to the executable.

use std::fs::{self, File, Permissions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ring::digest;

use crate::{Progress, cache_folder, workspace_root};

/// The Go module that holds the server.
const MODULE: &str = "github.com/mattermost/mattermost/server/v8";
/// Folders of that module that the server looks for in its working folder.
pub(super) const FOLDERS: [&str; 3] = ["i18n", "templates", "fonts"];

/// The server cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Go is not installed.
    #[error(
        "Go is missing: install Go 1.26.3 or newer from https://go.dev/dl and put it in the path"
    )]
    NoGo,
    /// The Go command failed.
    #[error("`go {command}` failed in {folder}: {message}")]
    Go {
        /// The subcommand.
        command: &'static str,
        /// Its working folder.
        folder: PathBuf,
        /// The last lines that it printed.
        message: String,
    },
    /// A file operation failed.
    #[error("cannot {what} {path}")]
    Io {
        /// The operation.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    move |source| Error::Io {
        what,
        path: path.to_path_buf(),
        source,
    }
}

/// A built server: the folder with `mattermost` and the folders it reads.
#[derive(Clone, Debug)]
pub struct Program {
    /// `mattermost`, `i18n/`, `templates/`, `fonts/`.
    pub folder: PathBuf,
}

impl Program {
    /// Returns the server. Builds it first if it is not cached.
    pub fn ensure(progress: Progress) -> Result<Program, Error> {
        let module = workspace_root().join("tests/mattermost");
        let cache = cache_folder().join("mattermost");
        let folder = cache.join(fingerprint(&module)?);
        fs::create_dir_all(&folder).map_err(io_error("create", &folder))?;
        // A concurrent run waits for the first one and uses its result.
        let lock = folder.join("lock");
        let held = File::create(&lock).map_err(io_error("create", &lock))?;
        held.lock().map_err(io_error("lock", &lock))?;

        let executable = folder.join("mattermost");
        if !executable.is_file() {
            progress(
                "building the Mattermost server from its Go module, once: two to five minutes",
            );
            build(&module, &executable, progress)?;
            progress("the Mattermost server is built");
        }
        for name in FOLDERS {
            copy_folder(&module, name, &folder)?;
        }
        Ok(Program { folder })
    }

    /// The executable.
    pub fn executable(&self) -> PathBuf {
        self.folder.join("mattermost")
    }
}

/// Twelve hexadecimal digits of the hash over the module's files.
fn fingerprint(module: &Path) -> Result<String, Error> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for name in ["go.mod", "go.sum", "main.go"] {
        let path = module.join(name);
        hash.update(&fs::read(&path).map_err(io_error("read", &path))?);
    }
    let hash = hash.finish();
    Ok(hash
        .as_ref()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

fn go(module: &Path) -> Command {
    let mut go = Command::new("go");
    go.current_dir(module)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly");
    go.env("GOWORK", "off").stdin(Stdio::null());
    go
}

fn go_missing(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => Error::NoGo,
        _ => Error::Io {
            what: "run",
            path: PathBuf::from("go"),
            source: error,
        },
    }
}

/// Runs the build. Go prints each finished package; there are about 1,300.
fn build(module: &Path, executable: &Path, progress: Progress) -> Result<(), Error> {
    let unfinished = executable.with_extension("unfinished");
    let mut child = go(module)
        .args(["build", "-v", "-trimpath", "-o"])
        .arg(&unfinished)
        .arg(".")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(go_missing)?;
    let mut tail: Vec<String> = Vec::new();
    let mut packages = 0_u32;
    if let Some(errors) = child.stderr.take() {
        for line in BufReader::new(errors).lines().map_while(Result::ok) {
            packages += 1;
            if packages.is_multiple_of(100) {
                progress(&format!("  {packages} Go packages done; now {line}"));
            }
            tail.push(line);
            if tail.len() > 20 {
                tail.remove(0);
            }
        }
    }
    let status = child.wait().map_err(go_missing)?;
    if !status.success() {
        let folder = module.to_path_buf();
        return Err(Error::Go {
            command: "build",
            folder,
            message: tail.join("\n"),
        });
    }
    fs::rename(&unfinished, executable).map_err(io_error("rename", &unfinished))
}

/// Copies one folder of the server's module if it is missing. The module cache is read-only, the copy is writable.
fn copy_folder(module: &Path, name: &str, to: &Path) -> Result<(), Error> {
    let target = to.join(name);
    if target.is_dir() {
        return Ok(());
    }
    let unfinished = to.join(format!("{name}.unfinished"));
    copy(&module_folder(module)?.join(name), &unfinished)?;
    fs::rename(&unfinished, &target).map_err(io_error("rename", &unfinished))
}

/// The folder of the server's module in Go's module cache. Downloads the module first if it is missing.
fn module_folder(module: &Path) -> Result<PathBuf, Error> {
    let list = |command: &'static str, arguments: &[&str]| {
        let output = go(module).args(arguments).output().map_err(go_missing)?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
        }
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Error::Go {
            command,
            folder: module.to_path_buf(),
            message,
        })
    };
    let arguments = ["list", "-m", "-f", "{{.Dir}}", MODULE];
    let mut folder = list("list", &arguments)?;
    if folder.is_empty() {
        list("mod download", &["mod", "download", MODULE])?;
        folder = list("list", &arguments)?;
    }
    Ok(PathBuf::from(folder))
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(io_error("create", to))?;
    for entry in fs::read_dir(from)
        .map_err(io_error("read", from))?
        .flatten()
    {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy(&source, &target)?;
        } else {
            fs::copy(&source, &target).map_err(io_error("copy", &source))?;
            let writable = Permissions::from_mode(0o644);
            fs::set_permissions(&target, writable).map_err(io_error("make writable", &target))?;
        }
    }
    Ok(())
}
