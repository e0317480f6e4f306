//! Times in a reader's time zone.
//!
//! The server stores each user's time zone as an IANA name. A component cannot read the system's time zone database, so
//! the crate `jiff` brings one: 300 kB of the component, 95 kB compressed.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Formats a time in milliseconds since 1970, to the minute, with the name of the zone. Unknown zones become UTC.
pub fn local(milliseconds: i64, zone: &str) -> String {
    let (zone, name) = match TimeZone::get(zone) {
        Ok(found) => (found, zone),
        Err(_) => (TimeZone::UTC, "UTC"),
    };
    let time = Timestamp::from_millisecond(milliseconds).unwrap_or_default();
    let time = zone.to_datetime(time);
    let (date, clock) = (time.date(), time.time());
    format!("{date} {:02}:{:02} ({name})", clock.hour(), clock.minute())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // 2026-08-07T00:00:00Z and 2026-12-05T00:00:00Z
    const SUMMER: i64 = 1_786_060_800_000;
    const WINTER: i64 = 1_796_428_800_000;

    #[test]
    fn f16_times_use_the_readers_time_zone_and_daylight_saving_time() {
        for (time, zone, local_time) in [
            (SUMMER, "Europe/Berlin", "2026-08-07 02:00 (Europe/Berlin)"),
            (WINTER, "Europe/Berlin", "2026-12-05 01:00 (Europe/Berlin)"),
            (
                SUMMER,
                "America/New_York",
                "2026-08-06 20:00 (America/New_York)",
            ),
            (SUMMER, "Asia/Kolkata", "2026-08-07 05:30 (Asia/Kolkata)"),
            (SUMMER, "", "2026-08-07 00:00 (UTC)"),
            (SUMMER, "Mars/Olympus", "2026-08-07 00:00 (UTC)"),
        ] {
            assert_eq!(local(time, zone), local_time);
        }
    }

    proptest! {
        #[test]
        fn no_time_and_no_zone_make_it_panic(time: i64, zone in ".*") {
            let _ = local(time, &zone);
        }
    }
}
