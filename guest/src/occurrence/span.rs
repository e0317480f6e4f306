//! The time span of a meeting, and how posts write times: in UTC, because everyone in a channel reads them.

use time::OffsetDateTime;

/// The time span of a meeting, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The start.
    pub start: i64,
    /// The end.
    pub end: i64,
    /// The duration without gaps.
    pub length: i64,
}

impl Span {
    /// The duration in minutes, rounded up.
    pub fn minutes(self) -> i64 {
        let seconds = self.length.max(0) / 1000;
        seconds.saturating_add(59) / 60
    }

    /// The start and the end, such as `2026-08-06 14:05–14:32 UTC`; only the start if the end is not later.
    pub fn format_utc(self) -> String {
        let (date, start) = date_and_clock(self.start);
        let (end_date, end) = date_and_clock(self.end);
        if self.end <= self.start {
            format!("{date} {start} UTC")
        } else if date == end_date {
            format!("{date} {start}–{end} UTC")
        } else {
            format!("{date} {start} – {end_date} {end} UTC")
        }
    }
}

/// A time that reads the same everywhere, such as `2026-08-06 14:05 UTC`.
pub fn format_utc(ms: i64) -> String {
    let (date, clock) = date_and_clock(ms);
    format!("{date} {clock} UTC")
}

/// The date and the time of day in UTC. Times that no calendar has are those of 1970.
fn date_and_clock(ms: i64) -> (String, String) {
    let time = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let (date, month) = (time.date(), u8::from(time.month()));
    (
        format!("{:04}-{month:02}-{:02}", date.year(), date.day()),
        format!("{:02}:{:02}", time.hour(), time.minute()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d24_a_range_names_the_second_day_only_if_it_is_another() {
        let range = |start, end| {
            let span = Span {
                start,
                end,
                length: 0,
            };
            span.format_utc()
        };
        let noon = 1_786_017_600_000;
        assert_eq!(range(noon, noon - 1), "2026-08-06 12:00 UTC");
        assert_eq!(range(noon, noon + 60_000), "2026-08-06 12:00–12:01 UTC");
        let next_day = noon + 12 * 3_600_000;
        assert_eq!(
            range(noon, next_day),
            "2026-08-06 12:00 – 2026-08-07 00:00 UTC"
        );
        assert_eq!(range(i64::MIN, i64::MAX), "1970-01-01 00:00–00:00 UTC");
    }

    #[test]
    fn minutes_are_rounded_up() {
        let minutes = |length| {
            let span = Span {
                start: 0,
                end: 0,
                length,
            };
            span.minutes()
        };
        assert_eq!(minutes(0), 0);
        assert_eq!(minutes(999), 0);
        assert_eq!(minutes(1_000), 1);
        assert_eq!(minutes(60_000), 1);
        assert_eq!(minutes(61_000), 2);
        assert_eq!(minutes(-5_000), 0);
        assert_eq!(minutes(i64::MAX), i64::MAX / 1000 / 60 + 1);
    }
}
