//! Adds up the results that the test runners print.
//!
//! `cargo test` and Vitest's `tap-flat` reporter print their own totals or one line per test. `go test -json` prints
//! events. A runner that fails without a failed test, for example because the code does not compile, counts as one failure.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::Deserialize;

/// The number of tests with each result.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Summary {
    pub fn new(passed: u64, failed: u64, skipped: u64) -> Self {
        Self {
            passed,
            failed,
            skipped,
        }
    }

    /// A check that passes or fails as a whole.
    pub fn of(success: bool) -> Self {
        Self::new(u64::from(success), u64::from(!success), 0)
    }

    /// The summary after the runner has exited.
    pub fn settled(mut self, runner_succeeded: bool) -> Self {
        if !runner_succeeded && self.failed == 0 {
            self.failed = 1;
        }
        self
    }
}

impl AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Reads a runner's output line by line.
pub trait Reader {
    /// Takes a line and returns the text to print for it.
    fn line(&mut self, line: &str) -> Option<String>;
    /// The summary so far.
    fn summary(&self) -> Summary;
}

/// Reads `cargo test`, which ends each test program with a line of totals.
#[derive(Default)]
pub struct CargoTest(Summary);

impl Reader for CargoTest {
    fn line(&mut self, line: &str) -> Option<String> {
        if let Some(totals) = line.strip_prefix("test result: ") {
            let parts = || totals.split([';', '.']).map(str::trim);
            let number = |word: &str| {
                let found = parts().find_map(|part| part.strip_suffix(word));
                found.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
            };
            self.0 += Summary::new(number("passed"), number("failed"), number("ignored"));
        }
        Some(line.to_owned())
    }

    fn summary(&self) -> Summary {
        self.0
    }
}

/// Reads the Test Anything Protocol, as Vitest's reporter `tap-flat` writes it.
#[derive(Default)]
pub struct Tap(Summary);

impl Reader for Tap {
    fn line(&mut self, line: &str) -> Option<String> {
        let failed = line.starts_with("not ok ");
        if failed || line.starts_with("ok ") {
            let skipped = line.contains("# SKIP") || line.contains("# TODO");
            self.0 += match skipped {
                true => Summary::new(0, 0, 1),
                false => Summary::of(!failed),
            };
        }
        Some(line.to_owned())
    }

    fn summary(&self) -> Summary {
        self.0
    }
}

/// Reads `go test -json`. A test with subtests is not counted, unless it fails without a failed subtest.
#[derive(Default)]
pub struct GoTest {
    summary: Summary,
    outputs: BTreeMap<String, String>,
    /// Tests with subtests, and those with failed ones.
    parents: BTreeSet<String>,
    failed: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Event {
    action: String,
    test: String,
    output: String,
    elapsed: f64,
}

impl Reader for GoTest {
    fn line(&mut self, line: &str) -> Option<String> {
        let Ok(event) = serde_json::from_str::<Event>(line) else {
            return Some(line.to_owned());
        };
        let name = event.test;
        let action = event.action.as_str();
        match action {
            "output" | "build-output" if name.is_empty() => {
                return Some(event.output.trim_end().to_owned());
            }
            "output" => self
                .outputs
                .entry(name)
                .or_default()
                .push_str(&event.output),
            "pass" | "fail" | "skip" if !name.is_empty() => {
                let parent = name.rsplit_once('/').map(|(parent, _)| parent.to_owned());
                let counts = match action {
                    "fail" => !self.failed.contains(&name),
                    _ => !self.parents.contains(&name),
                };
                if counts {
                    self.summary += match action {
                        "skip" => Summary::new(0, 0, 1),
                        _ => Summary::of(action == "pass"),
                    };
                }
                self.parents.extend(parent.clone());
                let output = self.outputs.remove(&name);
                let mut shown = String::new();
                if action == "fail" {
                    self.failed.extend(parent);
                    shown = output.unwrap_or_default();
                }
                let (readable, seconds) = (name.replace('_', " "), event.elapsed);
                return Some(format!("{shown}{action} {readable} ({seconds:.1} s)"));
            }
            _ => {}
        }
        None
    }

    fn summary(&self) -> Summary {
        self.summary
    }
}

#[cfg(test)]
#[path = "../tests/unit/test_summary.rs"]
mod tests;
