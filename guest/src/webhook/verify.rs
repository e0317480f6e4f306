//! Is it Zoom?
//!
//! Two secrets say so: ours in the address, and Zoom's in a signature over the raw body and a timestamp
//! that must be of now. All comparisons take the same time whatever they find.

use crate::http::query::{parameter, parameter_with_plus};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How far a delivery's clock may be from ours, either way, in seconds.
const WINDOW: i64 = 300;

/// Why a signature is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The header is no number of seconds.
    #[error("the timestamp is missing or not a number")]
    Timestamp,
    /// More than five minutes off.
    #[error("the timestamp is more than five minutes from now")]
    Window,
    /// Made with another secret, or over another body.
    #[error("the signature does not match")]
    Signature,
}

/// Whether the address carries our secret. A plus in it may have been meant as one.
pub fn secret(query: &str, secret: &str) -> bool {
    let decoded = parameter(query, "secret").unwrap_or_default();
    let literal = parameter_with_plus(query, "secret").unwrap_or_default();
    let equal =
        decoded.as_bytes().ct_eq(secret.as_bytes()) | literal.as_bytes().ct_eq(secret.as_bytes());
    !secret.is_empty() && bool::from(equal)
}

/// Whether Zoom signed this body just now.
pub fn signature(
    key: &[u8],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now_ms: i64,
) -> Result<(), Refused> {
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::Timestamp);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| Refused::Timestamp)?;
    if now_ms.div_euclid(1000).abs_diff(seconds) > WINDOW.unsigned_abs() {
        return Err(Refused::Window);
    }
    let expected = format!(
        "v0={}",
        hmac_hex(key, &[b"v0:", timestamp.as_bytes(), b":", body])
    );
    if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        Ok(())
    } else {
        Err(Refused::Signature)
    }
}

/// HMAC-SHA256 of the joined parts, as lower-case hexadecimal.
pub fn hmac_hex(key: &[u8], parts: &[&[u8]]) -> String {
    // Keys of every length are good.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    for part in parts {
        mac.update(part);
    }
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let bytes = mac.finalize().into_bytes();
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"zoom-secret-token";
    const BODY: &[u8] = br#"{"event":"meeting.ended"}"#;
    const TIMESTAMP: &str = "1786024200";
    const NOW: i64 = 1_786_024_200_500;
    // printf 'v0:1786024200:{"event":"meeting.ended"}' | openssl dgst -sha256 -hmac zoom-secret-token
    const SIGNATURE: &str = "v0=4bb1a50a8935f9d73f5e4b38ec4107ea1478e51cc01fd7ede54410528ab7aedd";

    #[test]
    fn a_signature_made_elsewhere_is_accepted() {
        assert_eq!(signature(KEY, TIMESTAMP, SIGNATURE, BODY, NOW), Ok(()));
    }

    #[test]
    fn hmac_is_that_of_rfc_4231_case_2() {
        assert_eq!(
            hmac_hex(b"Jefe", &[b"what do ya want ", b"for nothing?"]),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn d10_anything_else_is_refused() {
        let refused = Err(Refused::Signature);
        assert_eq!(
            signature(b"other", TIMESTAMP, SIGNATURE, BODY, NOW),
            refused
        );
        assert_eq!(signature(KEY, TIMESTAMP, SIGNATURE, b"{}", NOW), refused);
        assert_eq!(signature(KEY, "1786024201", SIGNATURE, BODY, NOW), refused);
        assert_eq!(
            signature(KEY, TIMESTAMP, &SIGNATURE.to_uppercase(), BODY, NOW),
            refused
        );
        assert_eq!(signature(KEY, TIMESTAMP, "", BODY, NOW), refused);
        assert_eq!(
            signature(KEY, TIMESTAMP, &SIGNATURE[3..], BODY, NOW),
            refused
        );
    }

    #[test]
    fn five_minutes_pass_and_a_second_more_does_not() {
        let at = |seconds: i64| signature(KEY, TIMESTAMP, SIGNATURE, BODY, NOW + seconds * 1000);
        assert_eq!(at(300), Ok(()));
        assert_eq!(at(-300), Ok(()));
        assert_eq!(at(301), Err(Refused::Window));
        assert_eq!(at(-301), Err(Refused::Window));
    }

    #[test]
    fn a_timestamp_is_a_number() {
        for odd in [
            "",
            "now",
            "-1",
            "+1786024200",
            "1786024200.0",
            "99999999999999999999",
        ] {
            assert_eq!(
                signature(KEY, odd, SIGNATURE, BODY, NOW),
                Err(Refused::Timestamp),
                "{odd}"
            );
        }
    }

    #[test]
    fn the_secret_may_hold_a_plus_encoded_or_not() {
        assert!(secret("secret=a%2Bb", "a+b"));
        assert!(secret("x=1&secret=a+b", "a+b"));
        assert!(secret("secret=a+b", "a b"));
        for query in ["", "secret=", "secret=a", "secret=a%2Bbc", "Secret=a%2Bb"] {
            assert!(!secret(query, "a+b"), "{query}");
        }
        assert!(!secret("secret=", ""));
    }

    proptest! {
        #[test]
        fn no_input_is_accepted_by_chance(timestamp in ".*", given in ".*", body: Vec<u8>, now: i64) {
            prop_assert!(signature(KEY, &timestamp, &given, &body, now).is_err());
        }
    }
}
