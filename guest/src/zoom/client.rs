//! Requests with an access token.

use crate::bindings::http::Response;
use crate::platform::{clock, log};
use crate::zoom::error::api::Endpoint;
use crate::zoom::error::kinds::Error;
use crate::zoom::http::{send, send_once};
use crate::zoom::types::{Meeting, User};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The longest topic that Zoom accepts, in characters.
const MAX_TOPIC: usize = 200;
/// A meeting that starts at once.
const INSTANT: u8 = 1;
/// The characters that are escaped in a path segment: all except the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The Zoom user for whom requests are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserRef {
    /// The owner of the access token.
    Me,
    /// The user of the Zoom account with this email address.
    Address(String),
    /// Nobody: the request is not made for a user.
    Nobody,
}

impl UserRef {
    /// The user as a path segment. Fails for nobody, so that such a request never reaches the owner of the app.
    fn segment(&self) -> Result<String, Error> {
        match self {
            UserRef::Me => Ok("me".to_owned()),
            UserRef::Address(address) => Ok(utf8_percent_encode(address, SEGMENT).to_string()),
            UserRef::Nobody => Err(Error::Unexpected("a request without a user".to_owned())),
        }
    }

    /// The error if Zoom does not know the user.
    fn missing(&self) -> Error {
        match self {
            UserRef::Me | UserRef::Nobody => Error::NotFound,
            UserRef::Address(address) => Error::UnknownAddress(address.clone()),
        }
    }
}

/// The API on behalf of one user.
pub struct Client<'a> {
    /// The API's URL.
    pub api: &'a str,
    /// The access token.
    pub access_token: &'a str,
    /// The user for whom requests are made.
    pub who: &'a UserRef,
}

/// A new meeting. All fields that are left out keep the host's defaults at Zoom.
#[derive(Serialize)]
struct NewMeeting<'a> {
    topic: &'a str,
    #[serde(rename = "type")]
    kind: u8,
}

impl Client<'_> {
    /// The user for whom requests are made.
    pub fn me(&self) -> Result<User, Error> {
        let path = format!("/users/{}", self.who.segment()?);
        let user: User = self.of_user(self.call(Endpoint::User, "GET", &path, Vec::new()))?;
        if user.id.is_empty() {
            return Err(Error::Unexpected("a user without id".to_owned()));
        }
        Ok(user)
    }

    /// A meeting by its number.
    pub fn meeting(&self, id: u64) -> Result<Meeting, Error> {
        self.call(
            Endpoint::Meeting,
            "GET",
            &format!("/meetings/{id}"),
            Vec::new(),
        )
    }

    /// A meeting by its number, without waiting for the end of a rate limit.
    pub fn meeting_at_once(&self, id: u64) -> Result<Meeting, Error> {
        let url = format!("{}/meetings/{id}", self.api);
        read(
            Endpoint::Meeting,
            &send_once("GET", url, vec![self.authorization()])?,
        )
    }

    /// Creates a meeting that starts at once.
    pub fn create_meeting(&self, topic: &str) -> Result<Meeting, Error> {
        let path = format!("/users/{}/meetings", self.who.segment()?);
        let meeting: Meeting =
            self.of_user(self.call(Endpoint::NewMeeting, "POST", &path, new_meeting(topic)))?;
        if meeting.id == 0 {
            return Err(Error::Unexpected("a meeting without number".to_owned()));
        }
        Ok(meeting)
    }

    fn of_user<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        result.map_err(|error| match (error, self.who) {
            (Error::NotFound, who) => who.missing(),
            (Error::OtherAccount, UserRef::Address(_)) => self.who.missing(),
            (other, _) => other,
        })
    }

    fn call<T: DeserializeOwned>(
        &self,
        endpoint: Endpoint,
        method: &str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Error> {
        let mut headers = vec![self.authorization()];
        if !body.is_empty() {
            headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
        }
        let response = send(method, format!("{}{path}", self.api), headers, body)?;
        read(endpoint, &response)
    }

    fn authorization(&self) -> (String, String) {
        let value = format!("Bearer {}", self.access_token);
        ("Authorization".to_owned(), value)
    }
}

fn read<T: DeserializeOwned>(endpoint: Endpoint, response: &Response) -> Result<T, Error> {
    if !(200..300).contains(&response.status) {
        let error = Error::from_api(
            endpoint,
            response.status,
            &response.headers,
            &response.body,
            clock::now_ms(),
        );
        log_refusal(endpoint, &error);
        return Err(error);
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| Error::Unexpected("the API's answer is not the documented JSON".to_owned()))
}

/// Logs a refusal for which Zoom's message is needed to find the cause.
fn log_refusal(endpoint: Endpoint, error: &Error) {
    let (Error::Refused(details) | Error::Invalid(details)) = error else {
        return;
    };
    log::warn(
        "Zoom refused a request.",
        &[
            ("request", &format!("{endpoint:?}")),
            ("status", &details.status.to_string()),
            ("code", &details.code.to_string()),
            ("message", &details.message),
        ],
    );
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
    fn zm111_d21_a_new_meeting_keeps_the_hosts_settings() {
        let json: serde_json::Value =
            serde_json::from_slice(&new_meeting("Standup \"now\"")).unwrap();
        assert_eq!(
            json,
            serde_json::json!({"topic": "Standup \"now\"", "type": 1})
        );
    }

    #[test]
    fn a_long_topic_is_truncated() {
        let json: serde_json::Value =
            serde_json::from_slice(&new_meeting(&"é".repeat(300))).unwrap();
        assert_eq!(json["topic"].as_str().unwrap().chars().count(), 200);
    }

    #[test]
    fn zm109_an_email_address_is_one_path_segment() {
        let segment = |address: &str| UserRef::Address(address.to_owned()).segment().unwrap();
        assert_eq!(segment("a.b+c@example.com"), "a.b%2Bc%40example.com");
        assert_eq!(segment("../meetings/1?x#y"), "..%2Fmeetings%2F1%3Fx%23y");
        assert_eq!(UserRef::Me.segment().unwrap(), "me");
        assert!(UserRef::Nobody.segment().is_err());
    }
}
