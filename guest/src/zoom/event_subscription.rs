//! Creates the app's event subscription.

use crate::platform::clock;
use crate::zoom::error::api::Endpoint;
use crate::zoom::error::kinds::Error;
use crate::zoom::http::send;
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

/// Subscribes to the events of an account. Zoom may validate the URL before it answers. The URL contains a secret: errors
/// keep no text of Zoom's answer that could repeat it.
///
/// `api` is the API's URL, and the token is the app's own (`client_credentials`) or that of a server-to-server app.
pub fn create(api: &str, access_token: &str, account_id: &str, url: &str) -> Result<(), Error> {
    let body = json!({
        "event_subscription_name": NAME,
        "events": EVENTS,
        "event_webhook_url": url,
        "subscription_scope": "account",
        "account_id": account_id,
    });
    let headers = vec![
        ("Authorization".to_owned(), format!("Bearer {access_token}")),
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
