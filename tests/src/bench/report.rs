//! The table of results.
//!
//! Each measurement has one value per round and bundle. The table shows the median of the rounds and, if they differ, the
//! minimum and the maximum. Other load on the machine changes from round to round and affects all bundles of a round, so a
//! ratio is computed within each round, and the table shows the median of these ratios. Results of different runs or
//! machines are never compared.

use std::collections::BTreeMap;
use std::fmt::Write;

/// The unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes, displayed in MB.
    Bytes,
    /// Seconds, displayed in µs, ms, or s.
    Seconds,
    /// A count.
    Count,
    /// A multiple of another value.
    Ratio,
}

impl Unit {
    /// The display of a number of about this size: divisor, decimals, and suffix.
    fn scale(self, size: f64) -> (f64, usize, &'static str) {
        match self {
            Unit::Bytes if size.abs() < 1e6 => (1e3, 0, " KB"),
            Unit::Bytes => (1e6, 2, " MB"),
            Unit::Seconds if size.abs() < 1e-3 => (1e-6, 0, " µs"),
            Unit::Seconds if size.abs() < 1.0 => (1e-3, 1, " ms"),
            Unit::Seconds => (1.0, 1, " s"),
            Unit::Count => (1.0, 0, ""),
            Unit::Ratio => (1.0, 2, " ×"),
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The title in the table.
    pub title: &'static str,
    /// The unit of its values.
    pub unit: Unit,
}

/// The values of a measurement by round. The key `None` holds a value that was measured outside of the rounds.
type Rounds = BTreeMap<Option<usize>, f64>;

/// The values of one bundle: one per measurement and round.
#[derive(Clone, Debug, Default)]
pub struct Values {
    round: Option<usize>,
    figures: BTreeMap<&'static str, Rounds>,
}

impl Values {
    /// Sets the round of the values that are added next. `None` is outside of the rounds.
    pub fn set_round(&mut self, round: Option<usize>) {
        self.round = round;
    }

    /// Adds the value of the round. Replaces an earlier value of the round.
    pub fn add(&mut self, figure: Figure, value: f64) {
        let rounds = self.figures.entry(figure.title).or_default();
        rounds.insert(self.round, value);
    }

    /// Copies the values of another bundle, if it has any.
    pub fn take_over(&mut self, figure: Figure, other: &Values) {
        if let Some(rounds) = other.figures.get(figure.title) {
            self.figures.insert(figure.title, rounds.clone());
        }
    }

    fn spread(&self, figure: Figure) -> Option<Spread> {
        Spread::of(self.figures.get(figure.title)?.values().copied())
    }

    /// The ratio of these values to the other bundle's.
    fn ratio(&self, other: &Values, figure: Figure) -> Option<Spread> {
        let theirs = other.figures.get(figure.title)?;
        let ours = self.figures.get(figure.title)?.iter();
        let pairs = ours.filter_map(|(round, own)| Some((*own, *theirs.get(round)?)));
        let pairs: Vec<(f64, f64)> = pairs.collect();
        if !pairs.is_empty() && pairs.iter().all(|(_, other)| *other > 0.0) {
            return Spread::of(pairs.iter().map(|(own, other)| own / other));
        }
        // If a round lacks one of the values, divide the medians. A Go plugin crashes after all rounds, a component in
        // each round, so no round has both. And leaving out the rounds with a divisor of zero would leave out the best
        // rounds of the other bundle.
        let (own, other) = (self.spread(figure)?.median, other.spread(figure)?.median);
        Spread::of((other > 0.0).then_some(own / other))
    }
}

/// The median, minimum, and maximum of some values.
#[derive(Clone, Copy, Debug)]
struct Spread {
    median: f64,
    smallest: f64,
    largest: f64,
}

impl Spread {
    fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_unstable_by(f64::total_cmp);
        let upper = values.get(values.len() / 2)?;
        let lower = values.get(values.len().saturating_sub(1) / 2)?;
        Some(Spread {
            median: f64::midpoint(*lower, *upper),
            smallest: *values.first()?,
            largest: *values.last()?,
        })
    }

    /// Formats all values in the unit of the median, which is written once: `193 µs (170–240)`.
    fn show(&self, unit: Unit) -> String {
        let (one, decimals, name) = unit.scale(self.median);
        let all = [self.median, self.smallest, self.largest];
        let [median, smallest, largest] = all.map(|value| format!("{:.decimals$}", value / one));
        if smallest == largest {
            return format!("{median}{name}");
        }
        format!("{median}{name} ({smallest}–{largest})")
    }
}

/// A column of the table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The name of the bundle.
    pub name: String,
    /// The bundle's values.
    pub values: Values,
}

