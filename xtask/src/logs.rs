//! The plugin's lines of the server's log, as the API has them.
//!
//! They are printed as the server writes them, one JSON object a line: readable as they are, and by `jq`.
//! Whoever follows them asks once a second; more than a thousand lines of all the server's in a second are
//! too many, and some are missed.

use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::deploy::{ID, Server};
use crate::error::Error;

/// How far back is looked, in lines of all the server's.
const LINES: usize = 1000;

/// Prints the latest lines.
pub fn show() -> Result<(), Error> {
    let lines = fetch(&Server::from_environment()?)?;
    if lines.is_empty() {
        println!("none of the last {LINES} lines of the server's log is of the plugin {ID}");
    }
    for line in lines {
        println!("{line}");
    }
    Ok(())
}

/// Prints lines as they come, until it is interrupted.
pub fn follow() -> Result<(), Error> {
    let server = Server::from_environment()?;
    let mut last = fetch(&server)?.pop();
    println!("new lines of the plugin {ID} (press Ctrl-C to end)");
    loop {
        sleep(Duration::from_secs(1));
        let lines = fetch(&server)?;
        for line in fresh(&lines, last.as_deref()) {
            println!("{line}");
        }
        last = lines.last().cloned().or(last);
    }
}

fn fetch(server: &Server) -> Result<Vec<String>, Error> {
    let lines = server.log(LINES)?;
    of_plugin(&lines).ok_or_else(|| {
        let text = "the server's log tells nothing: set LogSettings.EnableFile and LogSettings.FileJson to true";
        Error::Needed(text.to_owned())
    })
}

/// The lines of the plugin. None when there is no line that could say whose it is.
fn of_plugin(lines: &[String]) -> Option<Vec<String>> {
    let parsed: Vec<(&str, Value)> = lines
        .iter()
        .filter_map(|line| Some((line.trim(), serde_json::from_str(line).ok()?)))
        .collect();
    if parsed.is_empty() {
        return None;
    }
    let ours = |value: &Value| value.get("plugin_id").and_then(Value::as_str) == Some(ID);
    let chosen = parsed.into_iter().filter(|(_, value)| ours(value));
    Some(chosen.map(|(line, _)| line.to_owned()).collect())
}

/// What came after the line that was seen last. All, when that is too far back.
fn fresh<'a>(lines: &'a [String], last: Option<&str>) -> &'a [String] {
    let place = lines.iter().rposition(|line| Some(line.as_str()) == last);
    let (_, after) = lines.split_at(place.map_or(0, |place| place + 1));
    after
}

#[cfg(test)]
mod tests {
    use super::{fresh, of_plugin};

    fn lines(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn only_lines_of_the_plugin_are_shown_as_they_are() {
        let ours = r#"{"level":"info","msg":"a","plugin_id":"zoom"}"#;
        let log = lines(&[
            &format!("\n{ours}"),
            r#"{"msg":"zoom"}"#,
            r#"{"msg":"b","plugin_id":"zoomer"}"#,
            "torn",
        ]);
        assert_eq!(of_plugin(&log).unwrap(), [ours]);
    }

    #[test]
    fn a_log_that_is_off_or_not_json_is_told_from_a_quiet_plugin() {
        assert!(of_plugin(&lines(&[""])).is_none());
        assert!(of_plugin(&lines(&["info [2026] started"])).is_none());
        assert_eq!(of_plugin(&lines(&["{}"])), Some(Vec::new()));
    }

    #[test]
    fn only_what_came_after_the_last_line_is_new() {
        let all = lines(&["a", "b", "c"]);
        assert_eq!(fresh(&all, Some("b")), ["c"]);
        assert!(fresh(&all, Some("c")).is_empty());
        assert_eq!(fresh(&all, Some("gone")).len(), 3);
        assert_eq!(fresh(&all, None).len(), 3);
    }
}
