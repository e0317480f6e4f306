//! The users of the mock Zoom account.

use super::random::random;

/// A person at Zoom.
#[derive(Clone, Debug, PartialEq)]
pub struct User {
    /// Twenty-two characters.
    pub id: String,
    /// The address that the person signs in with.
    pub email: String,
    /// The Personal Meeting ID; zero where it is switched off.
    pub pmi: u64,
    /// Whether the person may host meetings.
    pub licensed: bool,
    /// Whether the person has not accepted the invitation to the account yet.
    pub pending: bool,
    /// Whether the person was deactivated.
    pub inactive: bool,
    /// Whether the person belongs to another Zoom account.
    pub elsewhere: bool,
    /// The account that Zoom names where it shows a person of another account; empty for this account.
    pub account_id: String,
}

impl User {
    /// A licensed person with a new ID and a Personal Meeting ID.
    pub fn new(email: &str) -> User {
        let number = u64::from_be_bytes(random()) % 900_000_000;
        User {
            id: short_id(),
            email: email.to_owned(),
            pmi: 3_000_000_000 + number,
            licensed: true,
            pending: false,
            inactive: false,
            elsewhere: false,
            account_id: String::new(),
        }
    }
}

/// Zoom's IDs of users: twenty-two characters of base64.
fn short_id() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random::<16>())
}
