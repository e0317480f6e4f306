//! Zoom's token endpoint: a code becomes tokens, a refresh token becomes new ones, a token is given
//! back. The app shows who it is by HTTP Basic authentication.

use super::error::{Endpoint, Grant};
use super::types::Granted;
use super::{Error, send};
use crate::bindings::http::Response;
use crate::config::Config;
use crate::store::tokens::Tokens;
use crate::system;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form_urlencoded::Serializer;

/// Exchanges the code of a sign-in.
pub fn exchange(config: &Config, now: i64, code: &str, verifier: &str) -> Result<Tokens, Error> {
    let redirect_uri = config.redirect_uri();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", &redirect_uri),
        ("code_verifier", verifier),
    ];
    request(config, Grant::Code(&redirect_uri), &form).and_then(|granted| tokens(granted, now, ""))
}

/// Spends a refresh token. It is good once: what comes back must be stored before it is used.
pub fn refresh(config: &Config, now: i64, refresh_token: &str) -> Result<Tokens, Error> {
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
    ];
    request(config, Grant::Token, &form).and_then(|granted| tokens(granted, now, refresh_token))
}

/// Gives an access token back, so that Zoom forgets the grant.
pub fn revoke(config: &Config, access_token: &str) -> Result<(), Error> {
    let response = post(config, "/oauth/revoke", &[("token", access_token)])?;
    match response.status {
        200..300 => Ok(()),
        status => {
            let Response { headers, body, .. } = &response;
            let now = system::now_ms();
            Err(Error::from_token(Grant::Token, status, headers, body, now))
        }
    }
}

/// Tells Zoom that a user's data is gone. It is asked for beside the API, with the app's password.
pub fn confirm_deletion(config: &Config, body: Vec<u8>) -> Result<(), Error> {
    let base = config
        .zoom_api_url
        .strip_suffix("/v2")
        .unwrap_or(&config.zoom_api_url);
    let url = format!("{base}/oauth/data/compliance");
    let response = send("POST", url, headers(config, "application/json"), body)?;
    match response.status {
        200..300 => Ok(()),
        status => {
            let Response { headers, body, .. } = &response;
            let now = system::now_ms();
            Err(Error::from_api(Endpoint::Other, status, headers, body, now))
        }
    }
}

fn headers(config: &Config, content_type: &str) -> Vec<(String, String)> {
    let authorization = basic(&config.client_id, &config.client_secret);
    vec![
        ("Authorization".to_owned(), authorization),
        ("Content-Type".to_owned(), content_type.to_owned()),
    ]
}

fn request(config: &Config, grant: Grant<'_>, form: &[(&str, &str)]) -> Result<Granted, Error> {
    let response = post(config, "/oauth/token", form)?;
    if !(200..300).contains(&response.status) {
        let Response {
            status,
            headers,
            body,
        } = &response;
        let error = Error::from_token(grant, *status, headers, body, system::now_ms());
        log_refusal(*status, body, &error);
        return Err(error);
    }
    serde_json::from_slice(&response.body)
        .map_err(|_| Error::Unexpected("no JSON from the token endpoint".to_owned()))
}

/// Logs why the token endpoint refused a code or the app. A session logs the end of a grant itself, because another node
/// may have spent the refresh token first.
fn log_refusal(status: u16, body: &[u8], error: &Error) {
    use Error::{AppDisabled, Client, Code, Redirect, Refused};
    if matches!(
        error,
        AppDisabled | Client | Code | Redirect(_) | Refused(_)
    ) {
        let reason = Error::reason(status, body);
        system::warn(
            "Zoom refused an authorization.",
            &[("status", &status.to_string()), ("reason", &reason)],
        );
    }
}

fn post(config: &Config, path: &str, form: &[(&str, &str)]) -> Result<Response, Error> {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    send(
        "POST",
        format!("{}{path}", config.accounts_url()),
        headers(config, "application/x-www-form-urlencoded"),
        body.into_bytes(),
    )
}

/// Client authentication of RFC 6749, section 2.3.1: both parts form-encoded, then joined.
fn basic(id: &str, secret: &str) -> String {
    let escape = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    format!(
        "Basic {}",
        STANDARD.encode(format!("{}:{}", escape(id), escape(secret)))
    )
}

/// A token answer as what we keep. An answer without a refresh token leaves the old one good.
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(json: &str) -> Granted {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn zm108_a_token_answer_is_read() {
        let json =
            r#"{"access_token":"a","token_type":"bearer","refresh_token":"r","expires_in":3599}"#;
        let tokens = tokens(granted(json), 1_000, "old").ok().unwrap();
        assert_eq!(
            (tokens.access.as_str(), tokens.refresh.as_str()),
            ("a", "r")
        );
        assert_eq!(tokens.expiry, Some(3_600_000));
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
    fn an_answer_without_token_is_none() {
        assert!(tokens(granted("{}"), 0, "").is_err());
    }

    #[test]
    fn zm108_the_apps_name_and_password_are_form_encoded_first() {
        assert_eq!(
            basic("a b", "c:d+e"),
            format!("Basic {}", STANDARD.encode("a+b:c%3Ad%2Be"))
        );
    }
}
