//! Maps error responses of the token endpoint to errors.
//!
//! The first row of the table that fits decides. A row fits if the response has one of the OAuth errors or codes, or its
//! reason contains one of the words.

use crate::zoom::error::kinds::{Details, Error};
use crate::zoom::error::response::ErrorResponse;

/// The grant that the token endpoint refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<'a> {
    /// An authorization code, with this redirect URI.
    Code(&'a str),
    /// A refresh token, or a token that was to be revoked.
    Token,
    /// The credentials of a server-to-server app and the ID of its account.
    Account,
}

impl Grant<'_> {
    fn kind(self) -> Kind {
        match self {
            Grant::Code(_) => Kind::Code,
            Grant::Token => Kind::Token,
            Grant::Account => Kind::Account,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Token,
    Account,
}

struct OauthRow {
    /// The grants to which the row applies.
    grants: &'static [Kind],
    errors: &'static [&'static str],
    codes: &'static [i64],
    words: &'static [&'static str],
    error: fn(&str) -> Error,
}

const OAUTH: [OauthRow; 6] = [
    OauthRow {
        grants: &[Kind::Code, Kind::Account],
        errors: &[],
        codes: &[4717, 4738],
        words: &["app has been disabled", "disabled by admin"],
        error: |_| Error::AppDisabled,
    },
    OauthRow {
        grants: &[Kind::Code],
        errors: &[],
        codes: &[4700, 4709],
        words: &["redirect uri", "redirect url"],
        error: |uri| Error::Redirect(uri.to_owned()),
    },
    OauthRow {
        grants: &[Kind::Account],
        errors: &["unsupported_grant_type", "unauthorized_client"],
        codes: &[],
        words: &["grant type"],
        error: |_| Error::AppKind,
    },
    OauthRow {
        grants: &[Kind::Code, Kind::Token, Kind::Account],
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
    // Zoom says "Bad request" if no account has this ID, or if the app is in another account.
    OauthRow {
        grants: &[Kind::Account],
        errors: &["invalid_request", "invalid_grant"],
        codes: &[],
        words: &["account"],
        error: |_| Error::AccountId,
    },
    OauthRow {
        grants: &[Kind::Code],
        errors: &["invalid_grant"],
        codes: &[4733, 4734],
        words: &["code is expired", "authorization code", "verifier"],
        error: |_| Error::Code,
    },
];

impl Error {
    /// The error for an unsuccessful response of the token endpoint. `now` is in milliseconds.
    ///
    /// For a token, an OAuth error with a status from 400 to 499 that is not about the app's credentials ends the grant. An
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
        let answer = ErrorResponse::read(status, body);
        if !answer.is_oauth() {
            return Error::Unexpected(format!("status {status} of the token endpoint"));
        }
        let redirect_uri = match grant {
            Grant::Code(redirect_uri) => redirect_uri,
            Grant::Token | Grant::Account => "",
        };
        let fits = |row: &&OauthRow| {
            let by_error = row.errors.contains(&answer.error.as_str());
            row.grants.contains(&grant.kind()) && (by_error || answer.has(row.codes, row.words))
        };
        match OAUTH.iter().find(fits) {
            Some(row) => (row.error)(redirect_uri),
            None if grant == Grant::Token => Error::GrantEnded(answer.reason()),
            None => Error::Refused(Details {
                message: answer.reason(),
                ..answer.details()
            }),
        }
    }

    /// The reason for a refusal by the token endpoint, for the log; empty if there is none.
    pub fn reason(status: u16, body: &[u8]) -> String {
        ErrorResponse::read(status, body).reason()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn details(status: u16, code: i64, message: &str) -> Details {
        Details {
            status,
            code,
            message: message.to_owned(),
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

    #[test]
    fn a_refused_server_to_server_app_says_which_setting_is_wrong() {
        for (status, body, expected) in [
            (
                400,
                r#"{"reason":"Bad request","error":"invalid_request"}"#,
                Error::AccountId,
            ),
            (
                400,
                r#"{"reason":"Invalid account id","error":"invalid_account"}"#,
                Error::AccountId,
            ),
            (
                401,
                r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
                Error::Client,
            ),
            (
                400,
                r#"{"reason":"unsupported grant type","error":"unsupported_grant_type"}"#,
                Error::AppKind,
            ),
            (
                400,
                r#"{"reason":"unsupported grant type","error":"invalid_request"}"#,
                Error::AppKind,
            ),
            (
                400,
                r#"{"reason":"The app has been disabled","error":"invalid_request"}"#,
                Error::AppDisabled,
            ),
            (
                400,
                r#"{"reason":"New.","error":"new_error"}"#,
                Error::Refused(details(400, 0, "New.")),
            ),
        ] {
            assert_eq!(token(Grant::Account, status, body), expected, "{body}");
        }
        let page = token(Grant::Account, 400, "<html>");
        assert!(matches!(page, Error::Unexpected(_)));
        let failing = token(Grant::Account, 502, "");
        assert!(matches!(failing, Error::Unavailable(_)));
    }

    proptest! {
        #[test]
        fn no_body_makes_the_table_panic(status in 100_u16..600, body: Vec<u8>, code: i64, text in ".*") {
            let json = serde_json::json!({"code": code, "reason": text, "error": text}).to_string();
            for body in [&body[..], json.as_bytes()] {
                let _ = Error::from_token(Grant::Token, status, &[], body, 0);
                let _ = Error::from_token(Grant::Code(URI), status, &[], body, 0);
                let _ = Error::from_token(Grant::Account, status, &[], body, 0);
            }
        }
    }
}
