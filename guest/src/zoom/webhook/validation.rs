//! The event `endpoint.url_validation`: every three days, Zoom checks that the webhook's URL knows the secret token.

use crate::bindings::handlers::http_handler::Response;
use crate::platform::http::response;
use crate::zoom::webhook::verify::hmac_hex;
use serde_json::json;

/// The longest token that is signed, in bytes. Zoom's tokens have 22.
const TOKEN_LIMIT: usize = 128;

/// The response with the token and its HMAC. Returns none if the text is not a valid token.
///
/// Webhook signatures use the same key, and their signed text begins with `v0:`. If this signed any text, everyone who
/// knows the URL could sign webhooks.
pub fn sign_token(plain_token: &str, secret: &str) -> Option<Response> {
    let of_a_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte);
    if plain_token.is_empty()
        || plain_token.len() > TOKEN_LIMIT
        || !plain_token.bytes().all(of_a_token)
    {
        return None;
    }
    let encrypted = hmac_hex(secret.as_bytes(), &[plain_token.as_bytes()]);
    Some(response::json(
        200,
        &json!({ "plainToken": plain_token, "encryptedToken": encrypted }),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf qgg8vlvZRS6UYooatFL8Aw | openssl dgst -sha256 -hmac zoom-secret-token
    #[test]
    fn the_token_is_signed() {
        let answer = sign_token("qgg8vlvZRS6UYooatFL8Aw", "zoom-secret-token").unwrap();
        let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(
            response::header(&answer, "Content-Type"),
            Some("application/json")
        );
        assert_eq!(json["plainToken"], "qgg8vlvZRS6UYooatFL8Aw");
        assert_eq!(
            json["encryptedToken"],
            "d9e0d764a78494688ba3f2d5c0ed4ca311394b4834d959759213424d2df961e3"
        );
    }

    #[test]
    fn a_text_that_could_be_a_webhook_is_not_signed() {
        for text in ["v0:1700000000:{}", "", "a b", &"x".repeat(129)] {
            assert!(sign_token(text, "zoom-secret-token").is_none(), "{text}");
        }
        assert!(sign_token(&"x".repeat(128), "zoom-secret-token").is_some());
    }
}
