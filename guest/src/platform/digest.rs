//! Short names for things, in hexadecimal digits.

use sha2::{Digest, Sha256};
use std::fmt::Write as _;

/// The first `length` bytes of a SHA-256: the same for the same parts. Parts are kept apart by their lengths.
pub fn digest<'a>(parts: impl IntoIterator<Item = &'a str>, length: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(hash.finalize().iter().take(length))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex<'a>(bytes: impl IntoIterator<Item = &'a u8>) -> String {
    let mut text = String::new();
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_kept_apart() {
        assert_eq!(digest(["a", "b"], 16), digest(["a", "b"], 16));
        assert_ne!(digest(["a", "b"], 16), digest(["ab"], 16));
        assert_eq!(digest(["a"], 6).len(), 12);
    }

    #[test]
    fn bytes_are_two_digits_each() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
