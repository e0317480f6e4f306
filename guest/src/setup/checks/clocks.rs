//! The clock of the server, compared with Zoom's.

use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::text::Message;

/// The largest difference that is accepted, in seconds. Zoom rejects codes after five minutes, and the plugin webhooks from
/// more than five minutes ahead.
const MAX_DIFFERENCE: i64 = 120;

/// Compares the clocks. `ahead` is how far this server is ahead of a time that Zoom has just sent, and `noted` the age of the
/// timestamp of the last webhook when it arrived, both in seconds.
pub(super) fn run(context: &Context<'_>, ahead: Option<i64>, noted: Option<i64>) -> Check {
    let Some(ahead) = known_difference(ahead, noted) else {
        let sentence = context.plain(Message::CheckClockUnknown);
        return Check::new(Subject::Clock, Outcome::NotRun, "unknown", sentence);
    };
    if ahead.abs() <= MAX_DIFFERENCE {
        return Check::passed(Subject::Clock).fact("seconds_ahead", Fact::Number(ahead));
    }
    let (finding, message) = if ahead > 0 {
        ("ahead", Message::CheckClockAhead)
    } else {
        ("behind", Message::CheckClockBehind)
    };
    let minutes = ((ahead.abs() + 30) / 60).to_string();
    let sentence = context.text(message, &[("minutes", &minutes)]);
    Check::new(Subject::Clock, Outcome::Failed, finding, sentence)
        .fact("seconds_ahead", Fact::Number(ahead))
        .explained("troubleshooting.html#webhooks-get-status-401")
}

/// How far this server is ahead. The time of a response is exact. The age of a webhook's timestamp proves a difference only if
/// it is negative, because Zoom repeats a delivery with its first timestamp.
fn known_difference(ahead: Option<i64>, noted: Option<i64>) -> Option<i64> {
    ahead.or_else(|| noted.filter(|age| *age <= MAX_DIFFERENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_webhook_proves_no_difference() {
        assert_eq!(known_difference(Some(600), Some(0)), Some(600));
        assert_eq!(known_difference(None, Some(-600)), Some(-600));
        assert_eq!(known_difference(None, Some(3)), Some(3));
        assert_eq!(known_difference(None, Some(300)), None, "a repetition");
        assert_eq!(known_difference(None, None), None);
    }
}
