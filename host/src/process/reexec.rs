//! Starting the executable anew, in place of the process that runs it.
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

/// Does it with these variables and no others. Answers only if it cannot be done.
pub(super) fn start(variables: Vec<(OsString, OsString)>) -> Result<(), io::Error> {
    let mut arguments = env::args_os();
    let mut itself = Command::new(env::current_exe()?);
    if let Some(name) = arguments.next() {
        itself.arg0(name);
    }
    Err(itself.args(arguments).env_clear().envs(variables).exec())
}
