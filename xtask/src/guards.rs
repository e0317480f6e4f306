//! `cargo xtask guards`: removes each security check of `tests/guards.toml` and reports whether a test fails.
//!
//! The edits are made in a copy of the sources, which is built in cargo's development profile because that
//! builds fastest. A row whose text is missing from its file is an error, so the table cannot become stale.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use plugin_tests::process::{Signal, signal_group, wait_for_exit};
use serde::Deserialize;

use crate::run::{root, target};
use crate::source_copy::{cargo_in, copy_sources};
use crate::toolchain;

/// Some tests never end without their check. The longest of the others takes a minute.
const TIMEOUT: Duration = Duration::from_secs(240);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    suites: BTreeMap<String, Suite>,
    guards: Vec<Guard>,
}

/// The tests that one row runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Suite {
    /// Arguments of `cargo test`.
    cargo: Vec<String>,
    /// Parts of test names; all tests run if there are none.
    #[serde(default)]
    filter: Vec<String>,
}

/// A security check and the suite that fails without it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    /// What the check prevents.
    against: String,
    file: String,
    edits: Vec<Edit>,
    /// The name of a suite.
    test: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    from: String,
    to: String,
}

/// Tries the rows whose description contains one of `words`, or whose suite is one of them, or all rows.
pub fn guards(words: &[&str]) -> Result<()> {
    let table = table()?;
    // The name of a suite selects its rows only.
    let is_named = |guard: &Guard, word: &str| match table.suites.contains_key(word) {
        true => guard.test == word,
        false => guard.against.contains(word),
    };
    let is_selected =
        |guard: &&Guard| words.is_empty() || words.iter().any(|word| is_named(guard, word));
    let selected: Vec<&Guard> = table.guards.iter().filter(is_selected).collect();
    toolchain::complete()?;
    let folder = target().join("guards");
    let copy = folder.join("sources");
    copy_sources(&copy)?;
    for (name, suite) in &table.suites {
        if selected.iter().any(|guard| guard.test == *name) {
            println!("> {name}, with all checks");
            let passes = run(&copy, &folder, suite)? == Verdict::Passed;
            ensure!(passes, "{name} fails with all checks in place");
        }
    }
    let mut missed = Vec::new();
    for guard in &selected {
        let path = copy.join(&guard.file);
        let original = fs::read_to_string(&path)?;
        fs::write(&path, edited(guard, &original)?)?;
        let verdict = run(&copy, &folder, suite(&table, guard)?);
        fs::write(&path, &original)?;
        let verdict = verdict?;
        println!("{:<10} {}", verdict.describe(), guard.against);
        if !matches!(verdict, Verdict::Failed | Verdict::TimedOut) {
            missed.push(guard.against.as_str());
        }
    }
    let caught = selected.len() - missed.len();
    println!("{caught} of {} rows make a test fail", selected.len());
    ensure!(
        missed.is_empty(),
        "no test fails for: {}",
        missed.join("; ")
    );
    Ok(())
}

fn table() -> Result<Table> {
    let text = fs::read_to_string(root().join("tests/guards.toml"))?;
    toml::from_str(&text).context("tests/guards.toml")
}

fn suite<'a>(table: &'a Table, guard: &Guard) -> Result<&'a Suite> {
    let suite = table.suites.get(&guard.test);
    suite.with_context(|| format!("there is no suite {}", guard.test))
}

/// The text of the row's file without the check.
fn edited(guard: &Guard, original: &str) -> Result<String> {
    let mut text = original.to_owned();
    for Edit { from, to } in &guard.edits {
        let once = from != to && text.matches(from.as_str()).count() == 1;
        ensure!(once, "{}: `{from}` must occur exactly once", guard.file);
        text = text.replace(from.as_str(), to);
    }
    Ok(text)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Passed,
    Failed,
    TimedOut,
    NotBuilt,
}

impl Verdict {
    fn describe(self) -> &'static str {
        match self {
            Self::Passed => "NOT CAUGHT",
            Self::Failed => "caught",
            Self::TimedOut => "caught, a test does not end",
            Self::NotBuilt => "NOT BUILT",
        }
    }
}

fn run(copy: &Path, folder: &Path, suite: &Suite) -> Result<Verdict> {
    let cargo = || {
        let mut cargo = cargo_in(copy, &folder.join("build"));
        cargo.args(["test", "--locked", "--quiet"]);
        cargo.args(&suite.cargo).stdin(Stdio::null());
        cargo.stdout(Stdio::null()).stderr(Stdio::null());
        cargo
    };
    let built = cargo().arg("--no-run").status()?;
    if !built.success() {
        return Ok(Verdict::NotBuilt);
    }
    let mut tests: Command = cargo();
    tests.arg("--").args(&suite.filter);
    // A process group, so that a timeout also ends what the tests started.
    let mut running = tests.process_group(0).spawn()?;
    let Some(status) = wait_for_exit(&mut running, TIMEOUT) else {
        signal_group(&running, Signal::KILL);
        let _ = running.wait();
        return Ok(Verdict::TimedOut);
    };
    Ok(if status.success() {
        Verdict::Passed
    } else {
        Verdict::Failed
    })
}

#[cfg(test)]
#[path = "../tests/unit/guards.rs"]
mod tests;
