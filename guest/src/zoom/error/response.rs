//! Error responses: Zoom's code, its message, and the OAuth error.

use crate::zoom::error::kinds::{Details, Error};
use crate::zoom::error::limit::RateLimit;
use crate::zoom::error::redact::redact;
use serde::Deserialize;
use serde_json::Value;

/// The errors of RFC 6749 and RFC 6750. Zoom adds a reason in words to each.
const OAUTH_ERRORS: [&str; 8] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "invalid_token",
];
/// Zoom's codes of OAuth errors.
const OAUTH_CODES: std::ops::Range<i64> = 4700..4800;

/// The fields of error responses. A field of another type counts as absent.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    code: Value,
    #[serde(rename = "errorCode")]
    error_code: Value,
    message: Value,
    #[serde(rename = "errorMessage")]
    error_message: Value,
    error: Value,
    reason: Value,
    error_description: Value,
}

/// An error response.
pub struct ErrorResponse {
    /// The HTTP status.
    pub status: u16,
    /// Zoom's code, if there is one.
    pub code: Option<i64>,
    message: String,
    /// The OAuth error, or empty.
    pub error: String,
    /// Whether there is a field that only a token endpoint has.
    has_reason: bool,
}

impl ErrorResponse {
    pub fn read(status: u16, body: &[u8]) -> ErrorResponse {
        let body: Body = serde_json::from_slice(body).unwrap_or_default();
        let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
        let texts = [
            &body.message,
            &body.error_message,
            &body.reason,
            &body.error_description,
        ];
        let text = texts
            .into_iter()
            .filter_map(Value::as_str)
            .find(|text| !text.is_empty());
        ErrorResponse {
            status,
            code: number(&body.code).or_else(|| number(&body.error_code)),
            message: text.unwrap_or_default().to_owned(),
            error: body.error.as_str().unwrap_or_default().to_owned(),
            has_reason: body.reason.is_string() || body.error_description.is_string(),
        }
    }

    pub fn has(&self, codes: &[i64], words: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        self.code.is_some_and(|code| codes.contains(&code))
            || words.iter().any(|word| message.contains(word))
    }

    pub fn details(&self) -> Details {
        Details {
            status: self.status,
            code: self.code.unwrap_or(0),
            message: redact(&self.message),
        }
    }

    /// Whether the token endpoint itself sent the response, and not a proxy or another server in front of it.
    pub fn is_oauth(&self) -> bool {
        OAUTH_ERRORS.contains(&self.error.as_str())
            || (!self.error.is_empty() && self.has_reason)
            || self.code.is_some_and(|code| OAUTH_CODES.contains(&code))
    }

    /// Zoom's reason, for the log.
    pub fn reason(&self) -> String {
        let words = if self.message.is_empty() {
            &self.error
        } else {
            &self.message
        };
        let code = self.code.map(|code| code.to_string());
        let parts = [code.unwrap_or_default(), redact(words)];
        parts.join(" ").trim().to_owned()
    }
}

impl Error {
    /// The error for a status without a body.
    pub fn from_status(status: u16, headers: &[(String, String)], now: i64) -> Error {
        match status {
            429 => Error::RateLimited(RateLimit::read(headers, now)),
            500..=599 => Error::Unavailable(format!("status {status}")),
            _ => Error::Unexpected(format!("status {status}")),
        }
    }
}
