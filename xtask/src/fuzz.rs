//! `cargo xtask fuzz`: runs each fuzz target of the RPC crate.
//!
//! The seeds are committed in `host/rpc/fuzz/corpus`, and `make test` runs the same functions over them. New inputs are kept in
//! the target folder: see `host/rpc/fuzz/README.md`.

use std::process::Command;

use crate::error::{Error, at};
use crate::run::{read, root, run, target};

const FOLDER: &str = "host/rpc/fuzz";
/// Limits for the whole process and for one allocation. An input has up to 4 KiB.
const MEMORY: [&str; 2] = ["-rss_limit_mb=1024", "-malloc_limit_mb=256"];
const INPUT: [&str; 2] = ["-max_len=4096", "-timeout=10"];

/// Runs every target for `seconds`.
pub fn fuzz(seconds: &str) -> Result<(), Error> {
    if seconds.parse::<u32>().is_err() {
        return Err(Error::Needed(format!("{seconds} is no number of seconds")));
    }
    let targets = read(nightly().args(["fuzz", "list", "--fuzz-dir", FOLDER])).ok_or_else(|| {
        Error::Needed(
            "fuzzing needs a nightly compiler and cargo-fuzz:\n\
             rustup toolchain install nightly --profile minimal && cargo install --locked cargo-fuzz"
                .to_owned(),
        )
    })?;
    for name in targets.lines() {
        let found = target().join("fuzz").join(name);
        std::fs::create_dir_all(&found).map_err(at(&found))?;
        let mut command = nightly();
        command.args(["fuzz", "run", "--fuzz-dir", FOLDER, name]);
        command
            .arg(&found)
            .arg(root().join(FOLDER).join("corpus").join(name));
        command.arg("--").args(MEMORY).args(INPUT);
        run(command.arg(format!("-max_total_time={seconds}")))?;
    }
    Ok(())
}

/// Cargo of rustup's nightly toolchain.
fn nightly() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root()).arg("+nightly");
    command.env_remove("RUSTUP_TOOLCHAIN");
    for name in ["CARGO", "RUSTC"] {
        command.env_remove(name);
    }
    command
}
