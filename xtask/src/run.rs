//! Runs other programs from the project's folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plugin_tests::process::forget_package;
use serde_json::Value;

use crate::error::{Error, at};

/// The project's folder.
pub fn root() -> PathBuf {
    plugin_tests::workspace_root()
}

/// The target folder.
pub fn target() -> PathBuf {
    plugin_tests::target_folder()
}

/// The cargo that runs this program.
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    forget_package(&mut command);
    builds_here(command.current_dir(root()));
    command
}

/// Cargo with arguments that are separated by blanks.
pub fn cargo_with(words: &str) -> Command {
    let mut command = cargo();
    command.args(words.split_whitespace());
    command
}

/// Sets cargo's target folder, which its configuration may change.
pub fn builds_here(command: &mut Command) {
    command.env("CARGO_TARGET_DIR", target());
}

/// An environment variable that is not empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Whether missing tools and skipped tests are failures.
pub fn strict() -> bool {
    variable("CI").is_some_and(|value| value == "true")
}

/// A command as it is typed.
pub fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    words.join(" ")
}

/// Runs a command whose output goes to the terminal.
///
/// # Errors
///
/// When it cannot be started or fails.
pub fn run(command: &mut Command) -> Result<(), Error> {
    println!("> {}", shown(command));
    let status = command.status().map_err(|source| Error::Missing {
        program: shown(command),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed(shown(command)))
    }
}

/// The output of a command without the final newline. None if the command fails.
pub fn read(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim_end().to_owned())
}

/// The folder of the compiler's libraries and documents.
pub fn sysroot() -> Result<PathBuf, Error> {
    let mut command = Command::new("rustc");
    let command = command.args(["--print", "sysroot"]).current_dir(root());
    let path = read(command).ok_or_else(|| Error::Failed("rustc --print sysroot".to_owned()))?;
    Ok(PathBuf::from(path))
}

/// The JSON in a file.
pub fn json(path: &Path) -> Result<Value, Error> {
    let text = std::fs::read_to_string(path).map_err(at(path))?;
    serde_json::from_str(&text).map_err(|problem| Error::Content {
        path: path.to_owned(),
        problem: problem.to_string(),
    })
}

/// Makes a file executable.
pub fn make_executable(path: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let rights = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, rights).map_err(at(path))?;
    }
    Ok(())
}

/// Keeps the file's time if nothing changed, so that cargo does not rebuild.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(at(folder))?;
    }
    fs::write(path, content).map_err(at(path))
}

/// A new folder for a test. The test removes it.
#[cfg(test)]
pub fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
