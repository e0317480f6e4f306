//! Digests as hexadecimal text, for keys and comparisons.

use sha2::{Digest, Sha256};

/// The first `length` bytes of the SHA-256 of the parts. Each part is preceded by its length, so `["a", "b"]` and `["ab"]`
/// have different digests.
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
    let digit = |value: u8| char::from_digit(value.into(), 16);
    let digits = bytes.into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_boundaries_between_parts_matter() {
        assert_eq!(digest(["a", "b"], 16), digest(["a", "b"], 16));
        assert_ne!(digest(["a", "b"], 16), digest(["ab"], 16));
        assert_eq!(digest(["a"], 6).len(), 12);
    }

    #[test]
    fn bytes_are_two_digits_each() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
