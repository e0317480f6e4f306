//! Go's `time.Time`, which writes itself: a version, the seconds since the year 1, nanoseconds, and the minutes that its
//! zone is ahead of UTC, -1 for UTC itself.

use super::decode::Decode;
use super::encode::{Encode, Schema, Writer};
use super::error::{DecodeError, EncodeError};
use super::reader::Reader;

/// A moment, `time.Time`, in milliseconds since 1970; the default is Go's zero time, which stands for "never".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time(pub Option<i64>);

/// Seconds from the year 1 to 1970.
const EPOCH: i64 = 62_135_596_800;

impl Time {
    fn to_bytes(self) -> [u8; 15] {
        let (seconds, nanoseconds) = match self.0 {
            Some(time) => (
                time.div_euclid(1000).saturating_add(EPOCH),
                u32::try_from(time.rem_euclid(1000)).unwrap_or(0) * 1_000_000,
            ),
            None => (0, 0),
        };
        let mut bytes = [0xff; 15];
        let (version, rest) = bytes.split_at_mut(1);
        let (first, rest) = rest.split_at_mut(8);
        let (second, _) = rest.split_at_mut(4);
        version.copy_from_slice(&[1]);
        first.copy_from_slice(&seconds.to_be_bytes());
        second.copy_from_slice(&nanoseconds.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (version, rest) = bytes.split_first()?;
        // Version 2 adds the seconds that a historical zone is ahead.
        matches!(version, 1 | 2).then_some(())?;
        let (seconds, rest) = rest.split_first_chunk()?;
        let (nanoseconds, _) = rest.split_first_chunk()?;
        let seconds = i64::from_be_bytes(*seconds);
        let nanoseconds = u32::from_be_bytes(*nanoseconds);
        if seconds == 0 && nanoseconds == 0 {
            return Some(Self(None));
        }
        let milliseconds = seconds.checked_sub(EPOCH)?.checked_mul(1000)?;
        let more = i64::from(nanoseconds / 1_000_000);
        Some(Self(Some(milliseconds.checked_add(more)?)))
    }
}

impl Encode for Time {
    fn schema() -> Schema {
        Schema::GobEncoder
    }

    fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn encode(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.bytes(&self.to_bytes());
        Ok(())
    }
}

impl Decode for Time {
    fn decode(reader: &mut Reader<'_>, id: i64) -> Result<Self, DecodeError> {
        reader.expect(id, Schema::GobEncoder)?;
        let bytes = reader.cursor.bytes()?;
        Self::from_bytes(bytes).ok_or(DecodeError::Malformed("a time that is none"))
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn a_time_is_what_go_writes() {
        // time.UnixMilli(1766000000123).UTC().GobEncode()
        let bytes = Time(Some(1_766_000_000_123)).to_bytes();
        let go = [
            1, 0, 0, 0, 14, 224, 212, 252, 128, 7, 84, 212, 192, 255, 255,
        ];
        assert_eq!(bytes, go);
        assert_eq!(Time::from_bytes(&go), Some(Time(Some(1_766_000_000_123))));
    }

    #[test]
    fn the_zero_time_is_never() {
        assert_eq!(Time::from_bytes(&Time(None).to_bytes()), Some(Time(None)));
    }

    #[test]
    fn bytes_that_are_no_time_are_none() {
        for bytes in [&[][..], &[3; 15], &[1, 0, 0], &[1; 12]] {
            assert_eq!(Time::from_bytes(bytes), None, "{bytes:?}");
        }
        let far = [
            1, 127, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0, 255, 255,
        ];
        assert_eq!(Time::from_bytes(&far), None);
    }
}
