//! Which answer of Zoom is which error.
//!
//! The tables are read from top to bottom; the first row that fits decides. A row fits if the request and the status
//! fit, and the answer has one of the codes or its message has one of the words. Zoom often answers 400 where one
//! expects 401, 403, or 404, and some answers have no code; so neither the status nor the code alone is enough.

use super::kinds::{Details, Error};
use super::limit::Limit;
use super::redact::redact;
use serde::Deserialize;
use serde_json::Value;

/// Which request of the REST API was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// `GET /users/{user}`.
    User,
    /// `POST /users/{user}/meetings`.
    NewMeeting,
    /// `GET /meetings/{number}`.
    Meeting,
    /// Anything else.
    Other,
}

/// What the token endpoint refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<'a> {
    /// The code of a sign-in, with this redirect address.
    Code(&'a str),
    /// A refresh token, or a token that was to be revoked.
    Token,
}

struct Row {
    /// Empty for all.
    endpoints: &'static [Endpoint],
    /// Empty for all from 400 to 499.
    statuses: &'static [u16],
    codes: &'static [i64],
    /// In lower case.
    words: &'static [&'static str],
    error: fn(Details) -> Error,
}

const ANY: Row = Row {
    endpoints: &[],
    statuses: &[],
    codes: &[],
    words: &[],
    error: Error::Refused,
};

const API: [Row; 14] = [
    Row {
        codes: &[124],
        error: |_| Error::Unauthorized,
        ..ANY
    },
    Row {
        codes: &[104, 4700, 4711],
        words: &["does not contain scopes"],
        error: |_| Error::MissingScope,
        ..ANY
    },
    Row {
        codes: &[3161],
        words: &["hosting and scheduling capabilities"],
        error: |_| Error::NoLicense,
        ..ANY
    },
    Row {
        codes: &[1000],
        error: |_| Error::Pending,
        ..ANY
    },
    Row {
        codes: &[3000],
        words: &["webinar info"],
        error: |_| Error::Webinar,
        ..ANY
    },
    Row {
        codes: &[3001],
        words: &["meeting does not exist"],
        error: |_| Error::NotFound,
        ..ANY
    },
    // The host of the meeting is unknown to the caller, and so is the meeting.
    Row {
        endpoints: &[Endpoint::Meeting],
        codes: &[1001, 1010],
        error: |_| Error::NotFound,
        ..ANY
    },
    Row {
        codes: &[1001],
        words: &["user does not exist"],
        error: |_| Error::NotFound,
        ..ANY
    },
    Row {
        codes: &[1010],
        words: &["not belong to this account"],
        error: |_| Error::OtherAccount,
        ..ANY
    },
    Row {
        codes: &[200],
        error: |_| Error::Forbidden,
        ..ANY
    },
    Row {
        codes: &[300],
        error: Error::Invalid,
        ..ANY
    },
    Row {
        statuses: &[401],
        error: |_| Error::Unauthorized,
        ..ANY
    },
    Row {
        statuses: &[403],
        error: |_| Error::Forbidden,
        ..ANY
    },
    Row {
        statuses: &[404],
        error: |_| Error::NotFound,
        ..ANY
    },
];

impl Row {
    fn fits(&self, endpoint: Endpoint, answer: &Answer) -> bool {
        let by_status = self.codes.is_empty() && self.words.is_empty();
        (self.endpoints.is_empty() || self.endpoints.contains(&endpoint))
            && (self.statuses.is_empty() || self.statuses.contains(&answer.status))
            && (by_status || answer.has(self.codes, self.words))
    }
}

struct OauthRow {
    /// Whether only the exchange of a code means this.
    code_only: bool,
    errors: &'static [&'static str],
    codes: &'static [i64],
    words: &'static [&'static str],
    error: fn(&str) -> Error,
}

const OAUTH: [OauthRow; 4] = [
    OauthRow {
        code_only: true,
        errors: &[],
        codes: &[4717, 4738],
        words: &["app has been disabled", "disabled by admin"],
        error: |_| Error::AppDisabled,
    },
    OauthRow {
        code_only: true,
        errors: &[],
        codes: &[4700, 4709],
        words: &["redirect uri", "redirect url"],
        error: |uri| Error::Redirect(uri.to_owned()),
    },
    OauthRow {
        code_only: false,
        errors: &[
            "invalid_client",
            "unauthorized_client",
            "unsupported_grant_type",
        ],
        codes: &[4702, 4704, 4705, 4706],
        words: &[
            "client_id",
            "client id",
            "client secret",
            "client_secret",
            "grant type",
        ],
        error: |_| Error::Client,
    },
    OauthRow {
        code_only: true,
        errors: &["invalid_grant"],
        codes: &[4733, 4734],
        words: &["code is expired", "authorization code", "verifier"],
        error: |_| Error::Code,
    },
];

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

