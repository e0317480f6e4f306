//! Verifies that a delivery comes from Zoom.
//!
//! A delivery needs two proofs: the secret in the URL, and Zoom's signature over the raw body and a recent timestamp. All
//! comparisons take constant time.

use crate::platform::digest::hex;
use crate::platform::http::query::{parameter, parameter_with_plus};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// The largest age of a timestamp, in seconds. Zoom repeats a delivery after 5, 25, and 85 minutes with the same timestamp.
const MAX_AGE: i64 = 2 * 3600;
/// How far Zoom's clock may be ahead of this server's clock, in seconds.
const MAX_AHEAD: i64 = 5 * 60;

/// The reason why a delivery is refused. `age` is the age of its timestamp in seconds, negative in the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The signature is missing.
    Unsigned,
    /// The timestamp is missing or not a number of seconds.
    Timestamp,
    /// The timestamp is too far from this server's clock.
    Window {
        /// The timestamp's age.
        age: i64,
    },
    /// The signature was made with another secret, or over another body.
    Signature {
        /// The timestamp's age.
        age: i64,
    },
}

impl Rejection {
    /// The log line with the cause and what to do.
    pub fn log_line(self) -> &'static str {
        match self {
            Rejection::Unsigned => {
                "A webhook was refused because it has no signature. If a proxy stands in front of this server, make it pass the headers x-zm-signature and x-zm-request-timestamp."
            }
            Rejection::Timestamp => {
                "A webhook was refused because its timestamp is missing or not a number. If a proxy stands in front of this server, make it pass the header x-zm-request-timestamp unchanged."
            }
            Rejection::Window { .. } => {
                "A webhook was refused because its timestamp is too far from this server's clock. Check the clock of this server."
            }
            Rejection::Signature { .. } => {
                "A webhook was refused because its signature does not match. Compare the setting Zoom secret token with the secret token of your app at Zoom."
            }
        }
    }

    /// The age of the timestamp, in seconds, if it can be read.
    pub fn age(self) -> Option<i64> {
        match self {
            Rejection::Unsigned | Rejection::Timestamp => None,
            Rejection::Window { age } | Rejection::Signature { age } => Some(age),
        }
    }
}

/// Whether the URL has the secret. A `+` in the query may stand for itself or for a space.
pub fn has_url_secret(query: &str, secret: &str) -> bool {
    let decoded = parameter(query, "secret").unwrap_or_default();
    let literal = parameter_with_plus(query, "secret").unwrap_or_default();
    let equal =
        decoded.as_bytes().ct_eq(secret.as_bytes()) | literal.as_bytes().ct_eq(secret.as_bytes());
    !secret.is_empty() && bool::from(equal)
}

/// Verifies that Zoom signed this body recently. Returns the timestamp, in seconds since 1970.
pub fn verify_signature(
    key: &[u8],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now_ms: i64,
) -> Result<i64, Rejection> {
    if signature.is_empty() {
        return Err(Rejection::Unsigned);
    }
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Rejection::Timestamp);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| Rejection::Timestamp)?;
    let age = now_ms.div_euclid(1000).saturating_sub(seconds);
    if !(-MAX_AHEAD..=MAX_AGE).contains(&age) {
        return Err(Rejection::Window { age });
    }
    let expected = format!(
        "v0={}",
        hmac_hex(key, &[b"v0:", timestamp.as_bytes(), b":", body])
    );
    if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        Ok(seconds)
    } else {
        Err(Rejection::Signature { age })
    }
}

/// HMAC-SHA256 of the joined parts, as lower-case hexadecimal.
pub fn hmac_hex(key: &[u8], parts: &[&[u8]]) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return String::new();
    };
    for part in parts {
        mac.update(part);
    }
    hex(&mac.finalize().into_bytes())
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
    fn a_signature_made_by_openssl_is_accepted() {
        assert_eq!(
            verify_signature(KEY, TIMESTAMP, SIGNATURE, BODY, NOW),
            Ok(1_786_024_200)
        );
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
        let refused = Err(Rejection::Signature { age: 0 });
        let with = |key: &[u8], timestamp, given: &str, body: &[u8]| {
            verify_signature(key, timestamp, given, body, NOW)
        };
        assert_eq!(with(b"other", TIMESTAMP, SIGNATURE, BODY), refused);
        assert_eq!(with(KEY, TIMESTAMP, SIGNATURE, b"{}"), refused);
        assert_eq!(
            with(KEY, "1786024201", SIGNATURE, BODY),
            Err(Rejection::Signature { age: -1 })
        );
        let upper = SIGNATURE.to_uppercase();
        assert_eq!(with(KEY, TIMESTAMP, &upper, BODY), refused);
        assert_eq!(with(KEY, TIMESTAMP, &SIGNATURE[3..], BODY), refused);
        assert_eq!(with(KEY, TIMESTAMP, "", BODY), Err(Rejection::Unsigned));
    }

    #[test]
    fn f25_timestamps_up_to_two_hours_old_and_five_minutes_ahead_are_accepted() {
        let at =
            |seconds: i64| verify_signature(KEY, TIMESTAMP, SIGNATURE, BODY, NOW + seconds * 1000);
        assert!(at(7200).is_ok() && at(-300).is_ok());
        assert_eq!(at(7201), Err(Rejection::Window { age: 7201 }));
        assert_eq!(at(-301), Err(Rejection::Window { age: -301 }));
    }

    #[test]
    fn f27_each_reason_has_its_own_log_line() {
        let causes = [
            Rejection::Unsigned,
            Rejection::Timestamp,
            Rejection::Window { age: 1 },
            Rejection::Signature { age: 2 },
        ];
        let mut lines: Vec<_> = causes.iter().map(|cause| cause.log_line()).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), causes.len());
        assert_eq!(causes.map(Rejection::age), [None, None, Some(1), Some(2)]);
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
                verify_signature(KEY, odd, SIGNATURE, BODY, NOW),
                Err(Rejection::Timestamp),
                "{odd}"
            );
        }
    }

    #[test]
    fn a_plus_in_the_secret_may_be_encoded_or_not() {
        assert!(has_url_secret("secret=a%2Bb", "a+b"));
        assert!(has_url_secret("x=1&secret=a+b", "a+b"));
        assert!(has_url_secret("secret=a+b", "a b"));
        for query in ["", "secret=", "secret=a", "secret=a%2Bbc", "Secret=a%2Bb"] {
            assert!(!has_url_secret(query, "a+b"), "{query}");
        }
        assert!(!has_url_secret("secret=", ""));
    }

    proptest! {
        #[test]
        fn no_input_is_accepted_by_chance(timestamp in ".*", given in ".*", body: Vec<u8>, now: i64) {
            prop_assert!(verify_signature(KEY, &timestamp, &given, &body, now).is_err());
        }
    }
}
