//! Requests that check the Zoom app without a user, and without using anything up.
//!
//! Zoom's token endpoint offers the grants of codes, refresh tokens, devices, and server-to-server apps. Only the last one
//! works without a person. For other apps, [`credentials`] sends a refresh token that does not exist: Zoom authenticates the
//! app before it looks at the token, so the answer says whether the client ID and the client secret are right, and no grant is
//! touched. `client_credentials` is no alternative: it needs a feature or a scope that the app may not have.
//!
//! [`redirect_url`] opens the page that a browser opens to connect. Zoom compares the redirect URL before anybody signs in.

use crate::bindings::http::Response;
use crate::platform::clock;
use crate::zoom::error::kinds::Error;
use crate::zoom::error::oauth::Grant;
use crate::zoom::error::response::ErrorResponse;
use crate::zoom::http::send_once;
use crate::zoom::time::parse_http_date;
use crate::zoom::token::{self, App};

/// The refresh token that does not exist.
const NO_TOKEN: &str = "none";
/// How Zoom's pages show error 4700 about a redirect URL.
const SHOWN_CODE: &[u8] = b"4,700";

/// The answer to a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether Zoom accepts the app or the URL. The errors are [`Error::Client`], [`Error::AppDisabled`], [`Error::Redirect`],
    /// and those of the network.
    pub result: Result<(), Error>,
    /// How far this server's clock is ahead of Zoom's, in milliseconds, if the response has a time.
    pub ahead: Option<i64>,
}

impl Answer {
    fn new(
        sent: Result<Response, Error>,
        judge: impl FnOnce(&Response) -> Result<(), Error>,
    ) -> Answer {
        match sent {
            Ok(response) => Answer {
                result: judge(&response),
                ahead: ahead(&response, clock::now_ms()),
            },
            Err(error) => Answer {
                result: Err(error),
                ahead: None,
            },
        }
    }
}

fn ahead(response: &Response, now: i64) -> Option<i64> {
    let mut headers = response.headers.iter();
    let (_, date) = headers.find(|(name, _)| name.eq_ignore_ascii_case("date"))?;
    Some(now.saturating_sub(parse_http_date(date)?))
}

/// Checks the client ID and the client secret, and whether the app is enabled.
pub fn credentials(app: &App<'_>) -> Answer {
    let form = [("grant_type", "refresh_token"), ("refresh_token", NO_TOKEN)];
    Answer::new(token::post(app, "/oauth/token", &form), |response| {
        let Response {
            status,
            headers,
            body,
        } = response;
        judge_credentials(*status, headers, body)
    })
}

fn judge_credentials(status: u16, headers: &[(String, String)], body: &[u8]) -> Result<(), Error> {
    match Error::from_token(Grant::Code(""), status, headers, body, clock::now_ms()) {
        // Zoom knows the app, but not the token.
        Error::Code | Error::Refused(_) | Error::Redirect(_) => Ok(()),
        error => Err(error),
    }
}

/// Checks the credentials of a server-to-server app and the ID of its account, with a token that is not used. Also returns
/// [`Error::AccountId`] and [`Error::AppKind`].
pub fn account_credentials(app: &App<'_>, account_id: &str) -> Answer {
    let form = [
        ("grant_type", "account_credentials"),
        ("account_id", account_id),
    ];
    Answer::new(token::post(app, "/oauth/token", &form), |response| {
        let Response {
            status,
            headers,
            body,
        } = response;
        let now = clock::now_ms();
        match status {
            200..300 => Ok(()),
            _ => Err(Error::from_token(
                Grant::Account,
                *status,
                headers,
                body,
                now,
            )),
        }
    })
}

/// Checks a redirect URL. `authorize_url` is the URL that a browser opens to connect, and contains `redirect_url`.
pub fn redirect_url(authorize_url: String, redirect_url: &str) -> Answer {
    let sent = send_once("GET", authorize_url, Vec::new());
    Answer::new(sent, |response| judge_redirect(response, redirect_url))
}

