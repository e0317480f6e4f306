//! Runs other programs from the project's folder.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use plugin_tests::process::forget_package;
use serde_json::Value;

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

/// A program with arguments, all separated by blanks, in the project's folder.
pub fn command(words: &str) -> Command {
    let mut words = words.split_whitespace();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root());
    command
}

/// Go with arguments that are separated by blanks, in a folder of the project. It downloads no other Go.
pub fn go(words: &str, folder: &str) -> Command {
    let mut go = command(&format!("go {words}"));
    go.current_dir(root().join(folder));
    go.env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=readonly");
    go
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
pub fn run(command: &mut Command) -> Result<()> {
    println!("> {}", shown(command));
    let status = command.status();
    let status = status.with_context(|| format!("cannot run {}", shown(command)))?;
    ensure!(status.success(), "failed: {}", shown(command));
    Ok(())
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

/// The output of a command that must succeed, without the final newline.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("cannot run {}", shown(command)))?;
    ensure!(output.status.success(), "failed: {}", shown(command));
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}

/// The output of a command that reads a text, even if the command fails, and whether it succeeded.
pub fn feed(command: &mut Command, input: &str) -> Result<(String, bool)> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.spawn();
    let mut child = child.with_context(|| format!("cannot run {}", shown(command)))?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok((text, output.status.success()))
}

/// The folder of the compiler's libraries and documents.
pub fn sysroot() -> Result<PathBuf> {
    output(&mut command("rustc --print sysroot")).map(PathBuf::from)
}

/// The JSON in a file.
pub fn json(path: &Path) -> Result<Value> {
    let text = fs_err::read_to_string(path)?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Sets a field of a JSON object.
pub fn set(object: &mut Value, name: &str, content: impl Into<Value>) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), content.into());
    }
}

/// Makes a file executable.
pub fn make_executable(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let rights = std::fs::Permissions::from_mode(0o755);
        fs::set_permissions(path, rights)?;
    }
    Ok(())
}

/// Keeps the file's time if nothing changed, so that cargo does not rebuild.
pub fn write_if_changed(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|old| old == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(path, content)?)
}

/// Fails if something is larger than its limit.
pub fn within(what: &str, bytes: usize, limit: usize) -> Result<()> {
    ensure!(
        bytes <= limit,
        "{what} has {bytes} bytes, more than the limit of {limit}"
    );
    Ok(())
}

/// A new folder for a test. The test removes it.
#[cfg(test)]
pub fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
    let _ = fs_err::remove_dir_all(&folder);
    fs_err::create_dir_all(&folder).unwrap();
    folder
}
