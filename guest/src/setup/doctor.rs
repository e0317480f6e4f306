//! `/zoom doctor`: checks the setup for system admins, and the own connection for everyone else.
//!
//! The answer has one line per check. Checks that passed have only their name; others say what to do next and link to the
//! section of the guides. `--json` shows the same checks as a report without addresses, IDs, and names.

use crate::config::{self, Config, Problem};
use crate::platform::channels::show_to_user;
use crate::platform::command::invocation::CommandContext;
use crate::platform::people::Reader;
use crate::platform::site;
use crate::setup::check::{Check, Context, Outcome};
use crate::setup::checks;
use crate::text::{self, Message};
use serde_json::json;

/// The option for a report.
pub const JSON: &str = "--json";

/// The largest length of one message, in characters. The smallest limit of a server is 4,000 characters.
const MAX_MESSAGE: usize = 3_800;

/// Runs the checks. The settings may have problems.
pub fn run(config: Result<&Config, &[Problem]>, command: &CommandContext<'_>) -> String {
    // Each line links to its section of the guides. The sentences need no link.
    let reader = Reader {
        guides: None,
        ..command.person.reader()
    };
    let as_report = match command.words {
        [] => false,
        [JSON] => true,
        _ => return text::plain(reader.locale, Message::DoctorUsage),
    };
    if !reader.is_system_admin && config.is_err() {
        return text::plain(reader.locale, Message::ConfigUser);
    }
    let context = Context {
        config,
        reader,
        person: Some(command.person),
    };
    let checks = if reader.is_system_admin {
        checks::run(&context)
    } else {
        checks::run_own(&context)
    };
    if as_report {
        let intro = text::plain(reader.locale, Message::DoctorReport);
        return format!("{intro}\n```json\n{}\n```", report(&checks));
    }
    let mut messages = split(lines(&reader, &checks));
    let last = messages.pop().unwrap_or_default();
    for message in messages {
        // A part that cannot be shown is logged; the last part is shown by the caller.
        let _ = show_to_user(&command.person.id, command.place, &message);
    }
    last
}

/// The checks as a report in JSON.
pub fn report(checks: &[Check]) -> String {
    let checks: Vec<_> = checks.iter().map(Check::json).collect();
    let report = json!({ "version": env!("CARGO_PKG_VERSION"), "checks": checks });
    format!("{report:#}")
}

/// The report for support packets: the checks that make no request to Zoom, so that a packet does not wait for Zoom.
pub fn support_data() -> String {
    let loaded = config::load();
    let context = Context {
        config: loaded.as_ref().map_err(Vec::as_slice),
        reader: Reader::default(),
        person: None,
    };
    report(&checks::run_local(&context))
}

/// The lines of the answer: a title, one line per check, and the conclusion.
fn lines(reader: &Reader<'_>, checks: &[Check]) -> Vec<String> {
    let mut lines = vec![text::plain(reader.locale, Message::DoctorTitle)];
    lines.extend(checks.iter().map(|check| line(reader, check)));
    let count = |outcome| {
        checks
            .iter()
            .filter(|check| check.outcome == outcome)
            .count()
    };
    let failed = count(Outcome::Failed);
    let conclusion = if failed > 0 {
        let count = failed.to_string();
        text::text(reader.locale, Message::DoctorFailed, &[("count", &count)])
    } else if count(Outcome::Warning) > 0 {
        text::plain(reader.locale, Message::DoctorWarnings)
    } else {
        text::plain(reader.locale, Message::DoctorPassed)
    };
    // An empty line ends the list.
    lines.push(format!("\n{conclusion}"));
    lines
}

fn line(reader: &Reader<'_>, check: &Check) -> String {
    let mark = match check.outcome {
        Outcome::Passed => ":white_check_mark:",
        Outcome::Warning => ":warning:",
        Outcome::Failed => ":x:",
        Outcome::NotRun => ":grey_question:",
    };
    let mut line = format!("* {mark} **{}**", check.subject.label(reader));
    if !check.sentence.is_empty() {
        line.push_str(": ");
        line.push_str(&check.sentence);
    }
    if let Some(url) = check.section.map(|section| site::guide_url(section.0)) {
        line.push(' ');
        line.push_str(&text::text(
            reader.locale,
            Message::DoctorGuide,
            &[("url", &url)],
        ));
    }
    line
}

/// Joins lines to messages that are not longer than the limit. A longer line has a message of its own.
fn split(lines: Vec<String>) -> Vec<String> {
    let mut messages: Vec<String> = Vec::new();
    for line in lines {
        match messages.last_mut() {
            Some(message) if length(message) + 1 + length(&line) <= MAX_MESSAGE => {
                message.push('\n');
                message.push_str(&line);
            }
            _ => messages.push(line),
        }
    }
    messages
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_split_between_lines() {
        let lines: Vec<_> = (0..100)
            .map(|n| format!("{n} {}", "é".repeat(200)))
            .collect();
        let messages = split(lines.clone());
        assert!(messages.len() > 5);
        assert!(
            messages
                .iter()
                .all(|message| length(message) <= MAX_MESSAGE)
        );
        assert_eq!(messages.join("\n"), lines.join("\n"));
    }
}
