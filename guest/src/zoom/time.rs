//! Times as Zoom writes them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How old an event may be that Zoom still delivers, in milliseconds.
const OLDEST: i64 = 7 * 24 * 3600 * 1000;

/// Milliseconds since 1970; none for a text that is not a time after that.
pub fn milliseconds(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    let ms = i64::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()?;
    (ms > 0).then_some(ms)
}

/// When an event happened, in milliseconds: the same for each delivery, unless Zoom's `event_ts` cannot be right.
pub fn happened(event_ts: i64, now: i64) -> i64 {
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
        assert_eq!(
            milliseconds("2026-08-06T13:50:00Z"),
            Some(1_786_024_200_000)
        );
        assert_eq!(
            milliseconds("2026-08-06T13:50:00.0000000+00:00"),
            Some(1_786_024_200_000)
        );
        for odd in ["", "yesterday", "1969-01-01T00:00:00Z", "2026-08-06"] {
            assert_eq!(milliseconds(odd), None, "{odd}");
        }
    }

    #[test]
    fn d06_each_delivery_of_an_event_gives_the_same_time() {
        let now = 1_786_024_200_000;
        assert_eq!(happened(now - 1, now), now - 1);
        assert_eq!(happened(now - OLDEST, now), now - OLDEST);
        for odd in [0, now + 1, now - OLDEST - 1, i64::MIN] {
            assert_eq!(happened(odd, now), now, "{odd}");
        }
    }
}
