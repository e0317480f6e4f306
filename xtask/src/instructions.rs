//! `cargo xtask bench --instructions`: counts the instructions of each benchmark with valgrind's callgrind.
//!
//! The same program with the same input executes the same number of instructions, so a change of a few percent shows where
//! time is noise. Each benchmark runs a few times and many times; the difference leaves out the start of the process.

use std::process::Stdio;

use anyhow::{Context as _, Result};

use crate::run::{cargo_with, output, read, target};
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
pub fn instructions() -> Result<()> {
    toolchain::complete()?;
    let pieces = || {
        let mut pieces = cargo_with("bench --locked --profile release --quiet");
        pieces.args(PIECES).arg("--").stdin(Stdio::null());
        pieces
    };
    let names = output(pieces().arg("--names"))?;
    let folder = target().join("bench/instructions");
    fs_err::create_dir_all(&folder)?;
    let count = |profile: String, name: &str, times: u64| {
        let profile = folder.join(profile);
        let runner = format!(
            "valgrind --quiet --tool=callgrind --callgrind-out-file={}",
            profile.display()
        );
        let mut counted = pieces();
        counted.args(["--count", name, &times.to_string()]);
        counted.env("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER", runner);
        read(&mut counted).context("valgrind fails or is missing: apt-get install valgrind")?;
        let text = fs_err::read_to_string(&profile)?;
        let mut lines = text.lines().rev();
        let total = lines.find_map(|line| line.strip_prefix("totals:"));
        let total = total.and_then(|total| total.trim().parse::<u64>().ok());
        total.with_context(|| format!("{} has no total", profile.display()))
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
