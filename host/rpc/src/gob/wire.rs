//! The encoding of numbers and byte strings (package `encoding/gob`, section "Encoding Details").
//!
//! An unsigned integer up to 127 is one byte. A larger one is the negated number of bytes, then the integer in
//! that many big-endian bytes. Signed integers are zigzag-encoded: the sign is the lowest bit. A float is its bit
//! pattern with the bytes reversed, so that small whole numbers are short.

use super::error::DecodeError;

/// Appends an unsigned integer.
pub(super) fn put_uint(out: &mut Vec<u8>, value: u64) {
    if value <= 0x7f {
        out.push(value.to_le_bytes()[0]);
        return;
    }
    let bytes = value.to_be_bytes();
    let zeros = (value.leading_zeros() / 8) as usize;
    let significant = bytes.get(zeros..).unwrap_or(&bytes);
    // The length is negated: 255 for one byte, 248 for eight.
    out.push(!(significant.len() as u8) + 1);
    out.extend_from_slice(significant);
}

/// Appends a signed integer.
pub(super) fn put_int(out: &mut Vec<u8>, value: i64) {
    put_uint(out, zigzag(value));
}

/// Appends a float.
pub(super) fn put_float(out: &mut Vec<u8>, value: f64) {
    put_uint(out, value.to_bits().swap_bytes());
}

/// Appends a length and that many bytes.
pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    let half = (value >> 1).cast_signed();
    if value & 1 == 1 { !half } else { half }
}

/// Reads the unsigned integer at the start of `bytes`: its value and its length. `None` if bytes are missing.
pub(super) fn peek_uint(bytes: &[u8]) -> Result<Option<(u64, usize)>, DecodeError> {
    let Some((&first, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    if first <= 0x7f {
        return Ok(Some((first.into(), 1)));
    }
    let count = usize::from(!first) + 1;
    if count > 8 {
        return Err(DecodeError::malformed(
            "an integer is longer than eight bytes",
        ));
    }
    let Some(digits) = rest.get(..count) else {
        return Ok(None);
    };
    let value = digits
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    Ok(Some((value, count + 1)))
}

/// A position in a complete message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(super) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or_else(|| DecodeError::malformed("a value is longer than its message"))?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn uint(&mut self) -> Result<u64, DecodeError> {
        let (value, count) = peek_uint(self.bytes)?
            .ok_or_else(|| DecodeError::malformed("a message ends in the middle of an integer"))?;
        self.take(count)?;
        Ok(value)
    }

    pub(super) fn int(&mut self) -> Result<i64, DecodeError> {
        Ok(unzigzag(self.uint()?))
    }

    pub(super) fn float(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_bits(self.uint()?.swap_bytes()))
    }

    /// A number of elements, each of which takes at least one byte.
    pub(super) fn count(&mut self) -> Result<usize, DecodeError> {
        let count = self.uint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.remaining() => Ok(count),
            _ => Err(DecodeError::malformed("a count is larger than its message")),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let count = self.count()?;
        self.take(count)
    }

    pub(super) fn string(&mut self) -> Result<String, DecodeError> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uint(value: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put_uint(&mut out, value);
        out
    }

    #[test]
    fn integers_and_floats_are_encoded_as_go_encodes_them() {
        assert_eq!(uint(0), [0]);
        assert_eq!(uint(127), [0x7f]);
        assert_eq!(uint(128), [0xff, 0x80]);
        assert_eq!(uint(256), [0xfe, 1, 0]);
        assert_eq!(
            uint(u64::MAX),
            [0xf8, 255, 255, 255, 255, 255, 255, 255, 255]
        );
        for (value, bytes) in [
            (1, vec![2]),
            (-1, vec![1]),
            (-65, vec![0xff, 0x81]),
            (64, vec![0xff, 0x80]),
        ] {
            let mut out = Vec::new();
            put_int(&mut out, value);
            assert_eq!(out, bytes);
            assert_eq!(Cursor::new(&out).int().unwrap(), value);
        }
        let mut out = Vec::new();
        put_float(&mut out, 17.0);
        assert_eq!(out, [0xfe, 0x31, 0x40]);
        assert!((Cursor::new(&out).float().unwrap() - 17.0).abs() < f64::EPSILON);
    }

    #[test]
    fn the_smallest_and_largest_integers_round_trip() {
        for value in [i64::MIN, i64::MAX, 0, -1] {
            let mut out = Vec::new();
            put_int(&mut out, value);
            assert_eq!(Cursor::new(&out).int().unwrap(), value);
        }
    }

    #[test]
    fn a_count_larger_than_the_message_is_an_error() {
        assert!(Cursor::new(&[0x05, 1, 2]).bytes().is_err());
        assert!(Cursor::new(&[0xf7, 1]).uint().is_err());
    }
}
