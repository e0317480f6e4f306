//! `endpoint.url_validation`: Zoom asks, every three days, whether the address knows its secret.

use super::verify::hmac_hex;
use crate::bindings::handlers::http_handler::Response;
use crate::http::response;
use serde_json::json;

/// The token, and its HMAC with the secret.
pub fn answer(plain_token: &str, secret: &str) -> Response {
    let encrypted = hmac_hex(secret.as_bytes(), &[plain_token.as_bytes()]);
    response::json(
        200,
        &json!({ "plainToken": plain_token, "encryptedToken": encrypted }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    // printf qgg8vlvZRS6UYooatFL8Aw | openssl dgst -sha256 -hmac zoom-secret-token
    #[test]
    fn the_token_is_signed() {
        let answer = answer("qgg8vlvZRS6UYooatFL8Aw", "zoom-secret-token");
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
}
