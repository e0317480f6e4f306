//! `tests/parity.json`: the numbers and their titles.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// The number of a behavior, a defect, or a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Number {
    /// A behavior of the existing plugin.
    Behavior(u16),
    /// A defect of the existing plugin that this one must not have.
    Defect(u16),
    /// A situation in a real installation that the plugin must handle.
    Situation(u16),
}

impl Number {
    /// 0 for behaviors, 1 for defects, 2 for situations.
    pub fn kind(self) -> usize {
        match self {
            Number::Behavior(_) => 0,
            Number::Defect(_) => 1,
            Number::Situation(_) => 2,
        }
    }

    /// Parses a word of a test's name: `zm007`, `d07`, or `f07`.
    pub fn parse(word: &str) -> Option<Self> {
        let digits = |text: &str, count: usize| {
            let right = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
            right.then(|| text.parse().ok()).flatten()
        };
        if let Some(rest) = word.strip_prefix("zm") {
            return digits(rest, 3).map(Number::Behavior);
        }
        if let Some(rest) = word.strip_prefix('d') {
            return digits(rest, 2).map(Number::Defect);
        }
        digits(word.strip_prefix(['f', 'F'])?, 2).map(Number::Situation)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Behavior(number) => write!(f, "ZM-{number:03}"),
            Number::Defect(number) => write!(f, "D{number}"),
            Number::Situation(number) => write!(f, "F{number:02}"),
        }
    }
}

/// The entry of a number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A short description.
    pub title: String,
    /// The part of the project that covers it, if no numbered test does.
    pub area: Option<String>,
    /// The reason why no test can cover it.
    pub reason: Option<String>,
    /// The folder in which at least one of its tests must be, such as that of the suite on a real server.
    pub suite: Option<String>,
}

/// All numbers.
pub struct Catalog(pub BTreeMap<Number, Entry>);

impl Catalog {
    /// Reads the file.
    pub fn parse(text: &str) -> Result<Self> {
        let mut groups: BTreeMap<String, BTreeMap<String, Entry>> = serde_json::from_str(text)?;
        let mut entries = BTreeMap::new();
        for (name, prefix) in [("behaviors", "zm"), ("defects", "d"), ("situations", "f")] {
            let group = groups
                .remove(name)
                .with_context(|| format!("there are no {name}"))?;
            for (digits, entry) in group {
                let number = Number::parse(&format!("{prefix}{digits}"));
                let number = number.with_context(|| format!("{digits} is no number"))?;
                ensure!(!entry.title.is_empty(), "{number} has no title");
                entries.insert(number, entry);
            }
        }
        Ok(Self(entries))
    }
}

#[cfg(test)]
#[path = "../../tests/unit/parity_catalog.rs"]
mod tests;
