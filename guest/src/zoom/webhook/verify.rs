//! Proving that a delivery comes from Zoom.
//!
//! Two secrets prove it: ours in the URL, and Zoom's in a signature over the raw body and a recent timestamp. All
//! comparisons take constant time.

use crate::platform::digest::hex;
use crate::platform::http::query::{parameter, parameter_with_plus};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// How old a delivery may be, in seconds. Zoom repeats one after 5, 25, and 85 minutes, with its first timestamp.
const OLDEST: i64 = 2 * 3600;
/// How far Zoom's clock may be ahead of ours, in seconds.
const AHEAD: i64 = 5 * 60;

/// Why a delivery is refused. `age` is that of its timestamp in seconds, negative if it lies in the future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The headers with signature and timestamp are missing.
    Unsigned,
    /// The timestamp is missing or not a number of seconds.
    Timestamp,
    /// The timestamp is too far from our clock.
    Window {
        /// Its age.
        age: i64,
    },
    /// The signature was made with another secret, or over another body.
    Signature {
        /// The timestamp's age.
        age: i64,
    },
}

impl Refused {
    /// The log line: the cause, and what to do.
    pub fn log_line(self) -> &'static str {
        match self {
            Refused::Unsigned => {
                "A webhook was refused because it has no signature. If a proxy stands in front of this server, make it pass the headers x-zm-signature and x-zm-request-timestamp."
            }
            Refused::Timestamp => {
                "A webhook was refused because its timestamp is missing or not a number. If a proxy stands in front of this server, make it pass the header x-zm-request-timestamp unchanged."
            }
            Refused::Window { .. } => {
                "A webhook was refused because its timestamp is too far from this server's clock. Check the clock of this server."
            }
            Refused::Signature { .. } => {
                "A webhook was refused because its signature does not match. Compare the setting Zoom secret token with the secret token of your app at Zoom."
            }
        }
    }

    /// The age of the timestamp, in seconds, if it can be read.
    pub fn age(self) -> Option<i64> {
        match self {
            Refused::Unsigned | Refused::Timestamp => None,
            Refused::Window { age } | Refused::Signature { age } => Some(age),
        }
    }
}

/// Whether the address carries our secret. A plus in it may have been meant as one.
pub fn secret(query: &str, secret: &str) -> bool {
    let decoded = parameter(query, "secret").unwrap_or_default();
    let literal = parameter_with_plus(query, "secret").unwrap_or_default();
    let equal =
        decoded.as_bytes().ct_eq(secret.as_bytes()) | literal.as_bytes().ct_eq(secret.as_bytes());
    !secret.is_empty() && bool::from(equal)
}

/// Whether Zoom signed this body lately. Answers when, in seconds since 1970.
pub fn signature(
    key: &[u8],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now_ms: i64,
) -> Result<i64, Refused> {
    if signature.is_empty() {
        return Err(Refused::Unsigned);
    }
    if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::Timestamp);
    }
    let seconds: i64 = timestamp.parse().map_err(|_| Refused::Timestamp)?;
    let age = now_ms.div_euclid(1000).saturating_sub(seconds);
    if !(-AHEAD..=OLDEST).contains(&age) {
        return Err(Refused::Window { age });
    }
    let expected = format!(
        "v0={}",
        hmac_hex(key, &[b"v0:", timestamp.as_bytes(), b":", body])
    );
    if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
        Ok(seconds)
    } else {
        Err(Refused::Signature { age })
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
    fn a_signature_made_elsewhere_is_accepted() {
        assert_eq!(
            signature(KEY, TIMESTAMP, SIGNATURE, BODY, NOW),
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
        let refused = Err(Refused::Signature { age: 0 });
        let with = |key: &[u8], timestamp, given: &str, body: &[u8]| {
            signature(key, timestamp, given, body, NOW)
        };
        assert_eq!(with(b"other", TIMESTAMP, SIGNATURE, BODY), refused);
        assert_eq!(with(KEY, TIMESTAMP, SIGNATURE, b"{}"), refused);
        assert_eq!(
            with(KEY, "1786024201", SIGNATURE, BODY),
            Err(Refused::Signature { age: -1 })
        );
        let upper = SIGNATURE.to_uppercase();
        assert_eq!(with(KEY, TIMESTAMP, &upper, BODY), refused);
        assert_eq!(with(KEY, TIMESTAMP, &SIGNATURE[3..], BODY), refused);
        assert_eq!(with(KEY, TIMESTAMP, "", BODY), Err(Refused::Unsigned));
    }

    #[test]
    fn f25_two_hours_pass_and_five_minutes_ahead_and_a_second_more_does_not() {
        let at = |seconds: i64| signature(KEY, TIMESTAMP, SIGNATURE, BODY, NOW + seconds * 1000);
        assert!(at(7200).is_ok() && at(-300).is_ok());
        assert_eq!(at(7201), Err(Refused::Window { age: 7201 }));
        assert_eq!(at(-301), Err(Refused::Window { age: -301 }));
    }

    #[test]
    fn f27_each_cause_has_a_line_of_its_own() {
        let causes = [
            Refused::Unsigned,
            Refused::Timestamp,
            Refused::Window { age: 1 },
            Refused::Signature { age: 2 },
        ];
        let mut lines: Vec<_> = causes.iter().map(|cause| cause.log_line()).collect();
        lines.sort_unstable();
        lines.dedup();
        assert_eq!(lines.len(), causes.len());
        assert_eq!(causes.map(Refused::age), [None, None, Some(1), Some(2)]);
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
