//! Creates the app's event subscription.

use crate::platform::clock;
use crate::zoom::error::api::Endpoint;
use crate::zoom::error::kinds::Error;
use crate::zoom::http::send;
use crate::zoom::token::Tokens;
use serde_json::json;

/// The name of the subscription at Zoom.
const NAME: &str = "Mattermost";

/// The events that the plugin uses.
pub const EVENTS: [&str; 9] = [
    "meeting.started",
    "meeting.ended",
    "recording.completed",
    "recording.transcript_completed",
    "meeting.converted_to_webinar",
    "webinar.ended",
    "recording.trashed",
    "recording.deleted",
    "recording.recovered",
];

/// The events that an app with these scopes, separated by spaces, can subscribe to. Without a known scope, only the events
/// about meetings.
fn events_for(scope: &str) -> Vec<&'static str> {
    let has = |prefix: &str| scope.split(' ').any(|one| one.starts_with(prefix));
    let (recordings, webinars) = (has("cloud_recording:read:"), has("webinar:read:"));
    let is_allowed = |event: &&str| match event.split('.').next() {
        Some("recording") => recordings,
        Some("webinar") => webinars,
        _ => webinars || *event != "meeting.converted_to_webinar",
    };
    EVENTS.into_iter().filter(is_allowed).collect()
}

/// Subscribes to the events of an account that the token's scopes allow. Zoom may validate the URL before it answers. The URL contains a secret: errors
/// keep no text of Zoom's answer that could repeat it.
///
/// `api` is the API's URL, and the token is the app's own (`client_credentials`) or that of a server-to-server app.
pub fn create(api: &str, tokens: &Tokens, account_id: &str, url: &str) -> Result<(), Error> {
    let body = json!({
        "event_subscription_name": NAME,
        "events": events_for(&tokens.scope),
        "event_webhook_url": url,
        "subscription_scope": "account",
        "account_id": account_id,
    });
    let headers = vec![
        (
            "Authorization".to_owned(),
            format!("Bearer {}", tokens.access),
        ),
        ("Content-Type".to_owned(), "application/json".to_owned()),
    ];
    let path = format!("{api}/marketplace/app/event_subscription");
    let response = send("POST", path, headers, body.to_string().into_bytes())?;
    if (200..300).contains(&response.status) {
        return Ok(());
    }
    let (status, headers, body) = (response.status, &response.headers, &response.body);
    let error = Error::from_api(Endpoint::Other, status, headers, body, clock::now_ms());
    Err(match error {
        Error::Refused(mut details) => {
            details.message.clear();
            Error::Refused(details)
        }
        Error::Invalid(mut details) => {
            details.message.clear();
            Error::Invalid(details)
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_that_the_scopes_allow_are_subscribed_to() {
        let meetings = ["meeting.started", "meeting.ended"];
        assert_eq!(events_for(""), meetings);
        assert_eq!(events_for("meeting:read:meeting:admin"), meetings);
        let all = "cloud_recording:read:recording:admin webinar:read:webinar:admin";
        assert_eq!(events_for(all), EVENTS);
        let recordings = events_for("a:b cloud_recording:read:recording");
        assert_eq!(recordings.len(), 7);
        assert!(!recordings.contains(&"webinar.ended"));
    }
}
