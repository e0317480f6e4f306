//! Log lines on stderr, in hashicorp's hclog format.
//!
//! The server reads a plugin's stderr line by line. It logs a JSON object with the keys `@level`, `@message`, and
//! `@timestamp` with that level, and any other line as plain text at debug level. There are two pitfalls. If one
//! of the three keys is present but not a string, the *server* panics. And the server splits lines of 64 KiB or
//! more. Therefore the three keys are always strings, no field can replace them, and a line that is too long first
//! loses its fields and then the end of its message.
//!
//! Use this while the plugin does not have the server's log API: before activation and at the end of the process.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

/// The maximum length of a line in bytes, including the newline. The server's limit is 65,536.
const MAX_LINE: usize = 60 * 1024;
const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// The level of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The server logs it as debug.
    Trace,
    /// Details for troubleshooting.
    Debug,
    /// Normal operation.
    Info,
    /// A problem that does not stop the operation.
    Warn,
    /// A failure.
    Error,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

/// Formats a line, including the newline. A field whose name begins with `@` gets the prefix `_`.
pub fn line(level: Level, message: &str, fields: &[(&str, Value)]) -> String {
    line_at(SystemTime::now(), level, message, fields)
}

/// Writes a line to stderr. Errors are ignored, because they could not be logged.
pub fn write(level: Level, message: &str, fields: &[(&str, Value)]) {
    let _ = io::stderr().write_all(line(level, message, fields).as_bytes());
}

fn line_at(time: SystemTime, level: Level, message: &str, fields: &[(&str, Value)]) -> String {
    let mut object = Map::new();
    for (name, value) in fields {
        let reserved = if name.starts_with('@') { "_" } else { "" };
        object.insert(format!("{reserved}{name}"), value.clone());
    }
    let mut set = |name: &str, value: &str| {
        object.insert(name.to_owned(), value.into());
    };
    set("@level", level.name());
    set("@timestamp", &timestamp(time));
    set("@message", message);
    let line = to_line(&object);
    if line.len() <= MAX_LINE {
        return line;
    }
    object.retain(|name, _| name.starts_with('@'));
    object.insert("truncated".to_owned(), true.into());
    let mut message = message;
    loop {
        object.insert("@message".to_owned(), message.into());
        let shorter = to_line(&object);
        if shorter.len() <= MAX_LINE || message.is_empty() {
            return shorter;
        }
        // A byte takes at most six bytes in JSON, so this takes only a few iterations.
        let half = message.floor_char_boundary(message.len().min(2 * MAX_LINE) / 2);
        message = message.get(..half).unwrap_or_default();
    }
}

fn to_line(object: &Map<String, Value>) -> String {
    let mut line = Value::Object(object.clone()).to_string();
    line.push('\n');
    line
}

/// RFC 3339 in UTC with exactly six fractional digits, which is how the server parses it.
fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (days, second) = (
        since.as_secs() / SECONDS_PER_DAY,
        since.as_secs() % SECONDS_PER_DAY,
    );
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let micros = since.subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

/// Year, month, and day of a number of days since 1970. Internally, years begin in March, so that the leap day is
/// the last day of a year, and all eras of 400 years have the same length.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year + era * 400 + u64::from(month <= 2);
    (year, month, day - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64, micros: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(seconds, micros * 1000)
    }

    fn parse(line: &str) -> Map<String, Value> {
        assert_eq!(line.matches('\n').count(), 1);
        serde_json::from_str(line.trim_end()).unwrap()
    }

    #[test]
    fn times_have_six_fractional_digits() {
        assert_eq!(timestamp(at(0, 0)), "1970-01-01T00:00:00.000000Z");
        assert_eq!(timestamp(at(951_827_696, 7)), "2000-02-29T12:34:56.000007Z");
        assert_eq!(
            timestamp(at(1_767_225_599, 999_999)),
            "2025-12-31T23:59:59.999999Z"
        );
        assert_eq!(
            timestamp(at(4_107_542_400, 0)),
            "2100-03-01T00:00:00.000000Z"
        );
    }

    #[test]
    fn a_line_is_one_json_object_and_its_three_keys_are_strings() {
        let fields = [("attempt", 3.into()), ("@level", Value::Null)];
        let line = line_at(at(0, 1), Level::Warn, "a \"b\"\n\u{1}", &fields);
        let object = parse(&line);
        assert_eq!(object["@level"], "warn");
        assert_eq!(object["@message"], "a \"b\"\n\u{1}");
        assert_eq!(object["@timestamp"], "1970-01-01T00:00:00.000001Z");
        assert_eq!(object["attempt"], 3);
        assert_eq!(object["_@level"], Value::Null);
    }

    #[test]
    fn a_line_is_never_longer_than_the_limit() {
        for message in [
            "x".repeat(1 << 20),
            "\u{1}".repeat(70_000),
            "é".repeat(50_001),
        ] {
            let line = line(Level::Error, &message, &[("field", "y".into())]);
            assert!(line.len() <= MAX_LINE);
            let object = parse(&line);
            let kept = object["@message"].as_str().unwrap();
            assert!(message.starts_with(kept) && kept.len() > 5000);
            assert_eq!(object["truncated"], true);
        }
        let fields = [("field", "y".repeat(100_000).into())];
        let object = parse(&line(Level::Info, "kept", &fields));
        assert_eq!(object["@message"], "kept");
        assert!(!object.contains_key("field"));
    }
}
