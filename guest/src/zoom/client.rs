//! Requests with a user's access token.

use super::types::{Meeting, User};
use super::{Error, send};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most characters that Zoom takes for a topic.
const MAX_TOPIC: usize = 200;
/// A meeting that starts at once.
const INSTANT: u8 = 1;

/// One user's view of the API.
pub struct Client<'a> {
    /// The API's address.
    pub api: &'a str,
    /// The user's access token.
    pub access_token: &'a str,
}

/// Only what we decide: all that is left out stays as the host set it at Zoom.
#[derive(Serialize)]
struct NewMeeting<'a> {
    topic: &'a str,
    #[serde(rename = "type")]
    kind: u8,
}

impl Client<'_> {
    /// The user whose token it is.
    pub fn me(&self) -> Result<User, Error> {
        let user: User = self.call("GET", "/users/me", Vec::new())?;
        if user.id.is_empty() {
            return Err(Error::Unexpected("a user without id".to_owned()));
        }
        Ok(user)
    }

    /// A meeting by its number.
    pub fn meeting(&self, id: u64) -> Result<Meeting, Error> {
        self.call("GET", &format!("/meetings/{id}"), Vec::new())
    }

    /// Creates a meeting that starts at once.
    pub fn create_meeting(&self, topic: &str) -> Result<Meeting, Error> {
        let meeting: Meeting = self.call("POST", "/users/me/meetings", new_meeting(topic))?;
        if meeting.id == 0 {
            return Err(Error::Unexpected("a meeting without number".to_owned()));
        }
        Ok(meeting)
    }

    fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Error> {
        let mut headers = vec![(
            "Authorization".to_owned(),
            format!("Bearer {}", self.access_token),
        )];
        if !body.is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let response = send(method, format!("{}{path}", self.api), headers, body)?;
        if !(200..300).contains(&response.status) {
            return Err(Error::from_api(
                response.status,
                &response.headers,
                &response.body,
            ));
        }
        serde_json::from_slice(&response.body)
            .map_err(|_| Error::Unexpected(format!("no JSON from {path}")))
    }
}

/// The body of a request for a new meeting.
pub fn new_meeting(topic: &str) -> Vec<u8> {
    let topic: String = topic.chars().take(MAX_TOPIC).collect();
    serde_json::to_vec(&NewMeeting {
        topic: &topic,
        kind: INSTANT,
    })
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d21_a_new_meeting_says_nothing_about_settings() {
        let json: serde_json::Value =
            serde_json::from_slice(&new_meeting("Standup \"now\"")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"topic": "Standup \"now\"", "type": 1})
        );
    }

    #[test]
    fn a_long_topic_is_cut_to_what_zoom_takes() {
        let json: serde_json::Value =
            serde_json::from_slice(&new_meeting(&"é".repeat(300))).unwrap();
        assert_eq!(json["topic"].as_str().unwrap().chars().count(), 200);
    }
}
