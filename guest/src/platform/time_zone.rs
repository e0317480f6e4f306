//! A time as a reader's clock shows it.
//!
//! The server knows each user's time zone by its IANA name, and a component has no system to ask for its rules. So the
//! time zone database comes with the plugin, in the crate `jiff`: 300 kB of the component, 95 kB compressed.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A time in milliseconds since 1970, to the minute, with the name of the zone. A zone that is not known is UTC.
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
    fn f16_times_follow_the_readers_zone_and_its_summer_time() {
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
