//! Executes the program again in the same process, with another environment.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "starts the host again without the server's environment"
)]

use std::env;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Executes the program with these variables and no others. Returns only on failure.
pub(super) fn reexec(variables: Vec<(OsString, OsString)>) -> Result<(), io::Error> {
    let mut arguments = env::args_os();
    let mut command = Command::new(env::current_exe()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    Err(command.args(arguments).env_clear().envs(variables).exec())
}
