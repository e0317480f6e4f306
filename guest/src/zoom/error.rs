//! Why Zoom did not do what was asked, and which sentence tells a person.

use crate::bindings::types::Error as HostError;
use crate::system;
use crate::text::{self, Locale, Message};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

/// A failed request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The user must connect again: the grant was revoked, or its tokens are used up.
    #[error("the user's connection with Zoom has ended")]
    NotConnected,
    /// The access token was not accepted.
    #[error("Zoom did not accept the access token")]
    Unauthorized,
    /// The Zoom app has not been given the right that the request needs.
    #[error("the Zoom app lacks a scope")]
    MissingScope,
    /// The user's Zoom account does not allow it.
    #[error("the Zoom account does not allow it")]
    Forbidden,
    /// Zoom does not know it.
    #[error("Zoom does not know it")]
    NotFound,
    /// The number is that of a webinar.
    #[error("the meeting is a webinar")]
    IsWebinar,
    /// Nobody in the Zoom account has this address.
    #[error("nobody in the Zoom account has the user's e-mail address")]
    UnknownAddress(String),
    /// The user has not proved to own this address.
    #[error("the user's e-mail address is not verified")]
    UnverifiedAddress(String),
    /// Too many requests; try again after so many seconds, if Zoom said.
    #[error("Zoom limits the rate of requests")]
    RateLimited(Option<u32>),
    /// Zoom did not accept the app's own name or password.
    #[error("Zoom did not accept OAuthClientID or OAuthClientSecret")]
    Client,
    /// The code of a sign-in is not good, or not good any more.
    #[error("Zoom did not accept the code")]
    Code,
    /// No answer in time.
    #[error("Zoom did not answer in time")]
    Timeout,
    /// Not reachable, or failing.
    #[error("Zoom could not be reached: {0}")]
    Unavailable(String),
    /// The plugin's own policy does not allow this address.
    #[error("the plugin's policy forbids the address: {0}")]
    Denied(String),
    /// An answer that makes no sense.
    #[error("Zoom gave an unexpected answer: {0}")]
    Unexpected(String),
}

/// What an error body of the API may carry.
#[derive(Default, Deserialize)]
struct ApiBody {
    #[serde(default)]
    code: serde_json::Value,
}

/// What an error body of the token endpoint may carry.
#[derive(Default, Deserialize)]
struct TokenBody {
    #[serde(default)]
    error: serde_json::Value,
    #[serde(default)]
    reason: serde_json::Value,
}

/// Which secret was refused, where the token endpoint refuses one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// The code of a sign-in.
    Code,
    /// A refresh token.
    Refresh,
}

impl Error {
    /// What a failed exchange means.
    pub fn from_host(error: &HostError) -> Error {
        match error {
            HostError::Timeout => Error::Timeout,
            HostError::Denied(rule) => Error::Denied(rule.clone()),
            HostError::TooLarge => Error::Unexpected("the answer is too long".to_owned()),
            HostError::Unavailable(reason) => Error::Unavailable(reason.clone()),
            other => Error::Unexpected(other.to_string()),
        }
    }

    /// What an answer of the API means that is no success.
    pub fn from_api(status: u16, headers: &[(String, String)], body: &[u8]) -> Error {
        // Zoom's codes for a token that lacks a scope; they come with status 400 or 401.
        const SCOPE: [i64; 2] = [4711, 104];
        let code = serde_json::from_slice::<ApiBody>(body)
            .unwrap_or_default()
            .code
            .as_i64();
        if matches!(status, 400 | 401 | 403) && code.is_some_and(|code| SCOPE.contains(&code)) {
            return Error::MissingScope;
        }
        match status {
            401 => Error::Unauthorized,
            403 => Error::Forbidden,
            404 => Error::NotFound,
            429 => Error::RateLimited(retry_after(headers, system::now_ms())),
            500..=599 => Error::Unavailable(format!("status {status}")),
            _ => Error::Unexpected(format!("status {status}, code {}", code.unwrap_or(0))),
        }
    }

