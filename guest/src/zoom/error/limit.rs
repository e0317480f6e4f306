//! Rate limits.
//!
//! Zoom limits requests per second (`X-RateLimit-Type: QPS`, often without `Retry-After`) and per day (`Daily-limit`,
//! with `Retry-After` as a date). Requests wait for the end of a limit per second. For a longer limit, the user is told the
//! date.

use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// The duration of a limit per second if Zoom does not name one, in seconds.
const PER_SECOND: u32 = 1;

/// A rate limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// The time to wait in seconds, if it is known.
    pub wait: Option<u32>,
    /// The end of the limit in milliseconds, if Zoom sent a date.
    pub until: Option<i64>,
}

impl RateLimit {
    /// Reads the headers of an answer with status 429. `now` is in milliseconds.
    pub fn read(headers: &[(String, String)], now: i64) -> RateLimit {
        let after = header(headers, "retry-after").unwrap_or_default();
        if let Ok(seconds) = after.parse() {
            return RateLimit {
                wait: Some(seconds),
                until: None,
            };
        }
        if let Some(until) = date(after) {
            let wait = until.saturating_sub(now).max(0).saturating_add(999) / 1000;
            return RateLimit {
                wait: u32::try_from(wait).ok(),
                until: Some(until),
            };
        }
        let kind = header(headers, "x-ratelimit-type").unwrap_or_default();
        let per_second = kind.eq_ignore_ascii_case("QPS");
        RateLimit {
            wait: per_second.then_some(PER_SECOND),
            until: None,
        }
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut headers = headers.iter();
    let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

fn date(text: &str) -> Option<i64> {
    let time = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(text, &Rfc2822))
        .ok()?;
    Some(time.unix_timestamp().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    // 2026-08-07T00:00:00Z
    const NOW: i64 = 1_786_060_800_000;

    fn read(headers: &[(&str, &str)]) -> RateLimit {
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        RateLimit::read(&headers, NOW)
    }

    #[test]
    fn d22_f16_a_wait_is_a_number_or_a_date() {
        for (value, wait, until) in [
            (" 30 ", Some(30), None),
            ("2026-08-07T00:02:00Z", Some(120), Some(NOW + 120_000)),
            (
                "Fri, 07 Aug 2026 00:01:00 GMT",
                Some(60),
                Some(NOW + 60_000),
            ),
            ("2026-08-06T00:00:00Z", Some(0), Some(NOW - 86_400_000)),
            ("soon", None, None),
            ("", None, None),
        ] {
            assert_eq!(
                read(&[("Retry-After", value)]),
                RateLimit { wait, until },
                "{value}"
            );
        }
        assert_eq!(read(&[]), RateLimit::default());
    }

    #[test]
    fn f16_a_limit_per_second_lasts_a_second_by_default() {
        assert_eq!(read(&[("X-RateLimit-Type", "QPS")]).wait, Some(1));
        assert_eq!(
            read(&[("x-ratelimit-type", "qps"), ("retry-after", "3")]).wait,
            Some(3)
        );
        assert_eq!(
            read(&[("X-RateLimit-Type", "Daily-limit")]),
            RateLimit::default()
        );
    }
}
