//! Zoom's times.

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// The age up to which Zoom delivers an event, in milliseconds.
const OLDEST: i64 = 7 * 24 * 3600 * 1000;

/// Parses a time to milliseconds since 1970. Returns none for invalid and earlier times.
pub fn parse_time(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let ms = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()?;
    (ms > 0).then_some(ms)
}

/// Parses the header `Date` of a response to milliseconds since 1970.
pub fn parse_http_date(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    time.unix_timestamp().checked_mul(1000)
}

/// The time of an event, in milliseconds. It is the same for each delivery, unless Zoom's `event_ts` is implausible.
pub fn event_time(event_ts: i64, now: i64) -> i64 {
    if (now.saturating_sub(OLDEST)..=now).contains(&event_ts) {
        event_ts
    } else {
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_zoom_are_read() {
        assert_eq!(parse_time("2026-08-06T13:50:00Z"), Some(1_786_024_200_000));
        assert_eq!(
            parse_time("2026-08-06T13:50:00.0000000+00:00"),
            Some(1_786_024_200_000)
        );
        for odd in ["", "yesterday", "1969-01-01T00:00:00Z", "2026-08-06"] {
            assert_eq!(parse_time(odd), None, "{odd}");
        }
    }

    #[test]
    fn the_date_of_a_response_is_read() {
        let date = "Thu, 06 Aug 2026 13:50:00 GMT";
        assert_eq!(parse_http_date(date), Some(1_786_024_200_000));
        assert_eq!(parse_http_date("today"), None);
    }

    #[test]
    fn d06_each_delivery_of_an_event_has_the_same_time() {
        let now = 1_786_024_200_000;
        assert_eq!(event_time(now - 1, now), now - 1);
        assert_eq!(event_time(now - OLDEST, now), now - OLDEST);
        for odd in [0, now + 1, now - OLDEST - 1, i64::MIN] {
            assert_eq!(event_time(odd, now), now, "{odd}");
        }
    }
}
