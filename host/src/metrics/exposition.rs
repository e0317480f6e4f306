//! Writes Prometheus's text format, version 0.0.4.

use std::fmt::Write as _;

/// Upper bounds of latency buckets, in seconds.
pub(super) const BUCKETS: [f64; 14] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0,
];

#[derive(Debug, Default)]
pub(super) struct Latency {
    pub(super) buckets: [u64; BUCKETS.len()],
    pub(super) count: u64,
    pub(super) seconds: f64,
}

/// A text in this format.
pub(super) struct Exposition(pub(super) String);

impl Exposition {
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string never fails.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    pub(super) fn line(
        &mut self,
        name: &str,
        labels: &[(&str, String)],
        value: impl std::fmt::Display,
    ) {
        self.0.push_str(name);
        if !labels.is_empty() {
            let labels: Vec<String> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
                .collect();
            let _ = write!(self.0, "{{{}}}", labels.join(","));
        }
        let _ = writeln!(self.0, " {value}");
    }

    pub(super) fn latency(&mut self, name: &str, kind: &str, latency: &Latency) {
        let bounds = BUCKETS.iter().map(f64::to_string);
        let bounds = bounds.chain(["+Inf".to_owned()]);
        let counts = latency.buckets.iter().chain([&latency.count]);
        for (bound, count) in bounds.zip(counts) {
            let labels = [("kind", kind.to_owned()), ("le", bound)];
            self.line(&format!("{name}_bucket"), &labels, count);
        }
        let labels = [("kind", kind.to_owned())];
        self.line(&format!("{name}_sum"), &labels, latency.seconds);
        self.line(&format!("{name}_count"), &labels, latency.count);
    }
}

fn escaped(value: &str) -> String {
    let mut text = String::new();
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            letter => text.push(letter),
        }
    }
    text
}
