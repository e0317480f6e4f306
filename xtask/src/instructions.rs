//! `cargo xtask bench --instructions`: how many instructions each piece takes, counted by valgrind's callgrind.
//!
//! The same program on the same input takes the same number of them, whatever else the machine does, so that a
//! change of a few per cent shows where time is noise. Each piece is done a few times and many times, each in a
//! process of its own: the difference is what the pieces took, without all that came before. What callgrind
//! wrote stays, for `callgrind_annotate`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::bench::PIECES;
use crate::error::{Error, at};
use crate::run::{cargo, read, shown, target};
use crate::toolchain;

const FEW: u64 = 20;
/// So many times more.
const MORE: u64 = 100;

/// Counts and prints.
pub fn instructions() -> Result<(), Error> {
    toolchain::complete()?;
    let program = program()?;
    let names = read(Command::new(&program).arg("--names"));
    let names = names.ok_or_else(|| Error::Failed(format!("{} --names", program.display())))?;
    let folder = target().join("bench/instructions");
    std::fs::create_dir_all(&folder).map_err(at(&folder))?;
    println!("{:<62} {:>12}", "instructions each", "count");
    for (number, name) in names.lines().enumerate() {
        let count = |times: u64| {
            let profile = folder.join(format!("{number:02}-{times}.callgrind"));
            counted(&program, name, times, &profile)
        };
        let took = count(FEW + MORE)?.saturating_sub(count(FEW)?);
        println!("{name:<62} {:>12}", took / MORE);
    }
    println!("profiles are in {}", folder.display());
    Ok(())
}

/// The program that does pieces, built as it is for being timed.
fn program() -> Result<PathBuf, Error> {
    let mut build = cargo();
    build.args(["bench", "--locked", "--profile", "release", "--no-run"]);
    build.args(PIECES);
    build.args(["--message-format", "json-render-diagnostics"]);
    let failed = Error::Failed(shown(&build));
    let output = build.stderr(Stdio::inherit()).output();
    let Ok(output) = output else {
        return Err(failed);
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let found = text.lines().find_map(|line| executable(line, "pieces"));
    found.filter(|_| output.status.success()).ok_or(failed)
}

/// The executable that a line of cargo's messages tells of, if it is that of this target.
fn executable(line: &str, name: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(line).ok()?;
    let target = message.pointer("/target/name")?.as_str()?;
    let path = message.get("executable")?.as_str()?;
    (target == name).then(|| PathBuf::from(path))
}

fn counted(program: &Path, name: &str, times: u64, profile: &Path) -> Result<u64, Error> {
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=callgrind"]);
    valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
    valgrind
        .arg(program)
        .args(["--count", name, &times.to_string()]);
    let output = valgrind.output().map_err(|_| {
        let text = "valgrind counts instructions; on Debian, apt-get install valgrind";
        Error::Needed(text.to_owned())
    })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(Error::Failed(format!("{}: {text}", shown(&valgrind))));
    }
    let text = std::fs::read_to_string(profile).map_err(at(profile))?;
    total(&text).ok_or_else(|| Error::Content {
        path: profile.to_owned(),
        problem: "it has no total".to_owned(),
    })
}

/// The total of a profile: what its line `totals` says.
fn total(profile: &str) -> Option<u64> {
    let line = profile
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals:"));
    line?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_of_a_profile_is_in_its_last_lines() {
        assert_eq!(
            total("events: Ir\nfn=(1) totals: 3\n\ntotals: 76314901\n"),
            Some(76_314_901)
        );
        assert_eq!(total("events: Ir\n"), None);
    }

    #[test]
    fn cargo_says_where_the_program_is() {
        let line = r#"{"reason":"compiler-artifact","target":{"name":"pieces"},"executable":"/t/pieces-1"}"#;
        assert_eq!(
            executable(line, "pieces"),
            Some(PathBuf::from("/t/pieces-1"))
        );
        assert_eq!(executable(line, "others"), None);
        assert_eq!(executable("Compiling", "pieces"), None);
    }
}
