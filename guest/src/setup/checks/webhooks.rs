//! The webhooks that Zoom has delivered, or that were refused.

use crate::platform::clock;
use crate::setup::check::{Check, Context, Fact, Outcome, Subject};
use crate::setup::webhook_status::{Refusal, WebhookStatus};
use crate::text::Message;

const STATUS_401: &str = "troubleshooting.html#webhooks-get-status-401";

/// The last webhook. A refusal counts if nothing was accepted after it.
pub(super) fn run(context: &Context<'_>, status: Option<&WebhookStatus>) -> Check {
    let Some(status) = status else {
        let sentence = context.plain(Message::MattermostFailed);
        return Check::new(Subject::Webhooks, Outcome::NotRun, "store", sentence);
    };
    if let Some((outcome, reason, at)) = last_refusal(status) {
        return refused(context, outcome, reason).fact("minutes_ago", minutes_since(at));
    }
    if let Some((at, event)) = &status.accepted {
        let time = context.reader.time(*at);
        let sentence = context.text(Message::CheckLastWebhook, &[("time", &time)]);
        let passed = Check::passed(Subject::Webhooks).saying(sentence);
        return match event_kind(event) {
            Some(kind) => passed.fact("event", Fact::Word(kind)),
            None => passed,
        }
        .fact("minutes_ago", minutes_since(*at));
    }
    let section = "zoom-app.html#4-add-the-event-subscription";
    let Some((at, signed)) = status.validated else {
        let sentence = context.plain(Message::CheckNoWebhook);
        return Check::new(Subject::Webhooks, Outcome::Warning, "none", sentence)
            .explained(section);
    };
    let time = context.reader.time(at);
    let sentence = context.text(Message::CheckWebhookValidated, &[("time", &time)]);
    // Only a signed request proves that it came from Zoom and that both sides have the same secret token.
    let (outcome, finding) = if signed {
        (Outcome::Passed, "validated")
    } else {
        (Outcome::Warning, "asked_to_validate")
    };
    let check = Check::new(Subject::Webhooks, outcome, finding, sentence);
    check
        .explained(section)
        .fact("minutes_ago", minutes_since(at))
}

/// The last refusal, if nothing was accepted after it. Anybody on the internet can send a request with a wrong secret in the
/// URL, so after accepted webhooks, such a request is only a warning.
fn last_refusal(status: &WebhookStatus) -> Option<(Outcome, Refusal, i64)> {
    let signed = status.validated.filter(|(_, signed)| *signed);
    let good = status.accepted.as_ref().map(|(at, _)| *at);
    let good = good.max(signed.map(|(at, _)| at));
    let is_last = |at: i64| good.is_none_or(|good| at >= good);
    if let Some((at, reason)) = status.refused.filter(|(at, _)| is_last(*at)) {
        return Some((Outcome::Failed, reason, at));
    }
    let at = status.refused_url.filter(|at| is_last(*at))?;
    let outcome = if good.is_some() {
        Outcome::Warning
    } else {
        Outcome::Failed
    };
    Some((outcome, Refusal::UrlSecret, at))
}

fn refused(context: &Context<'_>, outcome: Outcome, reason: Refusal) -> Check {
    let (message, section) = match reason {
        Refusal::UrlSecret => (
            Message::CheckWebhookSecret,
            "troubleshooting.html#enter-the-webhook-url-secret-again",
        ),
        Refusal::Unsigned => (Message::CheckWebhookUnsigned, STATUS_401),
        Refusal::Window => (Message::CheckWebhookWindow, STATUS_401),
        Refusal::Signature => (Message::CheckWebhookSignature, STATUS_401),
    };
    let sentence = context.plain(message);
    Check::new(Subject::Webhooks, outcome, reason.name(), sentence).explained(section)
}

/// The kind of an event as a word of this code.
fn event_kind(noted: &str) -> Option<&'static str> {
    let kinds = ["started", "ended", "deauthorized", "recording", "other"];
    kinds.into_iter().find(|kind| *kind == noted)
}

fn minutes_since(at: i64) -> Fact {
    Fact::Number(clock::now_ms().saturating_sub(at).div_euclid(60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status() -> WebhookStatus {
        WebhookStatus::default()
    }

    #[test]
    fn a_refusal_counts_until_something_is_accepted() {
        let refused = WebhookStatus {
            refused: Some((10, Refusal::Signature)),
            ..status()
        };
        let found = Some((Outcome::Failed, Refusal::Signature, 10));
        assert_eq!(last_refusal(&refused), found);
        let accepted = |at| WebhookStatus {
            accepted: Some((at, "ended".to_owned())),
            ..refused.clone()
        };
        assert_eq!(last_refusal(&accepted(11)), None);
        assert_eq!(last_refusal(&accepted(9)), found);
        let validated = |signed| WebhookStatus {
            validated: Some((11, signed)),
            ..refused.clone()
        };
        assert_eq!(last_refusal(&validated(true)), None);
        assert_eq!(last_refusal(&validated(false)), found, "it proves nothing");
    }

    #[test]
    fn a_strangers_request_is_only_a_warning_after_accepted_webhooks() {
        let stranger = WebhookStatus {
            refused_url: Some(10),
            ..status()
        };
        let failed = Some((Outcome::Failed, Refusal::UrlSecret, 10));
        assert_eq!(last_refusal(&stranger), failed);
        let later = WebhookStatus {
            accepted: Some((9, "ended".to_owned())),
            ..stranger
        };
        let warned = Some((Outcome::Warning, Refusal::UrlSecret, 10));
        assert_eq!(last_refusal(&later), warned);
        assert_eq!(last_refusal(&status()), None);
    }
}
