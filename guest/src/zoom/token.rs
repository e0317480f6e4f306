//! Zoom's token endpoint: exchanges a code, refreshes tokens, signs in as a server-to-server app, and revokes a token. The app
//! authenticates with HTTP Basic authentication.

use crate::bindings::http::Response;
use crate::platform::{clock, log};
use crate::zoom::error::api::Endpoint;
use crate::zoom::error::kinds::Error;
use crate::zoom::error::oauth::Grant;
use crate::zoom::http::send;
use crate::zoom::types::Granted;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;

/// The tokens of a grant. There is no `Debug`: it would show secrets.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The access token. It is valid for an hour.
    pub access: String,
    /// The refresh token. It works once.
    pub refresh: String,
    /// The token type, usually `bearer`.
    pub kind: String,
    /// The expiry of the access token, in milliseconds; none for never.
    pub expiry: Option<i64>,
    /// The API's URL in the account's region according to Zoom, or empty.
    pub api_url: String,
    /// The scopes that Zoom granted, separated by spaces; empty for unknown.
    pub scope: String,
}

/// An access token that expires sooner than this is refreshed first, in milliseconds.
const MARGIN: i64 = 60_000;

impl Tokens {
    /// Whether the access token can be used: it was not rejected, and it does not expire soon.
    pub fn is_good(&self, now: i64, rejected: Option<&str>) -> bool {
        rejected != Some(self.access.as_str())
            && self
                .expiry
                .is_none_or(|expiry| expiry > now.saturating_add(MARGIN))
    }
}

/// The Zoom app, as far as its token endpoint needs it. There is no `Debug`: it would show secrets.
#[derive(Clone, Copy)]
pub struct App<'a> {
    /// The base of authorization and token requests, without a trailing slash.
    pub accounts_url: &'a str,
    /// The URL of Zoom's API, without a trailing slash.
    pub api_url: &'a str,
    /// The OAuth client ID.
    pub client_id: &'a str,
    /// The OAuth client secret.
    pub client_secret: &'a str,
}

/// Exchanges an authorization code for tokens.
pub fn exchange_code(
    app: &App<'_>,
    redirect_uri: &str,
    now: i64,
    code: &str,
    verifier: &str,
) -> Result<Tokens, Error> {
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", redirect_uri),
        ("code_verifier", verifier),
    ];
    request(app, Grant::Code(redirect_uri), &form).and_then(|granted| tokens(granted, now, ""))
}

/// Uses a refresh token to get new tokens. It works once, so store the new tokens before using them.
pub fn request_new_tokens(app: &App<'_>, now: i64, refresh_token: &str) -> Result<Tokens, Error> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    request(app, Grant::Token, &form).and_then(|granted| tokens(granted, now, refresh_token))
}

/// Signs in as a server-to-server app of this Zoom account. There is no refresh token. Several tokens are valid at a time.
pub fn request_account_token(app: &App<'_>, now: i64, account_id: &str) -> Result<Tokens, Error> {
    let form = [
        ("grant_type", "account_credentials"),
        ("account_id", account_id),
    ];
    request(app, Grant::Account, &form).and_then(|granted| tokens(granted, now, ""))
}

/// Gets a token of the app itself, which acts for no Zoom user. There is no refresh token.
pub fn request_app_token(app: &App<'_>, now: i64) -> Result<Tokens, Error> {
    let form = [("grant_type", "client_credentials")];
    request(app, Grant::Account, &form).and_then(|granted| tokens(granted, now, ""))
}

/// Revokes the grant of an access token.
pub fn revoke(app: &App<'_>, access_token: &str) -> Result<(), Error> {
    let response = post(app, "/oauth/revoke", &[("token", access_token)])?;
    match response.status {
        200..300 => Ok(()),
        status => {
            let Response { headers, body, .. } = &response;
            let now = clock::now_ms();
            Err(Error::from_token(Grant::Token, status, headers, body, now))
        }
    }
}

/// Confirms to Zoom that a user's data was deleted. This endpoint authenticates the app, not a user.
pub fn confirm_deletion(app: &App<'_>, body: Vec<u8>) -> Result<(), Error> {
    let base = app.api_url.strip_suffix("/v2").unwrap_or(app.api_url);
    let url = format!("{base}/oauth/data/compliance");
    let response = send("POST", url, headers(app, "application/json"), body)?;
    match response.status {
        200..300 => Ok(()),
        status => {
            let Response { headers, body, .. } = &response;
            let now = clock::now_ms();
            Err(Error::from_api(Endpoint::Other, status, headers, body, now))
        }
    }
}

