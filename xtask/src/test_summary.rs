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

/// The output of a runner.
#[derive(Clone, Copy)]
pub enum Format {
    /// `cargo test`, which ends each test program with a line of totals.
    Cargo,
    /// The Test Anything Protocol, as Vitest's reporter `tap-flat` writes it.
    Tap,
    /// `go test -json`. A test with subtests is not counted, unless it fails without a failed subtest.
    Go,
}

/// Reads a runner's output line by line.
pub struct Reader {
    format: Format,
    /// The summary so far.
    pub summary: Summary,
    /// The outputs of running Go tests.
    outputs: BTreeMap<String, String>,
    /// Go tests with subtests, and those with failed ones.
    parents: BTreeSet<String>,
    failed: BTreeSet<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct Event {
    action: String,
    test: String,
    output: String,
    elapsed: f64,
}

impl Reader {
    pub fn new(format: Format) -> Self {
        Self {
            format,
            summary: Summary::default(),
            outputs: BTreeMap::new(),
            parents: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    /// Takes a line and returns the text to print for it.
    pub fn line(&mut self, line: &str) -> Option<String> {
        match self.format {
            Format::Cargo => self.cargo(line),
            Format::Tap => self.tap(line),
            Format::Go => {
                if let Ok(event) = serde_json::from_str(line) {
                    return self.go(event);
                }
            }
        }
        Some(line.to_owned())
    }

    fn cargo(&mut self, line: &str) {
        if let Some(totals) = line.strip_prefix("test result: ") {
            let number = |word: &str| {
                let mut parts = totals.split([';', '.']);
                let found = parts.find_map(|part| part.trim().strip_suffix(word));
                found.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
            };
            self.summary += Summary::new(number("passed"), number("failed"), number("ignored"));
        }
    }

    fn tap(&mut self, line: &str) {
        let failed = line.starts_with("not ok ");
        if line.contains("# SKIP") || line.contains("# TODO") {
            self.summary.skipped += u64::from(failed || line.starts_with("ok "));
        } else if failed || line.starts_with("ok ") {
            self.summary += Summary::of(!failed);
        }
    }

    fn go(&mut self, event: Event) -> Option<String> {
        let (name, action) = (event.test, event.action.as_str());
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
                let (fails, skips) = (action == "fail", action == "skip");
                let uncounted = if fails { &self.failed } else { &self.parents };
                if !uncounted.contains(&name) {
                    let passes = !fails && !skips;
                    self.summary += Summary::new(passes.into(), fails.into(), skips.into());
                }
                self.parents.extend(parent.clone());
                let mut shown = self.outputs.remove(&name).unwrap_or_default();
                if fails {
                    self.failed.extend(parent);
                } else {
                    shown.clear();
                }
                let (readable, seconds) = (name.replace('_', " "), event.elapsed);
                return Some(format!("{shown}{action} {readable} ({seconds:.1} s)"));
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
#[path = "../tests/unit/test_summary.rs"]
mod tests;
