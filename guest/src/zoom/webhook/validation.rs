//! `endpoint.url_validation`: Zoom asks, every three days, whether the address knows its secret.

use crate::bindings::handlers::http_handler::Response;
use crate::platform::http::response;
use crate::zoom::webhook::verify::hmac_hex;
use serde_json::json;

/// The longest token that is signed, in bytes. Zoom's have 22.
const TOKEN_LIMIT: usize = 128;

/// The token, and its HMAC with the secret; none for a text that is no token.
///
/// The key is that of the webhook signatures, and what they sign begins with `v0:`. Signing whatever is
/// asked for would let somebody who knows only the address sign webhooks.
pub fn answer(plain_token: &str, secret: &str) -> Option<Response> {
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
        let answer = answer("qgg8vlvZRS6UYooatFL8Aw", "zoom-secret-token").unwrap();
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
    fn what_could_be_a_signed_webhook_is_not_signed() {
        for text in ["v0:1700000000:{}", "", "a b", &"x".repeat(129)] {
            assert!(answer(text, "zoom-secret-token").is_none(), "{text}");
        }
        assert!(answer(&"x".repeat(128), "zoom-secret-token").is_some());
    }
}
