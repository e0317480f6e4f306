//! What was measured, as a table.
//!
//! A figure has one value per round and bundle; what is shown is the median of the rounds, and the ratio of
//! two medians of the same run. Timings of another run, or of another machine, are never compared.

use std::collections::BTreeMap;
use std::fmt::Write;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, shown in MB.
    Bytes,
    /// Seconds, shown in µs, ms or s.
    Seconds,
    /// Things.
    Count,
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Unit::Bytes if value.abs() < 1e6 => format!("{:.0} KB", value / 1e3),
            Unit::Bytes => format!("{:.2} MB", value / 1e6),
            Unit::Seconds if value.abs() < 1e-3 => format!("{:.0} µs", value * 1e6),
            Unit::Seconds if value.abs() < 1.0 => format!("{:.1} ms", value * 1e3),
            Unit::Seconds => format!("{value:.1} s"),
            Unit::Count => format!("{value:.0}"),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// What it is, for a reader.
    pub title: &'static str,
    /// What it counts.
    pub unit: Unit,
}

/// The values of one bundle: one per round, by figure.
#[derive(Clone, Debug, Default)]
pub struct Values(BTreeMap<&'static str, Vec<f64>>);

impl Values {
    /// Adds the value of a round.
    pub fn add(&mut self, figure: Figure, value: f64) {
        self.0.entry(figure.title).or_default().push(value);
    }

    /// The median of the rounds.
    pub fn median(&self, figure: Figure) -> Option<f64> {
        let mut values = self.0.get(figure.title)?.clone();
        values.sort_unstable_by(f64::total_cmp);
        let upper = values.get(values.len() / 2)?;
        let lower = values.get(values.len().saturating_sub(1) / 2)?;
        Some(f64::midpoint(*lower, *upper))
    }
}

/// A column of the table.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// The table in Markdown: one row per figure, the first column's values, and for each other column its values
/// and the ratio of the first to it.
pub fn table(figures: &[Figure], columns: &[Column]) -> String {
    let Some((subject, others)) = columns.split_first() else {
        return String::new();
    };
    let mut text = format!("| figure | {} |", subject.name);
    for other in others {
        // Writing to a string does not fail.
        let _ = write!(text, " {} | ratio |", other.name);
    }
    text.push_str("\n|---|---:|");
    text.push_str(&"---:|---:|".repeat(others.len()));
    for figure in figures {
        let own = subject.values.median(*figure);
        let all = others.iter().map(|other| other.values.median(*figure));
        let all: Vec<Option<f64>> = all.collect();
        if own.is_none() && all.iter().all(Option::is_none) {
            continue;
        }
        let show = |value: Option<f64>| {
            value.map_or_else(|| "–".to_owned(), |value| figure.unit.show(value))
        };
        let _ = write!(text, "\n| {} | {} |", figure.title, show(own));
        for other in all {
            let ratio = match (own, other) {
                (Some(own), Some(other)) if other > 0.0 => format!("{:.2} ×", own / other),
                _ => "–".to_owned(),
            };
            let _ = write!(text, " {} | {ratio} |", show(other));
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Figure = Figure {
        title: "size",
        unit: Unit::Bytes,
    };
    const TIME: Figure = Figure {
        title: "time",
        unit: Unit::Seconds,
    };
    const NEVER: Figure = Figure {
        title: "never measured",
        unit: Unit::Count,
    };

    #[test]
    fn the_table_shows_medians_and_ratios_and_leaves_out_what_nobody_measured() {
        let column = |name: &str, sizes: &[f64], times: &[f64]| {
            let mut values = Values::default();
            for size in sizes {
                values.add(SIZE, *size);
            }
            for time in times {
                values.add(TIME, *time);
            }
            Column {
                name: name.to_owned(),
                values,
            }
        };
        let columns = [
            column("ours", &[3e6], &[0.003, 0.001, 0.9]),
            column("theirs", &[12e6], &[0.004, 0.008]),
            column("nobody's", &[], &[]),
        ];
        let expected = "\
| figure | ours | theirs | ratio | nobody's | ratio |
|---|---:|---:|---:|---:|---:|
| size | 3.00 MB | 12.00 MB | 0.25 × | – | – |
| time | 3.0 ms | 6.0 ms | 0.50 × | – | – |
";
        assert_eq!(table(&[SIZE, TIME, NEVER], &columns), expected);
    }
}