/// The table in Markdown. A row has the values of the first column and, for each other column, its values and the ratio
/// of the first column to it.
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
    let show = |spread: Option<Spread>, unit: Unit| {
        spread.map_or_else(|| "–".to_owned(), |spread| spread.show(unit))
    };
    for figure in figures {
        let spreads = columns.iter().map(|column| column.values.spread(*figure));
        if spreads.flatten().next().is_none() {
            continue;
        }
        let own = show(subject.values.spread(*figure), figure.unit);
        let _ = write!(text, "\n| {} | {own} |", figure.title);
        for other in others {
            let value = show(other.values.spread(*figure), figure.unit);
            let ratio = subject.values.ratio(&other.values, *figure);
            let _ = write!(text, " {value} | {} |", show(ratio, Unit::Ratio));
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

    /// A column of sizes measured outside of the rounds, and of times by round.
    fn column(name: &str, sizes: &[f64], times: &[(usize, f64)]) -> Column {
        let mut values = Values::default();
        for size in sizes {
            values.add(SIZE, *size);
        }
        for (round, time) in times {
            values.set_round(Some(*round));
            values.add(TIME, *time);
        }
        Column {
            name: name.to_owned(),
            values,
        }
    }

    #[test]
    fn the_table_shows_medians_and_spreads_and_omits_rows_without_values() {
        let columns = [
            column("ours", &[3e6], &[(1, 193e-6), (2, 170e-6), (3, 240e-6)]),
            column("theirs", &[12e6], &[(1, 386e-6), (2, 200e-6), (3, 1.2e-3)]),
            column("nobody's", &[], &[]),
        ];
        let expected = "\
| figure | ours | theirs | ratio | nobody's | ratio |
|---|---:|---:|---:|---:|---:|
| size | 3.00 MB | 12.00 MB | 0.25 × | – | – |
| time | 193 µs (170–240) | 386 µs (200–1200) | 0.50 × (0.20–0.85) | – | – |
";
        assert_eq!(table(&[SIZE, TIME, NEVER], &columns), expected);
    }

    #[test]
    fn the_ratio_uses_the_rounds_that_both_columns_have() {
        let ours = column("ours", &[], &[(1, 1.0), (2, 6.0), (3, 100.0)]).values;
        let theirs = column("theirs", &[], &[(1, 2.0), (2, 3.0), (4, 50.0)]).values;
        let ratio = ours.ratio(&theirs, TIME).unwrap().show(Unit::Ratio);
        assert_eq!(ratio, "1.25 × (0.50–2.00)");
    }

    #[test]
    fn without_a_ratio_for_each_round_the_ratio_is_that_of_the_medians() {
        let ours = column("ours", &[], &[(1, 1.0), (2, 2.0), (3, 6.0)]).values;
        for (theirs, expected) in [
            (vec![(4, 8.0)], Some("0.25 ×")),
            (vec![(1, 0.0), (2, 8.0), (3, 9.0)], Some("0.25 ×")),
            (vec![(1, 0.0)], None),
            (vec![], None),
        ] {
            let ratio = ours.ratio(&column("theirs", &[], &theirs).values, TIME);
            let ratio = ratio.map(|ratio| ratio.show(Unit::Ratio));
            assert_eq!(ratio.as_deref(), expected, "{theirs:?}");
        }
    }

    #[test]
    fn copied_values_keep_their_rounds() {
        let mut ours = column("ours", &[1e6], &[]).values;
        let hello = column("hello", &[], &[(1, 0.5), (2, 2.0)]).values;
        ours.take_over(TIME, &hello);
        ours.take_over(SIZE, &hello);
        let shown = [SIZE, TIME].map(|figure| ours.spread(figure).unwrap().show(figure.unit));
        assert_eq!(shown, ["1.00 MB", "1.2 s (0.5–2.0)"]);
    }
}
