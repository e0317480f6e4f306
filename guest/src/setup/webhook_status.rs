//! The last webhooks: what arrived, what was refused, and how far the clocks differ.
//!
//! The notes are observations, which cost no call of the server, so the path of webhooks has as many calls as without them.
//! A node stores its notes at most once a minute, so a report may miss the last minute of another node.

use crate::bindings::observations;
use crate::bindings::types::Error;
use crate::zoom::webhook::verify::Rejection;

const ACCEPTED: &str = "webhook_accepted";
const REFUSED: &str = "webhook_refused";
const REFUSED_URL: &str = "webhook_refused_url";
const VALIDATED: &str = "webhook_validated";
const CLOCK: &str = "webhook_clock";

/// The reason why a delivery was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The secret in the URL is wrong. Anybody on the internet can cause this.
    UrlSecret,
    /// There is no signature, or no readable timestamp.
    Unsigned,
    /// The timestamp is too far from the server's clock.
    Window,
    /// The signature does not match.
    Signature,
}

impl Refusal {
    /// The word for notes and reports.
    pub fn name(self) -> &'static str {
        match self {
            Refusal::UrlSecret => "url_secret",
            Refusal::Unsigned => "unsigned",
            Refusal::Window => "timestamp",
            Refusal::Signature => "signature",
        }
    }

    fn from_name(name: &str) -> Option<Refusal> {
        let all = [
            Refusal::UrlSecret,
            Refusal::Unsigned,
            Refusal::Window,
            Refusal::Signature,
        ];
        all.into_iter().find(|refusal| refusal.name() == name)
    }
}

impl From<Rejection> for Refusal {
    fn from(reason: Rejection) -> Refusal {
        match reason {
            Rejection::Unsigned | Rejection::Timestamp => Refusal::Unsigned,
            Rejection::Window { .. } => Refusal::Window,
            Rejection::Signature { .. } => Refusal::Signature,
        }
    }
}

/// What is known about webhooks. Times are in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookStatus {
    /// The last accepted event: when it arrived, and its name.
    pub accepted: Option<(i64, String)>,
    /// The last delivery with the right URL that was refused: when, and why.
    pub refused: Option<(i64, Refusal)>,
    /// When a delivery was last refused because the secret in its URL was wrong.
    pub refused_url: Option<i64>,
    /// When Zoom last validated the URL, and whether that request was signed.
    pub validated: Option<(i64, bool)>,
    /// The age of the last timestamp that Zoom signed, in seconds, when it arrived. It is negative if the server's clock is
    /// behind. A repeated delivery has its first timestamp, so a positive age proves nothing.
    pub timestamp_age: Option<i64>,
}

/// Notes an accepted event.
pub fn accepted(event: &'static str, timestamp_age: i64) {
    note(ACCEPTED, event);
    note(CLOCK, &timestamp_age.to_string());
}

/// Notes that Zoom validated the URL.
pub fn validated(signed: bool) {
    note(VALIDATED, if signed { "signed" } else { "unsigned" });
}

/// Notes a refused delivery.
pub fn refused(reason: Refusal, timestamp_age: Option<i64>) {
    if reason == Refusal::UrlSecret {
        return note(REFUSED_URL, "");
    }
    note(REFUSED, reason.name());
    if let Some(age) = timestamp_age {
        note(CLOCK, &age.to_string());
    }
}

/// A note that cannot be kept changes nothing but a later report.
fn note(name: &str, value: &str) {
    let _ = observations::note(name, value);
}

/// Reads the notes of all nodes.
pub fn read() -> Result<WebhookStatus, Error> {
    let notes = observations::list()?;
    Ok(status(notes.iter().map(|note| {
        (note.name.as_str(), note.value.as_str(), note.at)
    })))
}

fn status<'a>(notes: impl Iterator<Item = (&'a str, &'a str, i64)>) -> WebhookStatus {
    let mut status = WebhookStatus::default();
    for (name, value, at) in notes {
        match name {
            ACCEPTED => status.accepted = Some((at, value.to_owned())),
            REFUSED => status.refused = Refusal::from_name(value).map(|reason| (at, reason)),
            REFUSED_URL => status.refused_url = Some(at),
            VALIDATED => status.validated = Some((at, value == "signed")),
            CLOCK => status.timestamp_age = value.parse().ok(),
            _ => {}
        }
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_read_back() {
        let notes = [
            (ACCEPTED, "meeting.ended", 5),
            (REFUSED, "signature", 4),
            (REFUSED_URL, "", 3),
            (VALIDATED, "unsigned", 2),
            (CLOCK, "-601", 5),
            ("another", "note", 9),
        ];
        let read = status(notes.into_iter());
        assert_eq!(read.accepted, Some((5, "meeting.ended".to_owned())));
        assert_eq!(read.refused, Some((4, Refusal::Signature)));
        assert_eq!(
            (read.refused_url, read.validated),
            (Some(3), Some((2, false)))
        );
        assert_eq!(read.timestamp_age, Some(-601));
        assert_eq!(status([(REFUSED, "odd", 1)].into_iter()).refused, None);
    }

    #[test]
    fn every_rejection_has_a_name_that_is_read_back() {
        for rejection in [
            Rejection::Unsigned,
            Rejection::Timestamp,
            Rejection::Window { age: 1 },
            Rejection::Signature { age: 1 },
        ] {
            let refusal = Refusal::from(rejection);
            assert_eq!(Refusal::from_name(refusal.name()), Some(refusal));
        }
        let url = Refusal::UrlSecret;
        assert_eq!(Refusal::from_name(url.name()), Some(url));
    }
}