fn judge_redirect(response: &Response, redirect_url: &str) -> Result<(), Error> {
    let Response { status, body, .. } = response;
    let answer = ErrorResponse::read(*status, body);
    let shown = body
        .windows(SHOWN_CODE.len())
        .any(|part| part == SHOWN_CODE);
    if shown || answer.has(&[4700, 4709], &["redirect uri", "redirect url"]) {
        return Err(Error::Redirect(redirect_url.to_owned()));
    }
    if answer.has(&[4717, 4738], &["app has been disabled"]) {
        return Err(Error::AppDisabled);
    }
    if answer.has(&[4702, 4704], &["client_id", "client id"]) {
        return Err(Error::Client);
    }
    match status {
        // The consent page, or a page to sign in on first.
        200..400 => Ok(()),
        _ => Err(Error::from_status(
            *status,
            &response.headers,
            clock::now_ms(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://chat.example.com/plugins/zoom/oauth2/complete";

    fn response(status: u16, body: &str) -> Response {
        Response {
            status,
            headers: vec![("date".into(), "Thu, 06 Aug 2026 13:50:00 GMT".into())],
            body: body.into(),
        }
    }

    #[test]
    fn the_answer_to_an_unknown_refresh_token_proves_the_credentials() {
        for (status, body, expected) in [
            (
                400,
                r#"{"reason":"Invalid Token!","error":"invalid_grant"}"#,
                Ok(()),
            ),
            (
                400,
                r#"{"reason":"Invalid Token!","error":"invalid_request"}"#,
                Ok(()),
            ),
            (
                400,
                r#"{"code":4735,"message":"The owner does not exist."}"#,
                Ok(()),
            ),
            (
                400,
                r#"{"reason":"Invalid client_id or client_secret","error":"invalid_client"}"#,
                Err(Error::Client),
            ),
            (
                401,
                r#"{"errorCode":4704,"errorMessage":"Invalid client secret."}"#,
                Err(Error::Client),
            ),
            (
                400,
                r#"{"reason":"The app has been disabled","error":"invalid_request"}"#,
                Err(Error::AppDisabled),
            ),
        ] {
            assert_eq!(
                judge_credentials(status, &[], body.as_bytes()),
                expected,
                "{body}"
            );
        }
        let page = judge_credentials(403, &[], b"<html>Blocked by a proxy</html>");
        assert!(matches!(page, Err(Error::Unexpected(_))), "{page:?}");
        let failing = judge_credentials(502, &[], b"");
        assert!(matches!(failing, Err(Error::Unavailable(_))), "{failing:?}");
    }

    #[test]
    fn a_refused_redirect_url_is_recognized_in_json_and_on_a_page() {
        for (status, body) in [
            (
                400,
                r#"{"status":false,"errorCode":4700,"errorMessage":"Invalid redirect url"}"#,
            ),
            (
                200,
                r#"{"status":false,"errorCode":4700,"errorMessage":"Invalid redirect url"}"#,
            ),
            (
                200,
                "<html><p>Invalid redirect: https://chat.example.com (4,700)</p></html>",
            ),
        ] {
            let refused = Err(Error::Redirect(URL.to_owned()));
            assert_eq!(
                judge_redirect(&response(status, body), URL),
                refused,
                "{body}"
            );
        }
        for (status, body) in [(302, ""), (200, "<html>Sign in</html>")] {
            assert_eq!(
                judge_redirect(&response(status, body), URL),
                Ok(()),
                "{body}"
            );
        }
        let disabled = response(
            400,
            r#"{"errorCode":4717,"errorMessage":"The app has been disabled"}"#,
        );
        assert_eq!(judge_redirect(&disabled, URL), Err(Error::AppDisabled));
        let unknown = response(
            400,
            r#"{"errorCode":4702,"errorMessage":"Invalid client_id."}"#,
        );
        assert_eq!(judge_redirect(&unknown, URL), Err(Error::Client));
        assert!(judge_redirect(&response(404, ""), URL).is_err());
    }

    #[test]
    fn the_time_of_a_response_shows_how_far_the_clock_is_off() {
        let late = 1_786_024_200_000 + 600_000;
        assert_eq!(ahead(&response(200, ""), late), Some(600_000));
        let undated = Response {
            headers: Vec::new(),
            ..response(200, "")
        };
        assert_eq!(ahead(&undated, late), None);
    }
}