fn headers(app: &App<'_>, content_type: &str) -> Vec<(String, String)> {
    let authorization = basic(app.client_id, app.client_secret);
    vec![
        ("Authorization".to_owned(), authorization),
        ("Content-Type".to_owned(), content_type.to_owned()),
    ]
}

fn request(app: &App<'_>, grant: Grant<'_>, form: &[(&str, &str)]) -> Result<Granted, Error> {
    let response = post(app, "/oauth/token", form)?;
    if !(200..300).contains(&response.status) {
        let Response {
            status,
            headers,
            body,
        } = &response;
        let error = Error::from_token(grant, *status, headers, body, clock::now_ms());
        log_refusal(*status, body, &error);
        return Err(error);
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| Error::Unexpected("no JSON from the token endpoint".to_owned()))
}

/// Logs why the token endpoint refused a code, an app, or an account. A session logs the end of a grant itself, because another node
/// may have used the refresh token first.
fn log_refusal(status: u16, body: &[u8], error: &Error) {
    use Error::{AccountId, AppDisabled, AppKind, Client, Code, Redirect, Refused};
    if matches!(
        error,
        AccountId | AppDisabled | AppKind | Client | Code | Redirect(_) | Refused(_)
    ) {
        let reason = Error::reason(status, body);
        log::warn(
            "Zoom refused an authorization.",
            &[("status", &status.to_string()), ("reason", &reason)],
        );
    }
}

pub(super) fn post(app: &App<'_>, path: &str, form: &[(&str, &str)]) -> Result<Response, Error> {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    send(
        "POST",
        format!("{}{path}", app.accounts_url),
        headers(app, "application/x-www-form-urlencoded"),
        body.into_bytes(),
    )
}

/// Client authentication of RFC 6749, section 2.3.1: both parts are form-encoded and then joined.
fn basic(id: &str, secret: &str) -> String {
    let escape = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", escape(id), escape(secret)))
    )
}

/// The tokens of a response. A response without a refresh token keeps the old one.
fn tokens(granted: Granted, now: i64, old_refresh: &str) -> Result<Tokens, Error> {
    if granted.access_token.is_empty() {
        return Err(Error::Unexpected("a token answer without token".to_owned()));
    }
    let lifetime = i64::try_from(granted.expires_in)
        .unwrap_or(0)
        .saturating_mul(1000);
    Ok(Tokens {
        access: granted.access_token,
        refresh: if granted.refresh_token.is_empty() {
            old_refresh.to_owned()
        } else {
            granted.refresh_token
        },
        kind: if granted.token_type.is_empty() {
            "bearer".to_owned()
        } else {
            granted.token_type
        },
        expiry: (lifetime > 0).then(|| now.saturating_add(lifetime)),
        api_url: granted.api_url,
        scope: granted.scope,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expiring(expiry: Option<i64>) -> Tokens {
        Tokens {
            access: "a".into(),
            refresh: "r".into(),
            expiry,
            ..Tokens::default()
        }
    }

    #[test]
    fn zm053_a_token_is_refreshed_a_minute_before_it_expires() {
        assert!(expiring(Some(160_001)).is_good(100_000, None));
        assert!(!expiring(Some(160_000)).is_good(100_000, None));
        assert!(expiring(None).is_good(i64::MAX, None));
    }

    #[test]
    fn d29_a_rejected_token_is_not_sent_again() {
        assert!(!expiring(None).is_good(0, Some("a")));
        assert!(expiring(None).is_good(0, Some("b")));
    }

    fn granted(json: &str) -> Granted {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn zm108_a_token_answer_is_read() {
        let json = r#"{"access_token":"a","token_type":"bearer","refresh_token":"r","expires_in":3599,"scope":"a:b c:d"}"#;
        let tokens = tokens(granted(json), 1_000, "old").ok().unwrap();
        assert_eq!(
            (tokens.access.as_str(), tokens.refresh.as_str()),
            ("a", "r")
        );
        assert_eq!(tokens.expiry, Some(3_600_000));
        assert_eq!(tokens.scope, "a:b c:d");
    }

    #[test]
    fn zm108_without_a_new_refresh_token_the_old_one_stays() {
        let tokens = tokens(
            granted(r#"{"access_token":"a","expires_in":"60"}"#),
            0,
            "old",
        )
        .ok()
        .unwrap();
        assert_eq!(
            (tokens.refresh.as_str(), tokens.expiry),
            ("old", Some(60_000))
        );
    }

    #[test]
    fn a_response_without_a_token_is_an_error() {
        assert!(tokens(granted("{}"), 0, "").is_err());
    }

    #[test]
    fn zm108_the_client_id_and_secret_are_form_encoded_first() {
        assert_eq!(
            basic("a b", "c:d+e"),
            format!("Basic {}", STANDARD.encode("a+b:c%3Ad%2Be"))
        );
    }
}