    /// What an answer of the token endpoint means that is no success.
    pub fn from_token(
        grant: Grant,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Error {
        match status {
            429 => return Error::RateLimited(retry_after(headers, system::now_ms())),
            500..=599 => return Error::Unavailable(format!("status {status}")),
            _ => {}
        }
        let body = serde_json::from_slice::<TokenBody>(body).unwrap_or_default();
        let error = body.error.as_str().unwrap_or_default();
        let reason = body
            .reason
            .as_str()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let refused = error == "invalid_grant"
            || reason.contains("invalid token")
            || reason.contains("invalid authorization code");
        match (error, grant) {
            ("invalid_client" | "unauthorized_client", _) => Error::Client,
            (_, Grant::Refresh) if refused => Error::NotConnected,
            (_, Grant::Code) if refused => Error::Code,
            _ => Error::Unexpected(format!("status {status} of the token endpoint")),
        }
    }

    /// The sentence for the user: what happened, and what to do.
    pub fn sentence(&self, locale: Locale) -> String {
        let message = match self {
            Error::NotConnected | Error::Unauthorized => Message::ZoomNotConnected,
            Error::MissingScope => Message::ZoomMissingScope,
            Error::Forbidden => Message::ZoomForbidden,
            Error::NotFound => Message::ZoomNotFound,
            Error::IsWebinar => Message::SubscriptionWebinar,
            Error::UnknownAddress(email) => {
                return text::text(locale, Message::ZoomUnknownAddress, &[("email", email)]);
            }
            Error::UnverifiedAddress(email) => {
                return text::text(locale, Message::ZoomUnverifiedAddress, &[("email", email)]);
            }
            Error::RateLimited(Some(seconds)) => return limited(locale, *seconds),
            Error::RateLimited(None) => Message::ZoomRateLimited,
            Error::Client => Message::ZoomClient,
            Error::Code => Message::ZoomCode,
            Error::Timeout => Message::ZoomTimeout,
            Error::Unavailable(_) => Message::ZoomUnavailable,
            Error::Denied(_) => Message::ZoomDenied,
            Error::Unexpected(_) => Message::ZoomUnexpected,
        };
        text::plain(locale, message)
    }

    /// The status with which our own routes pass it on.
    pub fn status(&self) -> u16 {
        match self {
            Error::RateLimited(_) => 429,
            Error::Timeout => 504,
            Error::UnverifiedAddress(_) => 403,
            Error::UnknownAddress(_) => 404,
            _ => 502,
        }
    }
}

fn limited(locale: Locale, seconds: u32) -> String {
    let (message, name, number) = if seconds <= 120 {
        (Message::ZoomRateLimitedFor, "seconds", seconds)
    } else {
        (
            Message::ZoomRateLimitedMinutes,
            "minutes",
            seconds.div_ceil(60),
        )
    };
    text::text(locale, message, &[(name, &number.to_string())])
}

/// The seconds that Zoom asks to wait. It gives a number or a time.
pub fn retry_after(headers: &[(String, String)], now: i64) -> Option<u32> {
    let (_, value) = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(seconds);
    }
    let time = OffsetDateTime::parse(value, &Rfc3339)
        .or_else(|_| OffsetDateTime::parse(value, &Rfc2822))
        .ok()?;
    let wait = time.unix_timestamp().saturating_sub(now.div_euclid(1000));
    u32::try_from(wait.max(0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zm109_zm110_statuses_of_the_api_become_causes() {
        let api = |status, body: &str| Error::from_api(status, &[], body.as_bytes());
        assert_eq!(
            api(401, r#"{"code":124,"message":"Invalid access token."}"#),
            Error::Unauthorized
        );
        assert_eq!(api(400, r#"{"code":4711}"#), Error::MissingScope);
        assert_eq!(api(403, ""), Error::Forbidden);
        assert_eq!(api(404, "<html>"), Error::NotFound);
        assert!(matches!(api(503, ""), Error::Unavailable(_)));
        assert!(matches!(api(302, ""), Error::Unexpected(_)));
    }

    #[test]
    fn d22_a_rate_limit_says_how_long_when_zoom_does() {
        let headers = [("Retry-After".to_owned(), "30".to_owned())];
        assert_eq!(
            Error::from_api(429, &headers, b""),
            Error::RateLimited(Some(30))
        );
        assert!(
            Error::RateLimited(Some(30))
                .sentence(Locale::En)
                .contains("30")
        );
    }

    #[test]
    fn d22_a_wait_is_a_number_or_a_time() {
        // 2026-08-07T00:00:00Z
        const NOW: i64 = 1_786_060_800_000;
        let after = |value: &str| retry_after(&[("Retry-After".to_owned(), value.to_owned())], NOW);
        assert_eq!(after(" 30 "), Some(30));
        assert_eq!(after("2026-08-07T00:02:00Z"), Some(120));
        assert_eq!(after("Fri, 07 Aug 2026 00:01:00 GMT"), Some(60));
        assert_eq!(after("2026-08-06T00:00:00Z"), Some(0));
        assert_eq!(after("soon"), None);
        assert_eq!(retry_after(&[], NOW), None);
        assert!(limited(Locale::En, 7_000).contains("117 minutes"));
        assert!(limited(Locale::De, 90).contains("90 Sekunden"));
    }

    #[test]
    fn zm030_sentences_about_an_address_name_it() {
        for error in [
            Error::UnknownAddress("ann@example.com".into()),
            Error::UnverifiedAddress("ann@example.com".into()),
        ] {
            assert!(error.sentence(Locale::En).contains("ann@example.com"));
            assert!(error.sentence(Locale::De).contains("ann@example.com"));
            assert!(
                !error.to_string().contains("ann@example.com"),
                "the log does not"
            );
        }
    }

    #[test]
    fn d29_a_dead_grant_asks_for_a_new_connection() {
        for body in [
            r#"{"error":"invalid_grant"}"#,
            r#"{"reason":"Invalid Token!","error":"invalid_request"}"#,
        ] {
            assert_eq!(
                Error::from_token(Grant::Refresh, 400, &[], body.as_bytes()),
                Error::NotConnected
            );
        }
        let code = Error::from_token(Grant::Code, 400, &[], br#"{"error":"invalid_grant"}"#);
        assert_eq!(code, Error::Code);
        let client = Error::from_token(Grant::Refresh, 401, &[], br#"{"error":"invalid_client"}"#);
        assert_eq!(client, Error::Client);
        let failing = Error::from_token(Grant::Refresh, 500, &[], br#"{"error":"invalid_grant"}"#);
        assert!(matches!(failing, Error::Unavailable(_)));
    }

    #[test]
    fn d40_no_sentence_repeats_what_the_other_side_said() {
        for error in [
            Error::Unavailable("SECRET".into()),
            Error::Denied("SECRET".into()),
            Error::Unexpected("SECRET".into()),
        ] {
            assert!(!error.sentence(Locale::En).contains("SECRET"));
        }
    }
}
