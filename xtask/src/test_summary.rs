//! Counting what the test runners report.
//!
//! `cargo test` ends each test program with a line of sums; `go test -json` prints an event for each
//! test. A runner that fails without having reported a failing test (code that does not compile, a
//! program that died) counts as one failure, so that a failure cannot vanish.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a suite came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were left out.
    pub skipped: u64,
}

impl Tally {
    /// One check that has only one outcome.
    pub fn of(success: bool) -> Self {
        let passed = u64::from(success);
        Self {
            passed,
            failed: 1 - passed,
            skipped: 0,
        }
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }

    /// What is true once the runner has ended.
    pub fn settled(self, runner_succeeded: bool) -> Self {
        let silent = !runner_succeeded && self.failed == 0;
        Self {
            failed: self.failed + u64::from(silent),
            ..self
        }
    }
}

/// Reads a runner's output line by line.
pub trait Reader {
    /// Takes a line and answers with what to show of it.
    fn line(&mut self, line: &str) -> Option<String>;
    /// The sums.
    fn tally(&self) -> Tally;
}

/// Reads `cargo test`.
#[derive(Default)]
pub struct CargoTest(Tally);

impl Reader for CargoTest {
    fn line(&mut self, line: &str) -> Option<String> {
        if let Some(sums) = line.strip_prefix("test result: ") {
            let number = |word: &str| {
                let found = sums
                    .split([';', '.'])
                    .find_map(|part| part.trim().strip_suffix(word));
                found.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
            };
            let skipped = number("ignored");
            self.0 = self.0.plus(Tally {
                passed: number("passed"),
                failed: number("failed"),
                skipped,
            });
        }
        Some(line.to_owned())
    }

    fn tally(&self) -> Tally {
        self.0
    }
}

/// Reads the Test Anything Protocol, as Vitest's reporter `tap-flat` writes it.
#[derive(Default)]
pub struct Tap(Tally);

impl Reader for Tap {
    fn line(&mut self, line: &str) -> Option<String> {
        let failed = line.starts_with("not ok ");
        if !failed && !line.starts_with("ok ") {
            return Some(line.to_owned());
        }
        let skipped = line.contains("# SKIP") || line.contains("# TODO");
        self.0 = self.0.plus(Tally {
            passed: u64::from(!failed && !skipped),
            failed: u64::from(failed && !skipped),
            skipped: u64::from(skipped),
        });
        Some(line.to_owned())
    }

    fn tally(&self) -> Tally {
        self.0
    }
}

/// Reads `go test -json`. A test that has parts is only as good as its parts and is not counted itself,
/// unless it is the one that failed.
#[derive(Default)]
pub struct GoTest {
    outcomes: BTreeMap<String, String>,
    outputs: BTreeMap<String, String>,
}

impl Reader for GoTest {
    fn line(&mut self, line: &str) -> Option<String> {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            return Some(line.to_owned());
        };
        let text = |key: &str| event.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = text("Test").to_owned();
        match text("Action") {
            "output" if name.is_empty() => Some(text("Output").trim_end().to_owned()),
            "output" => {
                self.outputs
                    .entry(name)
                    .or_default()
                    .push_str(text("Output"));
                None
            }
            "build-output" => Some(text("Output").trim_end().to_owned()),
            action @ ("pass" | "fail" | "skip") if !name.is_empty() => {
                self.outcomes.insert(name.clone(), action.to_owned());
                let seconds = event
                    .get("Elapsed")
                    .and_then(Value::as_f64)
                    .unwrap_or_default();
                let readable = name.replace('_', " ");
                let said = self.outputs.remove(&name).unwrap_or_default();
                let said = if action == "fail" {
                    said
                } else {
                    String::new()
                };
                Some(format!("{said}{action} {readable} ({seconds:.1} s)"))
            }
            _ => None,
        }
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        let failed_part = |name: &str| {
            let prefix = format!("{name}/");
            let mut parts = self
                .outcomes
                .iter()
                .filter(|(part, _)| part.starts_with(&prefix));
            parts.any(|(_, outcome)| outcome == "fail")
        };
        let has_parts = |name: &str| {
            let prefix = format!("{name}/");
            self.outcomes.keys().any(|part| part.starts_with(&prefix))
        };
        for (name, outcome) in &self.outcomes {
            match outcome.as_str() {
                "fail" if failed_part(name) => {}
                "fail" => tally.failed += 1,
                _ if has_parts(name) => {}
                "skip" => tally.skipped += 1,
                _ => tally.passed += 1,
            }
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::{CargoTest, GoTest, Reader, Tally, Tap};

    fn read(mut reader: impl Reader, text: &str) -> Tally {
        for line in text.lines() {
            reader.line(line);
        }
        reader.tally()
    }

    #[test]
    fn the_sums_of_several_test_programs_are_added() {
        let text = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.0s\n\
            test result: FAILED. 2 passed; 12 failed; 0 ignored; 0 measured; 0 filtered out\n";
        let expected = Tally {
            passed: 5,
            failed: 12,
            skipped: 1,
        };
        assert_eq!(read(CargoTest::default(), text), expected);
    }

    #[test]
    fn the_lines_of_tap_are_counted() {
        let text = "TAP version 13\n1..4\nok 1 - a > b # time=1ms\nnot ok 2 - c\n    ---\n    at: x\n\
            ok 3 - d # SKIP\nnot ok 4 - e # TODO";
        let expected = Tally {
            passed: 1,
            failed: 1,
            skipped: 2,
        };
        assert_eq!(read(Tap::default(), text), expected);
    }

    #[test]
    fn the_parts_of_go_tests_are_counted_and_not_the_whole() {
        let text = r#"{"Action":"pass","Test":"Test/a/one","Elapsed":1}
            {"Action":"fail","Test":"Test/a/two"}
            {"Action":"skip","Test":"Test/a/three"}
            {"Action":"fail","Test":"Test/a"}
            {"Action":"fail","Test":"Test"}
            {"Action":"fail"}"#;
        let expected = Tally {
            passed: 1,
            failed: 1,
            skipped: 1,
        };
        assert_eq!(read(GoTest::default(), text), expected);
    }

    #[test]
    fn a_go_test_that_fails_outside_of_its_parts_is_counted() {
        let text = "{\"Action\":\"pass\",\"Test\":\"T/a\"}\n{\"Action\":\"fail\",\"Test\":\"T\"}";
        assert_eq!(
            read(GoTest::default(), text),
            Tally {
                passed: 1,
                failed: 1,
                skipped: 0
            }
        );
    }

    #[test]
    fn a_runner_that_dies_counts_as_a_failure() {
        assert_eq!(Tally::default().settled(false).failed, 1);
        assert_eq!(
            Tally {
                failed: 2,
                ..Tally::default()
            }
            .settled(false)
            .failed,
            2
        );
        assert_eq!(Tally::default().settled(true).failed, 0);
    }
}
