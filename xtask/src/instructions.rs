//! `cargo xtask bench --instructions`: counts the instructions of each benchmark with valgrind's callgrind.
//!
//! The same program with the same input executes the same number of instructions, so a change of a few percent shows where
//! time is noise. Each benchmark runs a few times and many times; the difference leaves out the start of the process.

use std::process::Stdio;

use crate::error::{Error, at};
use crate::run::{cargo_with, read, target};
use crate::toolchain;

/// The benchmark program, selected from the whole workspace: for a single package, cargo would build wasmtime again with
/// other features.
pub const PIECES: [&str; 5] = [
    "--workspace",
    "--exclude",
    "plugin-tests",
    "--bench",
    "pieces",
];

const FEW: u64 = 20;
const MORE: u64 = 100;

/// Counts and prints.
pub fn instructions() -> Result<(), Error> {
    toolchain::complete()?;
    let pieces = || {
        let mut pieces = cargo_with("bench --locked --profile release --quiet");
        pieces.args(PIECES).arg("--").stdin(Stdio::null());
        pieces
    };
    let names = read(pieces().arg("--names"));
    let names = names.ok_or_else(|| Error::Failed("the benchmarks cannot be built".to_owned()))?;
    let folder = target().join("bench/instructions");
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    let count = |profile: String, name: &str, times: u64| {
        let profile = folder.join(profile);
        let runner = format!(
            "valgrind --quiet --tool=callgrind --callgrind-out-file={}",
            profile.display()
        );
        let mut counted = pieces();
        counted.args(["--count", name, &times.to_string()]);
        counted.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner);
        read(&mut counted).ok_or_else(|| {
            Error::Needed("valgrind fails or is missing: apt-get install valgrind".to_owned())
        })?;
        let text = std::fs::read_to_string(&profile).map_err(at(&profile))?;
        let total = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("totals:"));
        let total = total.and_then(|total| total.trim().parse::<u64>().ok());
        total.ok_or_else(|| Error::Content {
            path: profile,
            problem: "it has no total".to_owned(),
        })
    };
    println!("{:<62} {:>12}", "benchmark", "instructions");
    for (number, name) in names.lines().enumerate() {
        let many = count(format!("{number:02}-many.callgrind"), name, FEW + MORE)?;
        let few = count(format!("{number:02}-few.callgrind"), name, FEW)?;
        println!("{name:<62} {:>12}", many.saturating_sub(few) / MORE);
    }
    println!("profiles are in {}", folder.display());
    Ok(())
}