/// The fields that error answers may have. A field of another type counts as absent.
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

/// An error answer.
struct Answer {
    status: u16,
    code: Option<i64>,
    message: String,
    /// The OAuth error, or empty.
    error: String,
}

impl Answer {
    fn read(status: u16, body: &[u8]) -> Answer {
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
        Answer {
            status,
            code: number(&body.code).or_else(|| number(&body.error_code)),
            message: text.unwrap_or_default().to_owned(),
            error: body.error.as_str().unwrap_or_default().to_owned(),
        }
    }

    fn has(&self, codes: &[i64], words: &[&str]) -> bool {
        let message = self.message.to_ascii_lowercase();
        self.code.is_some_and(|code| codes.contains(&code))
            || words.iter().any(|word| message.contains(word))
    }

    fn details(&self) -> Details {
        Details {
            status: self.status,
            code: self.code.unwrap_or(0),
            message: redact(&self.message),
        }
    }

    /// Whether the token endpoint itself answered, and not a proxy or a broken server in front of it.
    fn is_oauth(&self) -> bool {
        OAUTH_ERRORS.contains(&self.error.as_str())
            || (!self.error.is_empty() && !self.message.is_empty())
            || self.code.is_some_and(|code| OAUTH_CODES.contains(&code))
    }

    /// The reason in Zoom's words, for the log.
    fn reason(&self) -> String {
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
    /// The meaning of an answer of the REST API other than success. `now` is in milliseconds.
    pub fn from_api(
        endpoint: Endpoint,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
        now: i64,
    ) -> Error {
        match status {
            400..=499 if status != 429 => {}
            _ => return Error::from_status(status, headers, now),
        }
        let answer = Answer::read(status, body);
        match API.iter().find(|row| row.fits(endpoint, &answer)) {
            Some(row) => (row.error)(answer.details()),
            None if answer.code.is_some() => Error::Refused(answer.details()),
            None => Error::Unexpected(format!("status {status}")),
        }
    }

    /// The meaning of an answer of the token endpoint other than success. `now` is in milliseconds.
    ///
    /// An OAuth error with a status from 400 to 499 that is not about the app's credentials ends the grant. An
    /// answer that is not an OAuth error, such as a proxy's page, does not.
    pub fn from_token(
        grant: Grant<'_>,
        status: u16,
        headers: &[(String, String)],
        body: &[u8],
        now: i64,
    ) -> Error {
        match status {
            400..=499 if status != 429 => {}
            _ => return Error::from_status(status, headers, now),
        }
        let answer = Answer::read(status, body);
        if !answer.is_oauth() {
            return Error::Unexpected(format!("status {status} of the token endpoint"));
        }
        let redirect_uri = match grant {
            Grant::Code(redirect_uri) => Some(redirect_uri),
            Grant::Token => None,
        };
        let fits = |row: &&OauthRow| {
            let by_error = row.errors.contains(&answer.error.as_str());
            (!row.code_only || redirect_uri.is_some())
                && (by_error || answer.has(row.codes, row.words))
        };
        match (OAUTH.iter().find(fits), redirect_uri) {
            (Some(row), uri) => (row.error)(uri.unwrap_or_default()),
            (None, Some(_)) => Error::Refused(Details {
                message: answer.reason(),
                ..answer.details()
            }),
            (None, None) => Error::GrantEnded(answer.reason()),
        }
    }

    /// The meaning of a status alone.
    fn from_status(status: u16, headers: &[(String, String)], now: i64) -> Error {
        match status {
            429 => Error::RateLimited(Limit::read(headers, now)),
            500..=599 => Error::Unavailable(format!("status {status}")),
            _ => Error::Unexpected(format!("status {status}")),
        }
    }

    /// The words in which the token endpoint refused something, for the log. They are empty where it has none.
    pub fn reason(status: u16, body: &[u8]) -> String {
        Answer::read(status, body).reason()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn api(endpoint: Endpoint, status: u16, body: &str) -> Error {
        Error::from_api(endpoint, status, &[], body.as_bytes(), 0)
    }

    fn details(status: u16, code: i64, message: &str) -> Details {
        Details {
            status,
            code,
            message: message.to_owned(),
        }
    }

    #[test]
    fn zm109_zm110_f13_answers_of_the_api_become_errors() {
        use Endpoint::{Meeting, NewMeeting, Other, User};
        let license = r#"{"code":3161,"message":"Meeting hosting and scheduling capabilities are not allowed for your user account."}"#;
        let scopes = r#"{"code":4711,"message":"Invalid access token, does not contain scopes:[meeting:write]."}"#;
        for (endpoint, status, body, expected) in [
            (
                User,
                401,
                r#"{"code":124,"message":"Invalid access token."}"#,
                Error::Unauthorized,
            ),
            (
                User,
                400,
                r#"{"code":124,"message":"Invalid access token."}"#,
                Error::Unauthorized,
            ),
            (User, 401, "", Error::Unauthorized),
            (NewMeeting, 400, scopes, Error::MissingScope),
            (NewMeeting, 401, r#"{"code":104}"#, Error::MissingScope),
            (NewMeeting, 403, r#"{"code":4700}"#, Error::MissingScope),
            (NewMeeting, 400, license, Error::NoLicense),
            (NewMeeting, 404, r#"{"code":"3161"}"#, Error::NoLicense),
            (
                NewMeeting,
                400,
                r#"{"message":"Meeting hosting and scheduling capabilities are not allowed."}"#,
                Error::NoLicense,
            ),
            (User, 400, r#"{"code":1000,"message":"x"}"#, Error::Pending),
            (
                NewMeeting,
                400,
                r#"{"code":1010,"message":"x"}"#,
                Error::OtherAccount,
            ),
            (User, 400, r#"{"code":1010}"#, Error::OtherAccount),
            (User, 400, r#"{"code":1001}"#, Error::NotFound),
            (User, 404, r#"{"code":1001}"#, Error::NotFound),
            (User, 404, "<html>", Error::NotFound),
            (Meeting, 400, r#"{"code":1010}"#, Error::NotFound),
            (Meeting, 400, r#"{"code":1001}"#, Error::NotFound),
            (Meeting, 400, r#"{"code":3001}"#, Error::NotFound),
            (Meeting, 404, r#"{"code":3001}"#, Error::NotFound),
            (
                Meeting,
                400,
                r#"{"code":3000,"message":"Cannot access webinar info."}"#,
                Error::Webinar,
            ),
            (
                NewMeeting,
                400,
                r#"{"code":200,"message":"No permission."}"#,
                Error::Forbidden,
            ),
            (NewMeeting, 403, "", Error::Forbidden),
            (
                NewMeeting,
                400,
                r#"{"code":300,"message":"Validation Failed."}"#,
                Error::Invalid(details(400, 300, "Validation Failed.")),
            ),
            (
                Other,
                400,
                r#"{"code":4242,"message":"New."}"#,
                Error::Refused(details(400, 4242, "New.")),
            ),
            (
                Other,
                418,
                r#"{"code":1,"message":"a\nb"}"#,
                Error::Refused(details(418, 1, "a b")),
            ),
            (
                Other,
                409,
                r#"{"errorCode":77,"errorMessage":"New."}"#,
                Error::Refused(details(409, 77, "New.")),
            ),
            (
                Other,
                400,
                "raw <b>words</b>",
                Error::Unexpected("status 400".into()),
            ),
            (Other, 302, "", Error::Unexpected("status 302".into())),
            (
                Other,
                503,
                r#"{"code":124}"#,
                Error::Unavailable("status 503".into()),
            ),
        ] {
            assert_eq!(
                api(endpoint, status, body),
                expected,
                "{endpoint:?} {status} {body}"
            );
        }
    }

    const URI: &str = "https://chat.example.com/plugins/zoom/oauth2/complete";

    fn token(grant: Grant<'_>, status: u16, body: &str) -> Error {
        Error::from_token(grant, status, &[], body.as_bytes(), 0)
    }

    #[test]
    fn f14_an_oauth_error_ends_the_grant_and_nothing_else_does() {
        for (status, body, reason) in [
            (400, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            (
                400,
                r#"{"reason":"Invalid Token!","error":"invalid_request"}"#,
                "Invalid Token!",
            ),
            (
                400,
                r#"{"reason":"Refresh token invalid.","error":"invalid_request"}"#,
                "Refresh token invalid.",
            ),
            (
                400,
                r#"{"reason":"Redirect URI mismatch.","error":"invalid_request"}"#,
                "Redirect URI mismatch.",
            ),
            (
                400,
                r#"{"reason":"The app has been disabled","error":"invalid_request"}"#,
                "The app has been disabled",
            ),
            (
                400,
                r#"{"reason":"The owner of the token does not exist.","error":"invalid_request"}"#,
                "The owner of the token does not exist.",
            ),
            (
                400,
                r#"{"reason":"The token is disabled by admin.","error":"invalid_request"}"#,
                "The token is disabled by admin.",
            ),
            (
                401,
                r#"{"reason":"The token has been revoked.","error":"invalid_request"}"#,
                "The token has been revoked.",
            ),
            (
                400,
                r#"{"code":4741,"message":"The token has been revoked."}"#,
                "4741 The token has been revoked.",
            ),
            (403, r#"{"errorCode":4737}"#, "4737"),
            (400, r#"{"error":"new_error","reason":"New."}"#, "New."),
        ] {
            let ended = Error::GrantEnded(reason.to_owned());
            assert_eq!(token(Grant::Token, status, body), ended, "{body}");
        }
        for (status, body) in [
            (
                401,
                r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
            ),
            (400, r#"{"error":"unauthorized_client"}"#),
            (
                400,
                r#"{"reason":"unsupported grant type","error":"unsupported_grant_type"}"#,
            ),
            (
                400,
                r#"{"reason":"Client ID does not match authenticated client.","error":"invalid_request"}"#,
            ),
        ] {
            assert_eq!(token(Grant::Token, status, body), Error::Client, "{body}");
        }
        for (status, body) in [
            (400, "<html>Blocked by a proxy</html>"),
            (403, r#"{"error":"blocked"}"#),
            (404, r#"{"message":"no route"}"#),
            (407, ""),
            (400, "[]"),
            (400, r#"{"error":{"a":1}}"#),
            (302, ""),
        ] {
            let unclear = token(Grant::Token, status, body);
            assert!(
                matches!(unclear, Error::Unexpected(_)),
                "{body}: {unclear:?}"
            );
        }
        let failing = token(Grant::Token, 500, r#"{"error":"invalid_grant"}"#);
        assert!(matches!(failing, Error::Unavailable(_)));
        let limited = token(
            Grant::Token,
            429,
            r#"{"error":"invalid_grant","reason":"slow"}"#,
        );
        assert!(matches!(limited, Error::RateLimited(_)));
    }

    #[test]
    fn f15_a_refused_code_says_what_is_wrong() {
        let redirect = || Error::Redirect(URI.to_owned());
        for (body, expected) in [
            (
                r#"{"reason":"Redirect URI mismatch.","error":"invalid_request"}"#,
                redirect(),
            ),
            (r#"{"code":4709}"#, redirect()),
            (
                r#"{"code":4700,"message":"Invalid redirect url."}"#,
                redirect(),
            ),
            (
                r#"{"reason":"The app has been disabled","error":"invalid_request"}"#,
                Error::AppDisabled,
            ),
            (
                r#"{"errorCode":4717,"error":"invalid_client"}"#,
                Error::AppDisabled,
            ),
            (
                r#"{"reason":"The token is disabled by admin.","error":"invalid_request"}"#,
                Error::AppDisabled,
            ),
            (
                r#"{"reason":"Code is expired","error":"invalid_request"}"#,
                Error::Code,
            ),
            (
                r#"{"reason":"Invalid authorization code","error":"invalid_request"}"#,
                Error::Code,
            ),
            (r#"{"error":"invalid_grant"}"#, Error::Code),
            (
                r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
                Error::Client,
            ),
            (
                r#"{"reason":"New.","error":"invalid_request"}"#,
                Error::Refused(details(400, 0, "New.")),
            ),
        ] {
            assert_eq!(token(Grant::Code(URI), 400, body), expected, "{body}");
        }
        let page = token(Grant::Code(URI), 400, "<html>");
        assert!(matches!(page, Error::Unexpected(_)));
    }

    proptest! {
        #[test]
        fn no_body_makes_the_tables_panic(status in 100_u16..600, body: Vec<u8>, code: i64, text in ".*") {
            let json = serde_json::json!({"code": code, "message": text, "error": text}).to_string();
            for body in [&body[..], json.as_bytes()] {
                let _ = Error::from_api(Endpoint::Meeting, status, &[], body, 0);
                let _ = Error::from_token(Grant::Token, status, &[], body, 0);
            }
        }
    }
}
