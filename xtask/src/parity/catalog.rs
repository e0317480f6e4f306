//! `tests/parity.json`: the numbers and their titles.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

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
#[derive(Debug, PartialEq, Eq)]
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
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut entries = BTreeMap::new();
        for (name, prefix) in [("behaviors", "zm"), ("defects", "d"), ("situations", "f")] {
            let group = value.get(name).and_then(Value::as_object);
            for (digits, entry) in group.ok_or_else(|| format!("there are no {name}"))? {
                let number = Number::parse(&format!("{prefix}{digits}"));
                let number = number.ok_or_else(|| format!("{digits} is no number"))?;
                entries.insert(number, read(entry).ok_or_else(|| format!("{number}"))?);
            }
        }
        Ok(Self(entries))
    }
}

fn read(entry: &Value) -> Option<Entry> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(Entry {
        title: text("title").filter(|title| !title.is_empty())?,
        area: text("area"),
        reason: text("reason"),
        suite: text("suite"),
    })
}

#[cfg(test)]
#[path = "../../tests/unit/parity_catalog.rs"]
mod tests;
